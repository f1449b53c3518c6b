"""Where series lie: in folders of DICOM files, and in ZIPs."""

from __future__ import annotations

import hashlib
import tempfile
from collections import defaultdict
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pydicom import Dataset

from models.chest_ct.cases.archive import unpack
from models.chest_ct.cases.case import Loaded
from models.chest_ct.cases.labels import FILE
from models.contract import SeriesInfo
from models.volume.series import SeriesError, StudyHeaders, load_volume, read_study


@dataclass(frozen=True, slots=True)
class Files:
    """A series as files, or as entries of a ZIP.

    Attributes
    ----------
    files
        DICOM files; empty where the series lies in an archive.
    archive, entries
        The ZIP, and which of its entries are the series.
    """

    series_uid: str
    files: tuple[Path, ...] = ()
    archive: Path | None = None
    entries: tuple[int, ...] = ()

    def digest(self) -> str:
        """Return the SHA-256 of the files, whatever they are called and wherever."""
        with _unpacked(self) as files:
            digests = sorted(_sha256(path) for path in files)
        return hashlib.sha256("".join(digests).encode()).hexdigest()

    def load(self) -> Loaded:
        """Read the series.

        Raises
        ------
        models.volume.series.SeriesError
            It cannot be read.
        """
        with _unpacked(self) as files:
            for series in read_study(files).series:
                if series.series_instance_uid == self.series_uid:
                    return Loaded(load_volume(series))
        raise SeriesError("file_missing", "the series is no longer there")


@dataclass(frozen=True, slots=True)
class Found:
    """A series that lies somewhere in the folder.

    Attributes
    ----------
    header
        Of its first instance, without pixels.
    """

    info: SeriesInfo
    header: Dataset = field(repr=False)
    source: Files

    @property
    def patient_id(self) -> str:
        """Patient ID as the images have it; "" where they do not."""
        return str(self.header.get("PatientID", ""))


@dataclass(frozen=True, slots=True)
class Place:
    """A folder with files in it, or a ZIP: what is read at once.

    Attributes
    ----------
    files
        Directly in the folder; empty for a ZIP.
    """

    path: Path
    files: tuple[Path, ...] = ()

    @property
    def is_archive(self) -> bool:
        """Whether it is a ZIP."""
        return not self.files


@dataclass(frozen=True, slots=True)
class Opened:
    """A place that is being read.

    Attributes
    ----------
    entries
        File → number of the entry of the ZIP that it was; empty for a folder.
    """

    study: StudyHeaders
    series: tuple[Found, ...]
    entries: dict[Path, int]


def places(folder: Path) -> list[Place]:
    """Return every ZIP below a folder, then every folder with files in it."""
    archives, folders = [], defaultdict(list)
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() == ".zip" and path.is_file():
            archives.append(Place(path))
        elif path.is_file() and path.name != FILE:
            folders[path.parent].append(path)
    return archives + [Place(path, tuple(files)) for path, files in folders.items()]


@contextmanager
def opened(place: Place) -> Generator[Opened]:
    """Read the headers of a place, whose files are there as long as the block lasts.

    Raises
    ------
    models.chest_ct.cases.archive.ArchiveError
        It is a ZIP that cannot be read.
    """
    if not place.is_archive:
        study = read_study(place.files)
        yield Opened(study, tuple(_series(study, place, {})), {})
        return
    with tempfile.TemporaryDirectory() as folder:
        unpacked = unpack(place.path, Path(folder))
        entries = {path: number for number, path in unpacked.items()}
        study = read_study(list(entries))
        yield Opened(study, tuple(_series(study, place, entries)), entries)


def _series(
    study: StudyHeaders, place: Place, entries: dict[Path, int]
) -> Iterator[Found]:
    for info in study.series:
        paths = tuple(each.path for each in info.instances)
        uid = info.series_instance_uid
        if place.is_archive:
            chosen = tuple(entries[path] for path in paths)
            source = Files(uid, archive=place.path, entries=chosen)
        else:
            source = Files(uid, files=paths)
        header = study.datasets.get(info.instances[0].sop_instance_uid, Dataset())
        yield Found(info, header, source)


@contextmanager
def _unpacked(source: Files) -> Generator[list[Path]]:
    """Give the files of a series, for as long as the block lasts."""
    if source.archive is None:
        yield list(source.files)
        return
    with tempfile.TemporaryDirectory() as folder:
        yield list(unpack(source.archive, Path(folder), source.entries).values())


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
