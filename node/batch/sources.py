"""Where studies lie: what a folder holds, whatever its folders and files are called.

A source tells what it holds; how a study got there is its own affair. To find the
studies of a folder only the beginning of each file is read. Whether a file is whole,
and whether a study can be read, is for the worker to say, as on the wire.

A ZIP is looked into as if it were a folder. A study is all its images, wherever they
lie: what is spread over several folders or ZIPs is one study, and has one row.

What a run wrote is no input. Images of others that lie among it are told of.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence, Set
from itertools import chain
from pathlib import Path
from typing import Protocol

from models.volume.headers import read_headers
from node.batch.entry import UNREADABLE
from node.batch.found import Found, NoStudy, StudyFiles
from node.batch.seen import Seen
from node.batch.zip_contents import HARMLESS, archives_in, look_into
from node.batch.zip_kinds import is_called_zip
from node.errors import ConfigError
from node.inbound.heads import identities
from node.jobs.ledger import LEDGER_FILE, LEDGER_FOLDER
from node.walk import walk

RESULTS_WITH_IMAGES = "results_with_images"
"""Reason code of a folder of results in which somebody's images lie, too."""


class Source(Protocol):
    """Something that holds studies."""

    def found(self, threads: int) -> Sequence[Found]:
        """Return the studies, and the inputs without any, in the order of paths."""


def source_of(
    path: Path, without: Path | None = None, *, every_input: bool = True
) -> Source:
    """Return the source at ``path``.

    Parameters
    ----------
    without
        A folder that is not looked into: that of the results may lie inside.
    every_input
        Whether to tell of each folder at the top that holds no study, and not only
        when there is no study at all.

    Raises
    ------
    ConfigError
        There is nothing of that name.
    """
    if not path.exists():
        raise ConfigError(f"{path}: no such file or folder; name where the studies lie")
    return Folder(path, without, every_input=every_input)


class Folder:
    """The files below a folder, or one file. Hidden names are left alone."""

    def __init__(
        self, root: Path, without: Path | None = None, *, every_input: bool = True
    ) -> None:
        self._root = root
        self._every_input = every_input
        self._without = without.resolve() if without else None

    def found(self, threads: int) -> Sequence[Found]:
        """Return the studies, and the inputs that hold none, with the reason."""
        results = set[Path]()
        tree = walk(self._root, lambda folder: self._is_ours(folder, results))
        seen = _seen(tree.files, threads)
        told: list[Found] = list(seen.studies())
        beside = {file for s in told if isinstance(s, StudyFiles) for file in s.beside}
        told += self._lost(seen, beside)
        told += [NoStudy(folder, UNREADABLE) for folder in tree.closed]
        told += self._without_study(seen)
        told += [
            NoStudy(folder, RESULTS_WITH_IMAGES)
            for folder in results
            if _holds_images(folder, threads)
        ]
        if not seen.by_study:
            told = told or [NoStudy(self._root, _why(tree.files))]
        elif self._every_input and not self._is_one_study(told):
            told += self._empty(told, seen, tree.files)
        return sorted(told, key=lambda each: each.path)

    def _is_ours(self, folder: Path, noted: set[Path] | None = None) -> bool:
        """Tell a folder that a run wrote, this one or another; note it."""
        is_ours = folder.resolve() == self._without or _has_ledger(folder)
        if is_ours and noted is not None:
            noted.add(folder)
        return is_ours

    def _lost(self, seen: Seen, beside: Set[Path]) -> Iterator[NoStudy]:
        """Yield the folders in which damaged images lie, and no sound one.

        Among the images of several studies each is told of by itself.
        """
        shared = {path.parent for paths in seen.by_study.values() for path in paths}
        reasons: dict[Path, list[str]] = defaultdict(list)
        for path, reason in seen.damaged().items():
            if path not in beside:
                is_alone = path.parent == self._root or path.parent in shared
                at = path if is_alone else path.parent
                reasons[at].append(reason)
        for at, told in reasons.items():
            yield NoStudy(at, Counter(told).most_common(1)[0][0])

    def _without_study(self, seen: Seen) -> Iterator[NoStudy]:
        """Yield each ZIP that holds no study; if none ever did, it may be no input."""
        for path, reason in seen.empty.items():
            if reason not in HARMLESS or self._every_input or not seen.by_study:
                yield NoStudy(path, reason)

    def _is_one_study(self, told: Sequence[Found]) -> bool:
        """Tell whether the folder is itself a study, and those inside its series."""
        studies = [each for each in told if isinstance(each, StudyFiles)]
        return len(studies) == 1 and studies[0].path == self._root

    def _empty(
        self, told: Sequence[Found], seen: Seen, files: Sequence[Path]
    ) -> Iterator[NoStudy]:
        """Yield each folder at the top that holds no image and is not told of.

        A loose file that never was an image is nobody's study.
        """
        for child in sorted(self._root.iterdir()) if self._root.is_dir() else ():
            if child.name.startswith(".") or not child.is_dir() or self._is_ours(child):
                continue
            is_told = any(each.path.is_relative_to(child) for each in told)
            if not is_told and not any(i.is_relative_to(child) for i in seen.images):
                inside = [file for file in files if file.is_relative_to(child)]
                yield NoStudy(child, _why(inside))


def _seen(files: Sequence[Path], threads: int) -> Seen:
    """Look into files; only those that are no DICOM are asked for another kind."""
    called = {file for file in files if is_called_zip(file)}
    plain = [file for file in files if file not in called]
    images = identities(plain, threads)
    archives = archives_in([file for file in plain if file not in images], threads)
    packed = sorted(called.union(archives))
    loose = sorted({*files}.difference(packed))
    return Seen.of(loose, images, look_into(packed, threads))


def _has_ledger(folder: Path) -> bool:
    """Tell the results of a run: a folder of that name alone may be anybody's."""
    try:
        return (folder / LEDGER_FOLDER / LEDGER_FILE).is_file()
    except OSError:  # it is not to be looked into, which ``walk`` notes
        return False


def _holds_images(results: Path, threads: int) -> bool:
    """Tell whether there is in a folder of results what no run has made."""
    files = walk(results).files
    zips = [file for file in files if is_called_zip(file)]
    images = identities(sorted({*files} - {*zips}), threads)
    packed = (each.images.values() for each in look_into(zips, threads))
    return any(not each.is_own for each in chain(images.values(), *packed))


def _why(files: Sequence[Path]) -> str:
    """Return the reason code that most of the files have; "" when there are none."""
    _, refused = read_headers(files, threads=1)
    reasons = Counter(reason for _, reason in refused)
    return reasons.most_common(1)[0][0] if reasons else ""
