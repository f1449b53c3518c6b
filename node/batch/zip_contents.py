"""Whose images lie in a ZIP: the beginning of each file tells, nothing is unpacked."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain, count
from pathlib import Path
from zipfile import ZipFile, ZipInfo

from models.volume.headers import DICOMDIR, HeaderError, read_header
from node.batch.entry import UNREADABLE
from node.batch.zip_kinds import (
    HEAD_BYTES,
    OTHER_KIND,
    begins_other_archive,
    begins_zip,
    head_of,
    is_called_zip,
)
from node.batch.zips import (
    CHUNK_BYTES,
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
        Whether other archives lie in it, which are told of by themselves.
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

    @property
    def is_document(self) -> bool:
        """Whether it is called no ZIP, and holds nothing that ever was an image."""
        reasons = set(self.strangers.values())
        is_plain = bool(reasons) and reasons <= HARMLESS | {"empty"}
        is_told = self.images or self.has_zips or self.reason
        return is_plain and not (is_told or is_called_zip(self.path))


def by_study(images: Mapping[Path, Identity]) -> dict[str, list[Path]]:
    """Group images by study, without what a node of this kind made: it is no input."""
    studies: dict[str, list[Path]] = defaultdict(list)
    for path, identity in images.items():
        if not identity.is_own:
            studies[identity.study_instance_uid].append(path)
    return studies


class _Copy:
    """What one ZIP holds of a study that others may hold, too."""

    def __init__(self, contents: Contents, paths: Sequence[Path]) -> None:
        self._contents = contents
        self._paths = paths
        self._images = {
            (contents.images[path].sop_instance_uid, contents.members[path].mark)
            for path in paths
        }

    @cached_property
    def is_whole(self) -> bool:
        """Whether each image is what the checksum says; each is read to its end."""
        members = [self._contents.members[path] for path in self._paths]
        try:
            with opened(members[0].archive) as zip_file:
                for member in members:
                    with reading(zip_file, member.entry) as stream:
                        while stream.read(CHUNK_BYTES):
                            pass
        except (ZipRefusedError, OSError):
            return False
        return True

    def is_in(self, other: _Copy) -> bool:
        """Whether another ZIP says to hold the same images, and perhaps more."""
        return self._images <= other._images

    def is_mended_by(self, other: _Copy) -> bool:
        """Whether this is a damaged copy of a whole one, that has all of its images.

        What lies beside it may be an image of it that only the other has.
        """
        lost = len(self._doubtful())
        has_all = self.is_in(other) and len(other._images) >= len(self._images) + lost
        return has_all and (lost > 0 or not self.is_whole) and other.is_whole

    def take_out(self) -> None:
        """Have the ZIP hold nothing of the study any more."""
        for path in self._paths:
            del self._contents.images[path]
        self._contents.reason = "" if self._contents.images else DUPLICATE

    def _doubtful(self) -> list[Path]:
        """Return the files beside it that may be damaged images."""
        folders = {path.parent for path in self._paths}
        strangers = self._contents.strangers.items()
        doubtful = (path for path, reason in strangers if reason not in HARMLESS)
        return [path for path in doubtful if path.parent in folders]


def without_copies(zips: Sequence[Contents]) -> Sequence[Contents]:
    """Take out each study that another ZIP holds whole.

    So a ZIP that was handed in twice is read once, and a copy that is damaged spoils
    no sound one; what two ZIPs hold in parts stays, and is put together, and so are
    copies of which none is whole. Of whole ones the one in a ZIP of its own counts:
    what is known of a study is known by its name. Checksums tell which are copies; but
    they are only what a ZIP says, so that one for which another is left out is read.
    """
    kept: dict[str, list[_Copy]] = defaultdict(list)
    for contents in sorted(zips, key=lambda each: each.is_inner):
        for uid, paths in by_study(contents.images).items():
            copy, before = _Copy(contents, paths), kept[uid]
            if any(copy.is_in(each) and each.is_whole for each in before):
                copy.take_out()
                continue
            for each in [each for each in before if each.is_mended_by(copy)]:
                each.take_out()
                before.remove(each)
            before.append(copy)
    return zips


def archives_in(files: Sequence[Path], threads: int) -> list[Path]:
    """Return the files that are archives by their beginning, of whatever kind.

    A ZIP is one whatever it is called.
    """
    with ThreadPoolExecutor(threads) as pool:
        heads = pool.map(head_of, files)
        told = [begins_zip(head) or begins_other_archive(head) for head in heads]
    return [file for file, is_archive in zip(files, told, strict=True) if is_archive]


def look_into(files: Sequence[Path], threads: int) -> list[Contents]:
    """Return what each archive holds; those inside others follow them.

    One whose name does not say so, and which holds nothing that ever was an image, is
    a document like any other: it is left out.
    """
    with ThreadPoolExecutor(threads) as pool:
        told = chain.from_iterable(pool.map(_of_file, files))
        return [contents for contents in told if not contents.is_document]


def _of_file(file: Path) -> list[Contents]:
    try:
        archive = Archive.at(file)
    except OSError:
        return [Contents(file, reason=UNREADABLE)]
    if not is_called_zip(file) and begins_other_archive(head_of(file)):
        return [Contents(file, reason=OTHER_KIND)]
    return _of(archive)


def _of(archive: Archive) -> list[Contents]:
    """Return what a ZIP holds, then what each archive inside it does."""
    contents, inner = Contents(archive.path), dict[Path, Contents | ZipInfo]()
    try:
        with opened(archive) as zip_file:
            for entry in entries(zip_file, archive):
                path = _place(contents, archive, entry)
                contents.members[path] = Member(archive, entry)
                if found := _look(contents, path, zip_file, entry):
                    inner[path] = found
    except ZipRefusedError as error:
        return [Contents(archive.path, reason=error.reason)]
    except OSError as error:
        reason = NO_SPACE if error.errno in FULL else UNREADABLE
        return [Contents(archive.path, reason=reason)]
    return [contents, *_inside(contents, archive, inner)]


def _inside(
    contents: Contents, archive: Archive, inner: Mapping[Path, Contents | ZipInfo]
) -> list[Contents]:
    """Return what the archives inside a ZIP hold; a document is a file of it."""
    told: list[Contents] = []
    for path, found in inner.items():
        if isinstance(found, Contents):
            told.append(found)
        elif archive.inner is not None:
            told.append(Contents(path, reason=NESTED))
        else:
            first, *others = _of(replace(archive, path=path, inner=found))
            if first.is_document:
                contents.strangers[path] = "not_dicom"
            else:
                told += [first, *others]
    contents.has_zips = bool(told)
    return told


def _worst(reasons: Iterable[str]) -> str:
    """Return the reason that most files have; what was an image once counts first."""
    counted = Counter(reasons)
    return max(counted, key=lambda r: (r not in HARMLESS, counted[r]), default="")


def _look(
    contents: Contents, path: Path, zip_file: ZipFile, entry: ZipInfo
) -> Contents | ZipInfo | None:
    """Note whose image a file is, or why it does not say; return it if it is a ZIP.

    An archive of another kind is told of at once, as by itself.
    """
    if reason := refusal(entry):
        contents.strangers[path] = reason
        return None
    if is_called_zip(path):
        return entry
    try:
        with reading(zip_file, entry) as stream:
            identity = identity_in(stream)
        if identity is not None:
            contents.images[path] = identity
            return None
        with reading(zip_file, entry) as stream:
            head = stream.read(HEAD_BYTES)
    except ZipRefusedError as error:
        contents.strangers[path] = error.reason
        return None
    if begins_zip(head):
        return entry
    if begins_other_archive(head):
        return Contents(path, reason=OTHER_KIND)
    contents.strangers[path] = _reason(path, head)
    return None


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
