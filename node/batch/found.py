"""What a source holds: studies with their files, and inputs in which there is none."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from models.volume.bundle import sha256_file
from models.volume.headers import content_digest
from node.batch.entry import NO_STUDY
from node.batch.zips import Member
from node.inbound.dataset import Identity
from node.inbound.spool import received
from node.jobs.ledger_studies import ReceivedInstance


@dataclass(frozen=True, slots=True)
class StudyFiles:
    """One study and its files.

    Attributes
    ----------
    path
        The file, the ZIP, or the deepest folder that holds all files.
    files
        Each with what its beginning says.
    beside
        Files in the same folders that do not say whose they are: one of them may be
        a damaged image of the study.
    packed
        Those of ``files`` and ``beside`` that lie in a ZIP, and where in it.
    """

    study_instance_uid: str
    path: Path
    files: tuple[tuple[Path, Identity], ...]
    beside: tuple[Path, ...] = ()
    packed: Mapping[Path, Member] = field(default_factory=dict)

    @property
    def series(self) -> tuple[str, ...]:
        """The Series Instance UIDs of its images, sorted."""
        return tuple(sorted({each.series_instance_uid for _, each in self.files}))

    @property
    def neighbours(self) -> str:
        """Return a hash over the files beside: when one comes, the study is another."""
        told = hashlib.sha256()
        for path in self.beside:
            told.update(self._mark(path).encode())
        return told.hexdigest() if self.beside else ""

    @property
    def seal(self) -> str:
        """Return a hash that stays while the ZIPs of the study are untouched.

        It is made of what is known without unpacking: size and time of each ZIP, and
        what it says of each file. While it stays nothing is read again; when it does
        not, the images are unpacked and compared byte for byte. "" for a study of
        which not everything lies in ZIPs.
        """
        if len(self.packed) < len(self.files) + len(self.beside):
            return ""
        marks = (
            f"{m.archive.size} {m.archive.modified_ns} {m.entry.header_offset} {m.mark}"
            for _, m in sorted(self.packed.items())
        )
        return hashlib.sha256("\n".join(marks).encode()).hexdigest()

    def instances(
        self, threads: int, unpacked: Mapping[Path, Path]
    ) -> list[ReceivedInstance]:
        """Return what the ledger is to know of the files; each is read to its end.

        Parameters
        ----------
        unpacked
            Where each of those that lie in a ZIP was put.

        Raises
        ------
        OSError
            A file is gone, or the disk does not give it.
        """
        places = [unpacked.get(path, path) for path, _ in self.files]
        with ThreadPoolExecutor(threads) as pool:
            digests = pool.map(content_digest, places)
            return [
                received(identity, digest.hex(), place.absolute(), "")
                for (_, identity), place, digest in zip(
                    self.files, places, digests, strict=True
                )
            ]

    def _mark(self, path: Path) -> str:
        if path in self.packed:
            return self.packed[path].mark
        return sha256_file(path) if path.is_file() else "gone"


@dataclass(frozen=True, slots=True)
class NoStudy:
    """An input in which there is no study, and why."""

    path: Path
    detail: str
    reason: str = NO_STUDY

    @property
    def study_instance_uid(self) -> str:
        """None is known."""
        return ""


Found = StudyFiles | NoStudy
