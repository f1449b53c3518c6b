"""Real nodules as shapes to paste: volumes of interest of LIDC-IDRI, by patient.

The files are those of ``nodules/lidc_vois`` of the shared data (CC BY 3.0): HU volumes
with masks. They are split by patient, so that no nodule of a patient serves both
training and test.
"""

from __future__ import annotations

import csv
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from models.chest_ct.simulator.space import Field
from models.volume.nifti import read_nifti

TEST_SHARE = 0.3
"""Patients whose nodules are kept for the test part."""

SOLID_RANGE_HU = (-750.0, 600.0)


@dataclass(frozen=True, slots=True)
class RealNodule:
    """A real nodule.

    Attributes
    ----------
    hu, mask
        ``(D, H, W)``, on one grid.
    spacing_mm
        ``(d, h, w)``.
    """

    hu: Field
    mask: npt.NDArray[np.bool_]
    spacing_mm: tuple[float, float, float]
    patient: str

    @property
    def own_diameter_mm(self) -> float:
        """Diameter of the sphere of the volume of the mask."""
        volume = np.count_nonzero(self.mask) * float(np.prod(self.spacing_mm))
        return float(2 * (0.75 * volume / np.pi) ** (1 / 3))

    def resampled(
        self, spacing_mm: float, diameter_mm: float, rng: np.random.Generator
    ) -> tuple[Field, Field]:
        """Return HU and share on cubic voxels, turned and mirrored at random.

        Parameters
        ----------
        diameter_mm
            That the nodule shall have; its neighbours in size are scaled to it.
        """
        grown = diameter_mm / self.own_diameter_mm
        zoom = [grown * own / spacing_mm for own in self.spacing_mm]
        padded = ((2, 2), (2, 2), (2, 2))
        mask = np.pad(self.mask.astype(np.float32), padded)
        hu = np.pad(np.clip(self.hu, *SOLID_RANGE_HU), padded, mode="edge")
        turn = float(rng.uniform(0, 360))
        fields = []
        for field in (hu, mask):
            cubic = ndimage.zoom(field, zoom, order=1, grid_mode=True, mode="nearest")
            turned = ndimage.rotate(
                cubic, turn, axes=(1, 2), reshape=False, order=1, mode="nearest"
            )
            fields.append(turned)
        mirror = tuple(slice(None, None, int(rng.choice([-1, 1]))) for _ in range(3))
        share = np.clip(1.6 * fields[1] - 0.3, 0, 1)
        return fields[0][mirror].astype(np.float32), share[mirror].astype(np.float32)


@dataclass(frozen=True, slots=True)
class NoduleShapes:
    """Where the real nodules of one part of the split lie, by diameter.

    Attributes
    ----------
    rows
        ``(diameter in mm, file name, patient)``, ascending.
    """

    folder: Path
    rows: tuple[tuple[float, str, str], ...]

    def nearest(self, diameter_mm: float, rng: np.random.Generator) -> RealNodule:
        """Read one of the ten nodules whose diameter is nearest.

        Where its image is missing, the nearest that has one stands in for it: studies
        in which it is not drawn stay what they are.

        Raises
        ------
        FileNotFoundError
            No nodule has an image.
        """
        away = [abs(diameter - diameter_mm) for diameter, _, _ in self.rows]
        order = np.argsort(away, kind="stable")
        drawn = int(rng.choice(order[:10]))
        images = self.folder / "image"
        names = (self.rows[index][1:] for index in (drawn, *order))
        there = ((name, of) for name, of in names if (images / name).is_file())
        name, patient = next(there, ("", ""))
        if not name:
            raise FileNotFoundError(f"{images}: no image of any nodule")
        hu, spacing = _read(images / name)
        mask, _ = _read(self.folder / "nodule_mask" / name)
        return RealNodule(hu, mask > 0, spacing, patient)


def _read(path: Path) -> tuple[Field, tuple[float, float, float]]:
    array, affine = read_nifti(path)
    depth, row, column = (float(np.linalg.norm(affine[:3, axis])) for axis in range(3))
    return array.astype(np.float32), (depth, row, column)


def is_test(patient: str) -> bool:
    """Say whether the nodules of a LIDC patient are kept for the test part."""
    return zlib.crc32(patient.encode()) % 1000 < 1000 * TEST_SHARE


def find_shapes(folder: Path, *, test: bool) -> NoduleShapes:
    """Return the nodules of one part of the split.

    Parameters
    ----------
    folder
        ``nodules/lidc_vois`` of the shared data.

    Raises
    ------
    FileNotFoundError
        The table ``nodules.csv`` is not there.
    """
    with (folder / "nodules.csv").open(encoding="utf-8", newline="") as table:
        rows = [
            (float(row["diameter_mm"]), row["file"], row["patient_id"])
            for row in csv.DictReader(table)
            if is_test(row["patient_id"]) == test
        ]
    return NoduleShapes(folder, tuple(sorted(_present(folder, rows))))


def _present(
    folder: Path, rows: Sequence[tuple[float, str, str]]
) -> list[tuple[float, str, str]]:
    return [row for row in rows if (folder / "nodule_mask" / row[1]).is_file()]
