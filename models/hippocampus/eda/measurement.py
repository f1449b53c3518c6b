"""What one image and its label map show: plain numbers, small enough to pickle."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

Voxel = tuple[int, int, int]

STRUCTURES = {1: "anterior", 2: "posterior"}
"""Code in a label map, and the structure's name."""

VOLUMES = (*STRUCTURES.values(), "whole")
"""What has a volume, in the order of tables."""

SUFFIX = ".nii.gz"

PARTS = ("images", "labels")

SOUND_AXES = "RAS"
"""Posture is measured in these; files in others are refused for that alone."""


@dataclass(frozen=True, slots=True)
class Pair:
    """An image and a label map of one name; either may be absent."""

    name: str
    image: Path | None
    labels: Path | None

    @property
    def files(self) -> dict[str, Path]:
        """The files that are there, by ``images`` and ``labels``."""
        both = zip(PARTS, (self.image, self.labels), strict=True)
        return {part: path for part, path in both if path}

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(path.stat().st_size for path in self.files.values())


def find_pairs(folder: Path) -> list[Pair]:
    """Return every name that has an image, a label map or both, sorted.

    Hidden files are left alone: archives made on a Mac carry ``._name`` beside each.

    Raises
    ------
    FileNotFoundError
        There is neither an image nor a label map.
    """
    images, labels = (
        {
            path.name.removesuffix(SUFFIX): path
            for path in (folder / part).glob(f"*{SUFFIX}")
            if not path.name.startswith(".")
        }
        for part in PARTS
    )
    if not images and not labels:
        raise FileNotFoundError(
            f"{folder.name}: no images/*{SUFFIX} and no labels/*{SUFFIX} in it"
        )
    names = sorted(images.keys() | labels.keys())
    return [Pair(name, images.get(name), labels.get(name)) for name in names]


def digest_of(files: Iterable[tuple[str, str]]) -> str:
    """Return one SHA-256 over all files: their ``part/name`` and own SHA-256."""
    total = hashlib.sha256()
    for place, sha256 in files:
        total.update(place.encode() + bytes.fromhex(sha256))
    return total.hexdigest()


def subject_of(name: str) -> int | None:
    """Return the number of the person: files ``2k - 1`` and ``2k`` are one."""
    found = re.search(r"_(\d+)$", name)
    return (int(found[1]) + 1) // 2 if found else None


@dataclass(frozen=True, slots=True)
class Grid:
    """Where the voxels of one file lie.

    Attributes
    ----------
    shape
        Voxels along x, y, z.
    affine
        Four rows; voxel ``(x, y, z)`` to RAS millimetres.
    axes
        Direction in which each axis grows, ``RAS`` for right, anterior, superior.
    """

    shape: tuple[int, ...]
    affine: tuple[tuple[float, ...], ...]
    spacing_mm: tuple[float, ...]
    axes: str


@dataclass(frozen=True, slots=True)
class Intensities:
    """What the values of an image are like.

    Attributes
    ----------
    dtype
        As stored.
    digest
        SHA-256 of the voxels and their shape.
    not_finite
        Number of voxels that are NaN or infinite.
    percentiles
        0, 1, 50, 99 and 100 of the finite voxels; in the image's own units.
    """

    dtype: str
    digest: str
    not_finite: int
    percentiles: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """What a label map shows.

    Attributes
    ----------
    values
        Different values other than zero, sorted; at most the first nine.
    volumes_mm3
        By structure, from the spacing.
    pieces
        By structure, voxels of each separate piece but the largest.
    place
        A voxel of the smallest separate piece.
    border
        A voxel at the border of the crop, if one is labelled.
    """

    digest: str
    values: tuple[float, ...]
    volumes_mm3: dict[str, float]
    pieces: dict[str, tuple[int, ...]] = field(default_factory=dict)
    place: Voxel | None = None
    border: Voxel | None = None

    @property
    def whole_mm3(self) -> float:
        """Volume of all structures."""
        return sum(self.volumes_mm3.values())


@dataclass(frozen=True, slots=True)
class Posture:
    """How the drawn hippocampus lies in its crop; tells flips that headers hide.

    Attributes
    ----------
    forward_mm
        How far the anterior part lies in front of the posterior one.
    rise
        Millimetres that it rises per millimetre to the front; it falls.
    bend_mm
        How far head and tail lie to the right of the middle; one sign per handedness.
    """

    forward_mm: float
    rise: float
    bend_mm: float


@dataclass(frozen=True, slots=True)
class Contrast:
    """The hippocampus against its image, in the image's standard deviations.

    Attributes
    ----------
    step
        Mean inside less mean of the two voxels around it.
    spread
        Standard deviation inside.
    """

    step: float
    spread: float


@dataclass(frozen=True, slots=True)
class Measured:
    """All that is known of one case before it is judged.

    Attributes
    ----------
    subject
        Number of the person, if the name has one.
    unreadable
        What could not be read, in words.
    files
        SHA-256 of each file, by ``images`` and ``labels``.
    """

    name: str
    subject: int | None
    has_image: bool
    has_labels: bool
    unreadable: tuple[str, ...] = ()
    files: dict[str, str] = field(default_factory=dict)
    image_grid: Grid | None = None
    labels_grid: Grid | None = None
    intensities: Intensities | None = None
    drawing: Drawing | None = None
    posture: Posture | None = None
    contrast: Contrast | None = None

    @property
    def volumes_mm3(self) -> dict[str, float]:
        """Volumes by structure, and ``whole``; empty where nothing was read."""
        if self.drawing is None:
            return {}
        return self.drawing.volumes_mm3 | {"whole": self.drawing.whole_mm3}
