"""Where studies lie: what a folder holds, whatever its folders and files are called.

A source tells what it holds; how a study got there is its own affair. To find the
studies of a folder only the beginning of each file is read. Whether a file is whole,
and whether a study can be read, is for the worker to say, as on the wire.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os.path import commonpath
from pathlib import Path
from typing import Protocol

from models.volume.bundle import sha256_file
from models.volume.headers import (
    DAMAGED,
    content_digest,
    read_headers,
)
from node.batch.entry import NO_STUDY
from node.errors import ConfigError
from node.inbound.dataset import Identity
from node.inbound.heads import identities
from node.inbound.spool import received
from node.jobs.ledger import LEDGER_FOLDER
from node.jobs.ledger_studies import ReceivedInstance
from node.walk import walk

UNREADABLE = "unreadable"
"""Reason code of what the disk or its rights do not give."""


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

    @property
    def neighbours(self) -> str:
        """Return a hash over the files beside: when one comes, the study is another."""
        told = hashlib.sha256()
        for path in self.beside:
            told.update(sha256_file(path).encode() if path.is_file() else b"gone")
        return told.hexdigest() if self.beside else ""

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
        tree = walk(self._root, self._is_ours)
        found = identities(tree.files, threads)
        studies = _by_study(found)
        strangers = [file for file in tree.files if file not in found]
        told: list[Found] = [_study(uid, studies[uid], strangers) for uid in studies]
        beside = {file for s in told if isinstance(s, StudyFiles) for file in s.beside}
        told += self._lost([file for file in strangers if file not in beside])
        told += [NoStudy(folder, UNREADABLE) for folder in tree.closed]
        if not studies:
            told = told or [NoStudy(self._root, _why(tree.files))]
        elif self._every_input and not self._is_one_study(studies):
            told += self._empty(told, found, tree.files)
        return sorted(told, key=lambda each: each.path)

    def _is_ours(self, folder: Path) -> bool:
        """Tell a folder that a run wrote, this one or another."""
        return folder.resolve() == self._without or (folder / LEDGER_FOLDER).is_dir()

    def _lost(self, strangers: Sequence[Path]) -> Iterator[NoStudy]:
        """Yield the folders in which damaged images lie, and no sound one."""
        _, refused = read_headers(strangers, threads=1)
        reasons: dict[Path, list[str]] = defaultdict(list)
        for path, reason in refused:
            if reason in DAMAGED or reason == UNREADABLE:
                at = path if path.parent == self._root else path.parent
                reasons[at].append(reason)
        for at, told in reasons.items():
            yield NoStudy(at, Counter(told).most_common(1)[0][0])

    def _is_one_study(
        self, studies: Mapping[str, Sequence[tuple[Path, Identity]]]
    ) -> bool:
        """Tell whether the folder is itself a study, and those inside its series."""
        (files, *others) = studies.values()
        return not others and _place([path for path, _ in files]) == self._root

    def _empty(
        self,
        told: Sequence[Found],
        identified: Mapping[Path, Identity],
        files: Sequence[Path],
    ) -> Iterator[NoStudy]:
        """Yield each folder at the top that holds no image and is not told of.

        A loose file that never was an image is nobody's study.
        """
        for child in sorted(self._root.iterdir()):
            if child.name.startswith(".") or not child.is_dir() or self._is_ours(child):
                continue
            inside = [file for file in files if file.is_relative_to(child)]
            is_told = any(each.path.is_relative_to(child) for each in told)
            if not is_told and not any(file in identified for file in inside):
                yield NoStudy(child, _why(inside))


def _by_study(
    identified: Mapping[Path, Identity],
) -> dict[str, list[tuple[Path, Identity]]]:
    """Group the images by study; what a node of this kind made is no input."""
    studies: dict[str, list[tuple[Path, Identity]]] = defaultdict(list)
    for path, identity in identified.items():
        if not identity.is_own:
            studies[identity.study_instance_uid].append((path, identity))
    return studies


def _study(
    uid: str, files: Sequence[tuple[Path, Identity]], strangers: Iterable[Path]
) -> StudyFiles:
    paths = [path for path, _ in files]
    folders = {path.parent for path in paths}
    beside = tuple(path for path in strangers if path.parent in folders)
    return StudyFiles(uid, _place(paths), tuple(files), beside)


def _place(paths: Sequence[Path]) -> Path:
    """Return the file, or the deepest folder that holds all files."""
    if len(paths) == 1:
        return paths[0]
    return Path(commonpath({path.parent for path in paths}))


def _why(files: Sequence[Path]) -> str:
    """Return the reason code that most of the files have; "" when there are none."""
    _, refused = read_headers(files, threads=1)
    reasons = Counter(reason for _, reason in refused)
    return reasons.most_common(1)[0][0] if reasons else ""
