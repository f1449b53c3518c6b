"""Read one image and its label map and measure them; runs in a worker process.

Nothing is judged here: a file that cannot be read is a fact like any other.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import zlib
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import nibabel
import numpy as np
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError
from nibabel.wrapstruct import WrapStructError

from models.hippocampus.eda import anatomy
from models.hippocampus.eda.anatomy import Array
from models.hippocampus.eda.measurement import (
    PARTS,
    SOUND_AXES,
    STRUCTURES,
    Contrast,
    Drawing,
    Grid,
    Intensities,
    Measured,
    Pair,
    Posture,
    subject_of,
)

LARGEST_BYTES = 2**30
"""Of one unpacked file; a crop has a few hundred kilobytes."""

LARGEST_CROP = 2**20
"""Voxels; in anything larger no pieces are looked for, it is no crop."""

PERCENTILES = (0, 1, 50, 99, 100)

FILE_OF = {"images": "image", "labels": "labels"}
"""Folder of a file, and what it is called."""

FOREIGN = (
    *(OSError, EOFError, ValueError, TypeError, OverflowError, MemoryError),
    *(zlib.error, ImageFileError, HeaderDataError, WrapStructError),
)
"""What gzip, nibabel and numpy raise about a damaged file."""


class Volume(NamedTuple):
    """Voxels ``(x, y, z)``, where they lie, and the SHA-256 of the file."""

    voxels: Array
    grid: Grid
    sha256: str


@dataclass(frozen=True, slots=True)
class Opened:
    """The two files of a pair, as far as they could be read.

    Attributes
    ----------
    unreadable
        Why not, in words, of each that could not.
    """

    pair: Pair
    image: Volume | None
    labels: Volume | None
    unreadable: tuple[str, ...]


class UnreadableError(Exception):
    """A file is no NIfTI volume, or a damaged one."""


def measure(pair: Pair) -> Measured:
    """Read both files of a pair, as far as they can be read, and measure them."""
    return describe(open_pair(pair))


def open_pair(pair: Pair) -> Opened:
    """Read both files of a pair, as far as they can be read."""
    found: dict[str, Volume] = {}
    unreadable = []
    for part, path in pair.files.items():
        try:
            found[part] = read(path)
        except UnreadableError as error:
            unreadable.append(f"{FILE_OF[part]}: {error}")
    return Opened(pair, found.get("images"), found.get("labels"), tuple(unreadable))


def describe(opened: Opened) -> Measured:
    """Measure what could be read of a pair."""
    pair, image, labels = opened.pair, opened.image, opened.labels
    posture, contrast = together(image, labels)
    return Measured(
        name=pair.name,
        subject=subject_of(pair.name),
        has_image=pair.image is not None,
        has_labels=pair.labels is not None,
        unreadable=opened.unreadable,
        files={
            part: volume.sha256
            for part, volume in zip(PARTS, (image, labels), strict=True)
            if volume
        },
        image_grid=image.grid if image else None,
        labels_grid=labels.grid if labels else None,
        intensities=intensities(image.voxels) if image else None,
        drawing=drawing(labels.voxels, labels.grid) if labels else None,
        posture=posture,
        contrast=contrast,
    )


def read(path: Path) -> Volume:
    """Read one ``.nii.gz``.

    Raises
    ------
    UnreadableError
        Says why, in words.
    """
    try:
        packed = path.read_bytes()
        with gzip.open(io.BytesIO(packed)) as stream:
            unpacked = stream.read(LARGEST_BYTES + 1)
        image: Any = nibabel.Nifti1Image.from_bytes(unpacked)
        array, grid = _voxels(image), grid_of(image)
    except FOREIGN as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UnreadableError(reason) from error
    return Volume(array, grid, hashlib.sha256(packed).hexdigest())


def _voxels(image: Any) -> Array:
    if prod(image.shape) > LARGEST_BYTES:
        raise ValueError(f"its header promises {prod(image.shape):,} voxels")
    array = np.asarray(image.dataobj)
    if array.dtype.kind not in "iuf":
        raise ValueError(f"its voxels are {array.dtype}, not numbers")
    return array


def grid_of(image: Any) -> Grid:
    """Return where the voxels of a nibabel image lie."""
    affine = np.asarray(image.affine, dtype=np.float64)
    axes = nibabel.aff2axcodes(affine)  # type: ignore[no-untyped-call]  # nibabel
    return Grid(
        shape=tuple(int(size) for size in image.shape),
        affine=tuple(tuple(float(value) for value in row) for row in affine),
        spacing_mm=tuple(
            float(mm) for mm in np.linalg.norm(affine[:3, :3], axis=0).round(4)
        ),
        axes="".join(code or "?" for code in axes),
    )


def digest(array: Array) -> str:
    """Return the SHA-256 of voxels and shape, whatever type they are stored in."""
    with np.errstate(over="ignore"):
        values = np.ascontiguousarray(array, dtype=np.float32)
    return hashlib.sha256(f"{array.shape}".encode() + values.tobytes()).hexdigest()


def intensities(image: Array) -> Intensities:
    """Describe the values of an image."""
    finite = image[np.isfinite(image)]
    found = np.percentile(finite, PERCENTILES) if finite.size else np.zeros(5)
    return Intensities(
        dtype=str(image.dtype),
        digest=digest(image),
        not_finite=int(image.size - finite.size),
        percentiles=tuple(float(value) for value in found),
    )


def drawing(labels: Array, grid: Grid) -> Drawing:
    """Describe a label map of any shape."""
    values = np.unique(labels[labels != 0])
    voxel_mm3 = abs(float(np.linalg.det(np.array(grid.affine)[:3, :3])))
    volumes = {
        name: float(np.count_nonzero(labels == code)) * voxel_mm3
        for code, name in STRUCTURES.items()
    }
    described = (digest(labels), tuple(float(value) for value in values[:9]), volumes)
    if labels.ndim != 3 or labels.size > LARGEST_CROP:
        return Drawing(*described)
    pieces = {
        name: anatomy.smaller_pieces(labels == code)
        for code, name in STRUCTURES.items()
    }
    smallest = min(
        (piece for found in pieces.values() for piece in found), default=None
    )
    return Drawing(
        *described,
        pieces={
            name: tuple(size for size, _ in found) for name, found in pieces.items()
        },
        place=smallest[1] if smallest else None,
        border=anatomy.border_voxel(labels),
    )


def together(
    image: Volume | None, labels: Volume | None
) -> tuple[Posture | None, Contrast | None]:
    """Measure what needs a label map with both parts, and its image."""
    if labels is None:
        return None, None
    drawn = labels.voxels
    if drawn.ndim != 3 or drawn.size > LARGEST_CROP:
        return None, None
    if not all((drawn == code).any() for code in STRUCTURES):
        return None, None
    posture = anatomy.posture(drawn) if labels.grid.axes == SOUND_AXES else None
    if image is None or image.voxels.shape != drawn.shape:
        return posture, None
    finite = np.isfinite(image.voxels).all()
    if not finite or image.voxels.min() == image.voxels.max():
        return posture, None
    return posture, anatomy.contrast(image.voxels, drawn)
