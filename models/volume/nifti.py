"""NIfTI files to arrays as a DICOM series gives them, and back; for training.

NIfTI affines map to RAS millimetres and its arrays count ``(x, y, z)``; ours are
``(D, H, W)`` with affines to LPS (models/volume/geometry.py). nibabel comes with the
``[train]`` extra and is imported when a file is read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.volume.geometry import Affine, reorientation, swap_lps_ras

SERIES_CODES = "SPL"
"""Axes of an axial series: slices head-, rows back-, columns leftwards."""

NIFTI_CODES = "RAS"


def read_nifti(path: Path) -> tuple[npt.NDArray[Any], Affine]:
    """Read a volume into the axes of an axial series.

    Returns
    -------
    array
        ``(D, H, W)`` with axes nearest to ``"SPL"``, in the stored type unless the
        file has a scale; only transposed and flipped, never resampled.
    affine
        ``(4, 4)``, voxel ``(d, h, w)`` to LPS millimetres.

    Raises
    ------
    ValueError
        The file does not hold one 3D volume.
    """
    import nibabel

    image: Any = nibabel.load(path)
    if len(image.shape) != 3:
        raise ValueError(f"a volume has three axes, this file {len(image.shape)}")
    affine = swap_lps_ras(np.asarray(image.affine, dtype=np.float64))
    change = reorientation(affine, SERIES_CODES)
    array = np.ascontiguousarray(change.apply(np.asanyarray(image.dataobj)))
    return array, change.apply_affine(affine, image.shape)


def write_nifti(path: Path, array: npt.NDArray[Any], affine: Affine) -> None:
    """Write ``(D, H, W)`` with its LPS affine as NIfTI ``(x, y, z)``, nearest RAS."""
    import nibabel

    change = reorientation(affine, NIFTI_CODES)
    depth, height, width = array.shape
    to_ras = swap_lps_ras(change.apply_affine(affine, (depth, height, width)))
    image = nibabel.Nifti1Image(  # type: ignore[no-untyped-call]  # nibabel has none
        change.apply(array), to_ras
    )
    nibabel.save(image, path)
