"""The working folder of a run: studies out of ZIPs, for as long as they are read."""

from __future__ import annotations

import errno
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from zipfile import ZipFile

from node.batch.found import StudyFiles
from node.batch.zips import CHUNK_BYTES, Member, ZipRefusedError, opened, reading
from node.jobs.worker import FULL

SPARE_BYTES = 64 << 20
"""Room that unpacking leaves on the disk of the results: for the results."""


class StoppedError(Exception):
    """Nobody waits any more for what is being unpacked."""


class Unpacking:
    """Unpacks one study after another, in a thread of its own.

    Each study has a folder under its UID, as in the results, so that no two runs give
    one path to two studies: the ledger tells files by their paths. Below it, names are
    numbers: no name in a ZIP leads anywhere, and none of a person is written. What an
    earlier run left there, killed, is removed.

    Parameters
    ----------
    folder
        Made when it is needed; nobody else writes there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._studies: set[str] = set()
        self._stopping = threading.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="unpack")
        shutil.rmtree(folder, ignore_errors=True)

    def unpack(
        self, study: StudyFiles, most: int, meanwhile: Callable[[], None]
    ) -> dict[Path, Path]:
        """Unpack a study; return where each packed file of it lies.

        A file that is not whole, or that cannot be read, becomes an empty one: the
        worker takes that for a damaged image, and the study is not read without it.

        Parameters
        ----------
        most
            So many studies may lie in the folder at one time.
        meanwhile
            Called over and over until there is room and the study is unpacked; a
            study that is not needed any more is removed by it. It takes its time.

        Raises
        ------
        OSError
            A ZIP is gone or another, or the disk cannot hold even this one study.
        """
        while True:
            while len(self._studies) >= most:
                meanwhile()
            others = len(self._studies)
            self._studies.add(study.study_instance_uid)
            folder = self._folder / study.study_instance_uid
            unpacked = self._thread.submit(self._unpack, study, folder)
            while not unpacked.done():
                meanwhile()
            try:
                return unpacked.result()
            except OSError as error:
                self.remove(study.study_instance_uid)
                if error.errno not in FULL or not others:
                    raise
                most = others  # there is room when another has ended

    def remove(self, study_instance_uid: str) -> None:
        """Remove a study, if it lies in the folder."""
        if study_instance_uid in self._studies:
            self._studies.remove(study_instance_uid)
            shutil.rmtree(self._folder / study_instance_uid, ignore_errors=True)

    def stop(self) -> None:
        """End at once, and remove the folder."""
        self._stopping.set()
        self._thread.shutdown(cancel_futures=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _unpack(self, study: StudyFiles, folder: Path) -> dict[Path, Path]:
        self._require_room(study)
        targets = _targets(study, folder)
        sound = {path for path, _ in study.files}
        for target in targets.values():
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            target.touch(mode=0o600)
        for archive, paths in groupby(targets, lambda p: study.packed[p].archive):
            try:
                with opened(archive) as zip_file:
                    for path in paths:
                        if path in sound:
                            self._copy(zip_file, study.packed[path], targets[path])
            except ZipRefusedError:  # the rest of it stays empty
                continue
        return targets

    def _require_room(self, study: StudyFiles) -> None:
        """Refuse at once what the disk cannot hold, before it is full."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        wanted = sum(member.entry.file_size for member in study.packed.values())
        if shutil.disk_usage(self._folder).free < wanted + SPARE_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _copy(self, zip_file: ZipFile, member: Member, target: Path) -> None:
        """Unpack one file; one that is not whole is left empty."""
        with target.open("wb") as copy:
            try:
                with reading(zip_file, member.entry) as stream:
                    while part := stream.read(CHUNK_BYTES):
                        if self._stopping.is_set():
                            raise StoppedError
                        copy.write(part)
            except ZipRefusedError:
                copy.truncate(0)


def _targets(study: StudyFiles, folder: Path) -> dict[Path, Path]:
    """Return where each packed file goes, ZIP by ZIP: its folders, as numbers.

    What lay in one folder does so again: a damaged file counts for its neighbours.
    """
    folders: dict[Path, int] = {}
    return {
        path: folder / str(folders.setdefault(path.parent, len(folders))) / f"{number}"
        for number, path in enumerate(_by_archive(study.packed))
    }


def _by_archive(packed: Mapping[Path, Member]) -> Iterator[Path]:
    """Yield the files of one ZIP after those of another, as they lie in it."""
    yield from sorted(
        packed,
        key=lambda path: (
            packed[path].archive.path,
            packed[path].entry.header_offset,
        ),
    )
