"""Where the names of a table lie: how a path is compared, and how deep a name is.

Series are called ``1`` and ``2`` as patients are. A name of a table is taken for what
lies nearest the root under it, and for nothing that is called so deeper inside.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath

from node.batch.legible import visible
from node.batch.zips import Archive, ZipRefusedError, entries, opened, parts_of
from node.jobs.ledger import LEDGER_FOLDER
from node.walk import walk

Parts = tuple[str, ...]


def normal(name: str) -> str:
    r"""Return a path as it is compared: any case, separator or ``.zip``.

    >>> normal("C:\\ward\\A.ZIP")
    'c:/ward/a'
    """
    plain = unicodedata.normalize("NFC", name.strip()).casefold()
    return plain.replace("\\", "/").removeprefix("./").rstrip("/").removesuffix(".zip")


def below(path: str, root: str) -> Parts:
    """Return the names of a path below a folder; none of the folder itself.

    >>> below("studies/ward/a.zip", "studies"), below("studies", "studies")
    (('ward', 'a.zip'), ())
    """
    place = PurePosixPath(path)
    inside = place.relative_to(root) if place.is_relative_to(root) else place
    return PurePosixPath(visible(str(inside))).parts


def depths(root: Path, base: Path, names: Collection[str]) -> dict[str, int]:
    """Return how deep each name first occurs, in folders and in ZIPs alike.

    Parameters
    ----------
    root
        Folder or file that is looked into.
    base
        Folder from which depths are counted; what lies in it has depth 1.
    names
        As ``normal`` returns them; one that occurs nowhere is left out.
    """
    wanted = frozenset(names)
    files = walk(root, _is_output).files if wanted else ()
    found: dict[str, int] = {}
    for file in files:
        _note(found, below(str(file), str(base)), wanted)
    # In a ZIP nothing has depth 1: where all names have, no ZIP is opened.
    if any(found.get(name) != 1 for name in wanted):
        for file in files:
            for inside in _in_zip(file) if _may_be_zip(file, root) else ():
                parts = below(str(file.joinpath(*inside)), str(base))
                _note(found, parts, wanted)
    return found


def _note(found: dict[str, int], parts: Parts, wanted: Collection[str]) -> None:
    for depth, part in enumerate(parts, start=1):
        if (name := normal(part)) in wanted:
            found[name] = min(depth, found.get(name, depth))


def _may_be_zip(file: Path, root: Path) -> bool:
    """Tell what is called so; what a person names alone may be called anything."""
    return file == root or file.suffix.lower() == ".zip"


def _in_zip(file: Path) -> Iterator[Parts]:
    """Yield what a ZIP names; nothing of one that cannot be read, whose row says so."""
    try:
        archive = Archive.at(file)
        with opened(archive) as zip_file:
            yield from map(parts_of, entries(zip_file, archive))
    except (OSError, ZipRefusedError):
        return


def _is_output(folder: Path) -> bool:
    """Tell a folder that a run wrote: it is no input."""
    return (folder / LEDGER_FOLDER).is_dir()
