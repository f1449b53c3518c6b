"""Where studies lie: what a folder holds, whatever its folders and files are called.

A source tells what it holds; how a study got there is its own affair. To find the
studies of a folder only the beginning of each file is read. Whether a file is whole,
and whether a study can be read, is for the worker to say, as on the wire.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os.path import commonpath
from pathlib import Path
from typing import Protocol

from models.volume.headers import IDENTIFIER, content_digest, read_headers
from node.batch.entry import NO_STUDY
from node.errors import NodeError, UnreadableError
from node.inbound.dataset import Identity, identify_head
from node.inbound.spool import received
from node.jobs.ledger_studies import ReceivedInstance

HEAD_BYTES = 1 << 16
"""So much of a file nearly always holds its UIDs; if not, all of it is read."""


@dataclass(frozen=True, slots=True)
class StudyFiles:
    """One study and its files.

    Attributes
    ----------
    path
        The file, or the deepest folder that holds all files.
    files
        Each with what its beginning says.
    beside
        Files in the same folders that do not say whose they are: one of them may be
        a damaged image of the study.
    """

    study_instance_uid: str
    path: Path
    files: tuple[tuple[Path, Identity], ...]
    beside: tuple[Path, ...] = ()

    def instances(self, threads: int) -> list[ReceivedInstance]:
        """Return what the ledger is to know of the files; each is read to its end.

        Raises
        ------
        OSError
            A file is gone, or the disk does not give it.
        """
        with ThreadPoolExecutor(threads) as pool:
            digests = pool.map(content_digest, [path for path, _ in self.files])
            return [
                received(identity, digest.hex(), path.absolute(), "")
                for (path, identity), digest in zip(self.files, digests, strict=True)
            ]


@dataclass(frozen=True, slots=True)
class NoStudy:
    """An input in which there is no study, and why."""

    path: Path
    detail: str
    reason: str = NO_STUDY


Found = StudyFiles | NoStudy


class Source(Protocol):
    """Something that holds studies."""

    def found(self, threads: int) -> Sequence[Found]:
        """Return the studies, and the inputs without any, in the order of their paths.

        Raises
        ------
        NodeError
            There is nothing to look into.
        """


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
    NodeError
        There is nothing of that name.
    """
    if not path.exists():
        raise NodeError(f"{path}: no such file or folder; name where the studies lie")
    return Folder(path, without, every_input=every_input)


class Folder:
    """The files below a folder, or one file. Links and hidden names are left alone."""

    def __init__(
        self, root: Path, without: Path | None = None, *, every_input: bool = True
    ) -> None:
        self._root = root
        self._every_input = every_input
        self._without = without.resolve() if without else None

    def found(self, threads: int) -> Sequence[Found]:
        """Return the studies, and each folder at the top that holds none.

        Raises
        ------
        NodeError
            A folder cannot be entered.
        """
        files = list(self._files(self._root))
        identities = _identities(files, threads)
        studies = _by_study(identities)
        strangers = sorted(set(files) - identities.keys())
        told: list[Found] = [_study(uid, studies[uid], strangers) for uid in studies]
        return sorted([*told, *self._empty(told, files)], key=lambda each: each.path)

    def _files(self, folder: Path) -> Iterator[Path]:
        """Yield the regular files, sorted; what is ours is not looked into."""
        if folder.is_file():
            yield folder
            return
        try:
            children = sorted(folder.iterdir())
        except OSError as error:
            raise NodeError(
                f"{folder}: {error.strerror}; make it readable or name another folder"
            ) from None
        for child in children:
            if child.name.startswith(".") or child.is_symlink():
                continue
            if child.is_file():
                yield child
            elif child.is_dir() and child.resolve() != self._without:
                yield from self._files(child)

    def _empty(self, told: Sequence[Found], files: Sequence[Path]) -> Iterator[NoStudy]:
        """Yield the inputs without a study.

        An input is what lies at the top: each folder there is one, unless a study
        spreads over several of them, so that they are its series. A loose file that
        is no image is nobody's study.
        """
        if not told:
            yield NoStudy(self._root, _why(files))
        elif self._every_input and all(study.path != self._root for study in told):
            for child in self._folders():
                if not any(study.path.is_relative_to(child) for study in told):
                    inside = [file for file in files if file.is_relative_to(child)]
                    yield NoStudy(child, _why(inside))

    def _folders(self) -> Iterator[Path]:
        for child in sorted(self._root.iterdir()):
            is_ours = child.name.startswith(".") or child.resolve() == self._without
            if child.is_dir() and not child.is_symlink() and not is_ours:
                yield child


def _identities(files: Sequence[Path], threads: int) -> dict[Path, Identity]:
    """Return whose image each file is; those that do not say are left out."""
    with ThreadPoolExecutor(threads) as pool:
        found = zip(files, pool.map(_identity, files), strict=True)
        return {path: identity for path, identity in found if identity is not None}


def _identity(path: Path) -> Identity | None:
    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
            try:
                identity = identify_head(head)
            except UnreadableError:
                if head[128:132] != b"DICM":
                    return None
                identity = identify_head(head + stream.read())
    except (OSError, UnreadableError):
        return None
    return identity if _is_placed(identity) else None


def _is_placed(identity: Identity) -> bool:
    """Tell whether these are UIDs, or nearly: real archives hold worse, never text."""
    uids = (
        identity.study_instance_uid,
        identity.series_instance_uid,
        identity.sop_instance_uid,
        identity.sop_class_uid,
    )
    return all(IDENTIFIER.fullmatch(uid) for uid in uids)


def _by_study(
    identities: dict[Path, Identity],
) -> dict[str, list[tuple[Path, Identity]]]:
    """Group the images by study; what a node of this kind made is no input."""
    studies: dict[str, list[tuple[Path, Identity]]] = defaultdict(list)
    for path, identity in identities.items():
        if not identity.is_own:
            studies[identity.study_instance_uid].append((path, identity))
    return studies


def _study(
    uid: str, files: Sequence[tuple[Path, Identity]], strangers: Iterable[Path]
) -> StudyFiles:
    paths = [path for path, _ in files]
    folders = {path.parent for path in paths}
    at = paths[0] if len(paths) == 1 else Path(commonpath(folders))
    beside = tuple(path for path in strangers if path.parent in folders)
    return StudyFiles(uid, at, tuple(files), beside)


def _why(files: Sequence[Path]) -> str:
    """Return the reason code that most of the files have; "" when there are none."""
    _, refused = read_headers(files, threads=1)
    reasons = Counter(reason for _, reason in refused)
    return reasons.most_common(1)[0][0] if reasons else ""
