"""Labelled series among folders of DICOM files and ZIPs.

A series trains a network only where a network may learn from it: at least 32 slices,
1 to 5 mm apart. What is read later may be less (`models.chest_ct.admission`).
"""

from __future__ import annotations

import hashlib
import tempfile
from collections import defaultdict
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from models.chest_ct.cases.archive import ArchiveError, unpack
from models.chest_ct.cases.case import Case, LeftOut, Loaded
from models.chest_ct.cases.labels import FILE, Label, read_labels
from models.contract import SeriesInfo
from models.volume.series import SeriesError, StudyHeaders, load_volume, read_study

FEWEST_SLICES = 32
SPACING_MM = (1.0, 5.0)
"""Between slices, of what is learned from."""

TOLERANCE_MM = 0.05
"""Positions are rounded, and 5 mm may be 5.001."""


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
        with _opened(self) as files:
            digests = sorted(_sha256(path) for path in files)
        return hashlib.sha256("".join(digests).encode()).hexdigest()

    def load(self) -> Loaded:
        """Read the series.

        Raises
        ------
        models.volume.series.SeriesError
            It cannot be read.
        """
        with _opened(self) as files:
            for series in read_study(files).series:
                if series.series_instance_uid == self.series_uid:
                    return Loaded(load_volume(series))
        raise SeriesError("file_missing", "the series is no longer there")


@dataclass(frozen=True, slots=True)
class _Found:
    """A series that lies somewhere in the folder."""

    info: SeriesInfo
    patient_id: str
    source: Files


def find_cases(folder: Path) -> tuple[list[Case], list[LeftOut]]:
    """Return the labelled studies of a folder, and those that are left out.

    Parameters
    ----------
    folder
        Holds ``labels.csv``, and below it series as files or in ZIPs.

    Raises
    ------
    FileNotFoundError
        There is no table, or nothing that it names.
    models.chest_ct.cases.labels.LabelError
        The table cannot be used.
    """
    table = folder / FILE
    if not table.is_file():
        raise FileNotFoundError(f"no {FILE} in {folder.name}")
    found: dict[str, list[_Found]] = defaultdict(list)
    for each in _all_series(folder):
        found[each.info.study_instance_uid].append(each)
    made = [_case(label, found[label.study_uid]) for label in read_labels(table)]
    cases = [each for each in made if isinstance(each, Case)]
    left_out = [each for each in made if isinstance(each, LeftOut)]
    if not cases:
        why = f": {left_out[0].reason}" if left_out else ""
        raise FileNotFoundError(f"no study of {FILE} can be learned from{why}")
    return cases, left_out


def _case(label: Label, series: Sequence[_Found]) -> Case | LeftOut:
    wanted = [
        each
        for each in series
        if label.series_uid in ("", each.info.series_instance_uid)
    ]
    if not wanted:
        return LeftOut(label.study_uid, "series_missing")
    suited = [each for each in wanted if unsuited(each.info) is None]
    if not suited:
        return LeftOut(label.study_uid, unsuited(wanted[0].info) or "")
    if len(suited) > 1:
        return LeftOut(label.study_uid, "several_series", "series_uid must name one")
    (chosen,) = suited
    person = label.patient_id or chosen.patient_id or label.study_uid
    return Case(label.study_uid, _pseudonym(person), label.is_positive, chosen.source)


def unsuited(series: SeriesInfo) -> str | None:
    """Return the reason code for which nothing is learned from a series, or None."""
    if series.modality != "CT":
        return "not_ct"
    if series.geometry_problem or series.spacing_mm is None:
        return series.geometry_problem or "missing_spacing"
    if len(series.instances) < FEWEST_SLICES:
        return "few_slices"
    low, high = SPACING_MM
    if not low - TOLERANCE_MM <= series.spacing_mm[0] <= high + TOLERANCE_MM:
        return "slice_spacing"
    return None


def _all_series(folder: Path) -> Iterator[_Found]:
    """Yield every series below a folder: of each folder of files, and of each ZIP."""
    folders: dict[Path, list[Path]] = defaultdict(list)
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() == ".zip":
            yield from _series_of_archive(path)
        elif path.is_file() and path.name != FILE:
            folders[path.parent].append(path)
    for files in folders.values():
        study = read_study(files)
        for info in study.series:
            paths = tuple(each.path for each in info.instances)
            source = Files(info.series_instance_uid, files=paths)
            yield _Found(info, _patient_id(study, info), source)


def _series_of_archive(archive: Path) -> Iterator[_Found]:
    with tempfile.TemporaryDirectory() as folder:
        try:
            entries = unpack(archive, Path(folder))
        except ArchiveError:
            return  # a label that names a study in it is left out as missing
        numbers = {path: number for number, path in entries.items()}
        study = read_study(list(numbers))
        for info in study.series:
            chosen = tuple(numbers[each.path] for each in info.instances)
            source = Files(info.series_instance_uid, archive=archive, entries=chosen)
            yield _Found(info, _patient_id(study, info), source)


def _patient_id(study: StudyHeaders, series: SeriesInfo) -> str:
    first = study.datasets.get(series.instances[0].sop_instance_uid)
    return str(first.get("PatientID", "")) if first is not None else ""


def _pseudonym(person: str) -> str:
    """Return a name for a person that no log may resolve by reading it."""
    return hashlib.sha256(person.encode()).hexdigest()[:16]


@contextmanager
def _opened(source: Files) -> Generator[list[Path]]:
    """Give the files of a series, for as long as the block lasts."""
    if source.archive is None:
        yield list(source.files)
        return
    with tempfile.TemporaryDirectory() as folder:
        yield list(unpack(source.archive, Path(folder), source.entries).values())


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
