"""Faults to plant in a folder of simulated studies: a function per kind.

Each adds files and lines to a `Folder` and returns what must be said of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from scipy import ndimage

from models.chest_ct.eda.entries import FIRST_LINE
from models.chest_ct.simulator.dicom import write_dicom
from models.chest_ct.simulator.kinds import SimulatedStudy
from tests.dicom_series import write_series
from tests.models.chest_ct.eda.conftest import write_labels

Said = tuple[str, str]
"""Kind of a remark, and of what it is said."""


@dataclass
class Folder:
    """Data that are being made: images on disk, lines in memory."""

    path: Path
    studies: Sequence[SimulatedStudy]
    lines: list[str] = field(default_factory=list)

    def label(self, study: str, pathology: int, series: str = "") -> str:
        """Write a line, and return its name."""
        self.lines.append(f"{study},{series},{pathology}")
        return f"line {FIRST_LINE + len(self.lines) - 1}"

    def chest(self, study: SimulatedStudy, uid: str, patient: str = "") -> None:
        """Write a simulated study under another UID, and of another person."""
        series = replace(
            study.volume.series, study_instance_uid=uid, series_instance_uid=f"{uid}.1"
        )
        volume = replace(study.volume, series=series)
        patient = patient or study.patient
        other = replace(study, volume=volume, patient=patient)
        write_dicom(other, self.path / uid)

    def phantom(
        self, study: str, slices: int = 5, spacing: float = 2.5, modality: str = "CT"
    ) -> list[Path]:
        """Write a series that is a grid, and no chest."""
        array = np.random.default_rng(1).integers(0, 500, (slices, 8, 8))
        return write_series(
            self.path / study,
            array.astype(np.int16),
            spacing_mm=(spacing, 1.0, 1.0),
            modality=modality,
            study_uid=study,
            series_uid=f"{study}.1",
        )

    def finish(self) -> None:
        """Write the table."""
        write_labels(self.path, *self.lines)


def broken_archive(folder: Folder) -> list[Said]:
    """Leave a ZIP that is none."""
    (folder.path / "half.zip").write_bytes(b"PK\3\4 and no end")
    return [("broken_archive", "half.zip")]


def broken_file(folder: Folder) -> list[Said]:
    """Leave two files in which nothing stands."""
    (folder.path / "empty").mkdir()
    for name in ("1.dcm", "2.dcm"):
        (folder.path / "empty" / name).write_bytes(b"")
    return [("broken_file", "empty/1.dcm")]


def unlabelled(folder: Folder) -> list[Said]:
    """Leave a study out of the table."""
    folder.phantom("1.2.1")
    return [("unlabelled", "1.2.1")]


def no_images(folder: Folder) -> list[Said]:
    """Name a study that is not there, and a series that is not in its study."""
    folder.phantom("1.2.2")
    return [
        ("no_images", folder.label("1.2.99", 0)),
        ("no_images", folder.label("1.2.2", 0, "1.2.2.7")),
    ]


def few_slices(folder: Folder) -> list[Said]:
    """Leave a series of five slices."""
    folder.phantom("1.2.3")
    return [("few_slices", folder.label("1.2.3", 0))]


def slice_spacing(folder: Folder) -> list[Said]:
    """Leave a series of slices 0.6 mm apart."""
    folder.phantom("1.2.4", 32, spacing=0.6)
    return [("slice_spacing", folder.label("1.2.4", 0))]


def geometry(folder: Folder) -> list[Said]:
    """Take a slice away from the middle of a series."""
    folder.phantom("1.2.5")[2].unlink()
    return [("geometry", folder.label("1.2.5", 0))]


def not_ct(folder: Folder) -> list[Said]:
    """Label an MR."""
    folder.phantom("1.2.6", modality="MR")
    return [("not_ct", folder.label("1.2.6", 0))]


def pixels(folder: Folder) -> list[Said]:
    """Cut the pixels of a slice off."""
    path = folder.phantom("1.2.7", 32)[3]
    path.write_bytes(path.read_bytes()[:-60])
    return [("pixels", folder.label("1.2.7", 0))]


def not_chest(folder: Folder) -> list[Said]:
    """Label a CT of nothing."""
    folder.phantom("1.2.8", 32)
    return [("not_chest", folder.label("1.2.8", 0))]


def labelled_twice(folder: Folder) -> list[Said]:
    """Write a line again; the study itself is not there."""
    missing = [("no_images", folder.label("1.2.9", 1)) for _ in range(2)]
    return [*missing, ("labelled_twice", missing[1][1])]


def duplicate(folder: Folder) -> list[Said]:
    """Leave the pixels of the first line under other UIDs, of another person."""
    study = folder.studies[0]
    folder.chest(study, "1.2.13", patient="somebody else")
    line = folder.label("1.2.13", int(study.is_positive))
    return [("duplicate", line), ("two_ids", line)]


def duplicate_contradicts(folder: Folder) -> list[Said]:
    """Leave the pixels of the second line with the other label."""
    study = folder.studies[1]
    folder.chest(study, "1.2.14")
    line = folder.label("1.2.14", int(not study.is_positive))
    return [("duplicate_contradicts", "line 3"), ("duplicate_contradicts", line)]


def same_scan(folder: Folder) -> list[Said]:
    """Leave the third line's scan as a softer kernel shows it, under another ID."""
    study = folder.studies[2]
    soft = ndimage.gaussian_filter(study.volume.array.astype(float), (0, 0.4, 0.4))
    volume = replace(study.volume, array=soft.round().astype(np.float32))
    folder.chest(replace(study, volume=volume), "1.2.15", patient="one more")
    line = folder.label("1.2.15", int(study.is_positive))
    return [("same_scan", line), ("two_ids", line)]


PLANTS: Sequence[Callable[[Folder], list[Said]]] = (
    *(broken_archive, broken_file, unlabelled, no_images),
    *(few_slices, slice_spacing, geometry, not_ct, pixels, not_chest),
    *(labelled_twice, duplicate, duplicate_contradicts, same_scan),
)
