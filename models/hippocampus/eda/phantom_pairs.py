"""Synthetic training pairs on disk, for tests and for the notebook on a bare machine.

They never enter training. Neighbours by volume are made the two files of a subject,
because two sides of one person are alike, and the drawing of phantoms knows no person.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel
import numpy as np

from models.hippocampus.eda.anatomy import Array
from models.hippocampus.eda.measurement import PARTS, SUFFIX
from models.hippocampus.phantom_image import phantom


def write_pairs(folder: Path, subjects: int, seed: int = 0) -> list[str]:
    """Write two sound pairs for each subject and return their names.

    Parameters
    ----------
    folder
        Is made when absent; gets ``images/`` and ``labels/``.
    seed
        Of the first phantom; equal seeds give equal voxels.
    """
    drawn = [phantom(seed + number) for number in range(2 * subjects)]
    drawn.sort(key=lambda each: int(np.count_nonzero(each[1])))
    names = []
    for number, (image, truth) in enumerate(drawn, start=1):
        names.append(f"hippocampus_{number:03d}")
        write_pair(
            folder, names[-1], image.transpose(2, 1, 0), truth.transpose(2, 1, 0)
        )
    return names


def write_pair(
    folder: Path, name: str, image: Array, labels: Array, affine: Array | None = None
) -> None:
    """Write arrays ``(x, y, z)``, in RAS at 1 mm unless an affine says otherwise."""
    for part, array in zip(PARTS, (image, labels), strict=True):
        write_part(folder / part / f"{name}{SUFFIX}", array, affine)


def write_part(path: Path, array: Array, affine: Array | None = None) -> None:
    """Write one NIfTI file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    where = np.eye(4) if affine is None else affine
    image_class: Any = nibabel.Nifti1Image  # its constructor has no annotations
    nibabel.save(image_class(array, where), path)
