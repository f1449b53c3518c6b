"""Whose images lie in a ZIP: the beginning of each file tells, nothing is unpacked."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import chain, count
from pathlib import Path
from zipfile import ZipFile, ZipInfo

from models.volume.headers import DICOMDIR, HeaderError, read_header
from models.volume.part10 import HEAD_BYTES
from node.batch.entry import UNREADABLE
from node.batch.zips import (
    BEGINNINGS,
    Archive,
    Member,
    ZipRefusedError,
    entries,
    opened,
    parts_of,
    reading,
    refusal,
)
from node.inbound.dataset import Identity
from node.inbound.heads import identity_in
from node.jobs.job import NO_SPACE
from node.jobs.worker import FULL

HARMLESS = frozenset({"not_dicom", "dicomdir"})
"""Reasons of files that never were an image."""

OWN_OUTPUT = "own_output"
"""Reason code of a ZIP that holds only what a node of this kind made."""

DUPLICATE = "zip_duplicate"
"""Reason code of a ZIP of which every study lies in one before it."""

NESTED = "zip_nested"
"""Reason code of a ZIP that is too deep inside others to be opened."""


@dataclass(slots=True)
class Contents:
    """What one ZIP holds, each file as if the ZIP were a folder.

    Attributes
    ----------
    path
        Of the ZIP.
    images
        The files that say whose they are.
    strangers
        The others, each with the reason code that says why.
    members
        Where each of both is to be found.
    reason
        Why the ZIP cannot be looked into, as a reason code; "" when it can.
    has_zips
        Whether other ZIPs lie in it, which are told of by themselves.
    """

    path: Path
    images: dict[Path, Identity] = field(default_factory=dict)
    strangers: dict[Path, str] = field(default_factory=dict)
    members: dict[Path, Member] = field(default_factory=dict)
    reason: str = ""
    has_zips: bool = False

    @property
    def is_inner(self) -> bool:
        """Whether the ZIP lies in another one."""
        return any(each.archive.inner is not None for each in self.members.values())

    @property
    def without_study(self) -> str:
        """Why there is no study in the ZIP, as a reason code; "" when there may be."""
        if self.reason or any(not each.is_own for each in self.images.values()):
            return self.reason
        if self.images:
            return OWN_OUTPUT
        if self.has_zips:
            return ""
        return _worst(self.strangers.values()) or "zip_empty"


def by_study(images: Mapping[Path, Identity]) -> dict[str, list[Path]]:
    """Group images by study, without what a node of this kind made: it is no input."""
    studies: dict[str, list[Path]] = defaultdict(list)
    for path, identity in images.items():
        if not identity.is_own:
            studies[identity.study_instance_uid].append(path)
    return studies


def without_copies(zips: Sequence[Contents]) -> Sequence[Contents]:
    """Take out each study that a ZIP before holds whole, as the checksums say.

    So a ZIP that was handed in twice is read once, and a copy that is damaged spoils
    no sound one; what two ZIPs hold in parts stays, and is put together. Of copies the
    one in a ZIP of its own counts: what is known of a study is known by its name.
    """
    known: dict[str, list[set[tuple[str, str]]]] = defaultdict(list)
    for contents in sorted(zips, key=lambda each: each.is_inner):
        for uid, paths in by_study(contents.images).items():
            held = {
                (contents.images[path].sop_instance_uid, contents.members[path].mark)
                for path in paths
            }
            if any(held <= before for before in known[uid]):
                for path in paths:
                    del contents.images[path]
                contents.reason = "" if contents.images else DUPLICATE
            known[uid].append(held)
    return zips


def is_zip(file: Path, root: Path) -> bool:
    """Tell whether a file is to be looked into as a ZIP.

    That is what is called so; what a person names alone may be called anything.
    """
    if file.suffix.lower() == ".zip" or file != root:
        return file.suffix.lower() == ".zip"
    try:
        with file.open("rb") as stream:
            return stream.read(8).startswith(BEGINNINGS)
    except OSError:
        return False


def look_into(files: Sequence[Path], threads: int) -> list[Contents]:
    """Return what each ZIP holds; those inside others follow them."""
    with ThreadPoolExecutor(threads) as pool:
        return list(chain.from_iterable(pool.map(_of_file, files)))


def _of_file(file: Path) -> list[Contents]:
    try:
        archive = Archive.at(file)
    except OSError:
        return [Contents(file, reason=UNREADABLE)]
    return list(_of(archive))


def _of(archive: Archive) -> Iterator[Contents]:
    """Yield what a ZIP holds, then what each ZIP inside it does."""
    contents, inner = Contents(archive.path), []
    try:
        with opened(archive) as zip_file:
            for entry in entries(zip_file, archive):
                path = _place(contents, archive, entry)
                contents.members[path] = Member(archive, entry)
                if path.suffix.lower() == ".zip" and not refusal(entry):
                    inner.append((path, entry))
                    contents.has_zips = True
                else:
                    _look(contents, path, zip_file, entry)
    except ZipRefusedError as error:
        yield Contents(archive.path, reason=error.reason)
        return
    except OSError as error:
        reason = NO_SPACE if error.errno in FULL else UNREADABLE
        yield Contents(archive.path, reason=reason)
        return
    yield contents
    for path, entry in inner:
        if archive.inner is not None:
            yield Contents(path, reason=NESTED)
        else:
            yield from _of(replace(archive, path=path, inner=entry))


def _worst(reasons: Iterable[str]) -> str:
    """Return the reason that most files have; what was an image once counts first."""
    counted = Counter(reasons)
    return max(counted, key=lambda r: (r not in HARMLESS, counted[r]), default="")


def _look(contents: Contents, path: Path, zip_file: ZipFile, entry: ZipInfo) -> None:
    """Note whose image a file is, or why it does not say."""
    if reason := refusal(entry):
        contents.strangers[path] = reason
        return
    try:
        with reading(zip_file, entry) as stream:
            identity = identity_in(stream)
        if identity is not None:
            contents.images[path] = identity
            return
        with reading(zip_file, entry) as stream:
            contents.strangers[path] = _reason(path, stream.read(HEAD_BYTES))
    except ZipRefusedError as error:
        contents.strangers[path] = error.reason


def _reason(path: Path, head: bytes) -> str:
    """Return why a file does not say whose it is, as a file on the disk would be told.

    Only its head is looked at: no folder holds what lies in a ZIP.
    """
    if DICOMDIR.encode() in head:
        return "dicomdir"
    try:
        read_header(path, head)
    except HeaderError as error:
        return "damaged" if error.reason == UNREADABLE else error.reason
    return "damaged"  # it has UIDs, but such as must not become a path


def _place(contents: Contents, archive: Archive, entry: ZipInfo) -> Path:
    """Return a path that no other file of the ZIP has: a name may occur twice."""
    path = archive.path.joinpath(*parts_of(entry))
    if path not in contents.members:
        return path
    numbers = count(entry.header_offset)
    named = (path.with_name(f"{path.name} ({number})") for number in numbers)
    return next(each for each in named if each not in contents.members)
