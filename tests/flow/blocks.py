"""A labelled phantom of three blocks, where it lies, and where a report says it lies.

The truth is voxel indices and an affine; what a Segmentation says is computed from
the Segmentation alone: frame positions, orientation, pixel spacing (PS3.3 C.7.6.16).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations, product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import Dataset, dcmread

Points = npt.NDArray[np.float64]
"""``(N, 3)`` LPS millimetres."""

SHAPE = (6, 8, 10)
"""A side of 8 makes a BINARY Segmentation where it runs along the row."""

BLOCKS = {
    1: np.s_[1:2, 1:5, 6:9],
    2: np.s_[3:5, 1:3, 1:6],
    3: np.s_[2:3, 5:7, 7:9],
}
"""Label → its voxels. No flip or exchange of axes leaves any of them in place."""

NAMES = {1: "Small block", 2: "Large block", 3: "Flat block"}
LEVELS = (100, 200, 300)
"""A value of at least ``LEVELS[n - 1]`` and below the next is label ``n``."""

ORIENTATIONS = [
    (order, flips)
    for order in permutations(range(3))
    for flips in product((1, -1), repeat=3)
]
"""All 48: array axis ``k`` is old axis ``order[k]``, reversed if ``flips[k]`` < 0."""


@dataclass(frozen=True)
class Phantom:
    """The blocks in some axis order, with the affine that puts them where they are.

    ``array`` is ``(D, H, W)`` int16 in file order, ``affine`` maps its indices to LPS
    millimetres; slices may run either way along the normal.
    """

    array: npt.NDArray[np.int16]
    affine: npt.NDArray[np.float64]

    def stored(self, order: tuple[int, ...], flips: tuple[int, ...]) -> Phantom:
        """Return the same voxels at the same millimetres, stored in another way."""
        turned = self.array.transpose(order)
        affine = self.affine[:, [*order, 3]]
        for axis, flip in enumerate(flips):
            if flip < 0:
                affine[:3, 3] += affine[:3, axis] * (turned.shape[axis] - 1)
                affine[:3, axis] *= -1
        return Phantom(turned[tuple(slice(None, None, f) for f in flips)], affine)

    def points(self, label: int) -> Points:
        """Return where the voxels of a label lie."""
        indices = np.argwhere(np.digitize(self.array, LEVELS) == label)
        return indices @ self.affine[:3, :3].T + self.affine[:3, 3]

    def voxels(self, points: Points) -> Points:
        """Return points as indices of the array, with fractions."""
        offsets = (points - self.affine[:3, 3]).T
        return np.linalg.solve(self.affine[:3, :3], offsets).T.astype(np.float64)

    @property
    def voxel_mm3(self) -> float:
        """Volume of a voxel: of the parallelepiped that the affine spans."""
        return float(abs(np.linalg.det(self.affine[:3, :3])))


def blocks(
    spacing_mm: tuple[float, float, float] = (1.0, 1.0, 1.0),
    turn: npt.ArrayLike | None = None,
    origin_mm: tuple[float, float, float] = (-20.5, 31.25, 7.75),
) -> Phantom:
    """Return the blocks in an axial volume from foot to head, turned in space."""
    noise = np.random.default_rng(4).integers(0, 60, SHAPE)
    array = noise.astype(np.int16)
    for label, place in BLOCKS.items():
        array[place] += LEVELS[label - 1]
    affine = np.eye(4)
    axial = np.eye(3)[:, ::-1] * spacing_mm
    affine[:3, :3] = axial if turn is None else np.asarray(turn) @ axial
    affine[:3, 3] = origin_mm
    return Phantom(array, affine)


def rotation(x: float, y: float, z: float) -> npt.NDArray[np.float64]:
    """Return the rotation by these degrees about x, then y, then z."""
    result = np.eye(3)
    for axis, degrees in enumerate((x, y, z)):
        a, b = (axis + 1) % 3, (axis + 2) % 3
        one = np.eye(3)
        one[a, a] = one[b, b] = np.cos(np.radians(degrees))
        one[b, a] = np.sin(np.radians(degrees))
        one[a, b] = -one[b, a]
        result = one @ result
    return result


@dataclass(frozen=True)
class Frame:
    """One frame of a Segmentation.

    ``mask`` is ``(rows, columns)``, ``source`` the SOP Instance UID of its image.
    """

    label: int
    mask: npt.NDArray[np.bool_]
    position_mm: list[float]
    source: str


@dataclass(frozen=True)
class Placed:
    """A Segmentation, read by its own geometry."""

    frames: tuple[Frame, ...]
    row: npt.NDArray[np.float64]
    column: npt.NDArray[np.float64]
    spacing_mm: tuple[float, float]

    @classmethod
    def read(cls, path: Path) -> Placed:
        """Read a file; segment numbers are the labels, for they stand in one order."""
        seg = dcmread(path)
        (shared,) = seg.SharedFunctionalGroupsSequence
        cosines = shared.PlaneOrientationSequence[0].ImageOrientationPatient
        rows_mm, columns_mm = shared.PixelMeasuresSequence[0].PixelSpacing
        return cls(
            tuple(_frames(seg)),
            row=np.array(cosines[:3], float),
            column=np.array(cosines[3:], float),
            spacing_mm=(float(rows_mm), float(columns_mm)),
        )

    def points(self, label: int) -> Points:
        """Return where the voxels of a label lie."""
        rows_mm, columns_mm = self.spacing_mm
        steps = np.stack([self.column * rows_mm, self.row * columns_mm])
        return np.concatenate(
            [
                np.argwhere(frame.mask) @ steps + frame.position_mm
                for frame in self.frames
                if frame.label == label
            ]
        )

    @property
    def voxel_mm3(self) -> float:
        """Area of a pixel times the distance of neighbouring frames."""
        positions = np.array([f.position_mm for f in self.frames if f.label == 1])
        heights = np.sort(positions @ np.cross(self.row, self.column))
        steps = np.diff(heights)
        assert np.ptp(steps) < 1e-3
        return float(steps.mean()) * self.spacing_mm[0] * self.spacing_mm[1]


def _frames(seg: Dataset) -> Iterator[Frame]:
    pixels = seg.pixel_array
    for mask, groups in zip(pixels, seg.PerFrameFunctionalGroupsSequence, strict=True):
        source = groups.DerivationImageSequence[0].SourceImageSequence[0]
        position = groups.PlanePositionSequence[0].ImagePositionPatient
        yield Frame(
            label=groups.SegmentIdentificationSequence[0].ReferencedSegmentNumber,
            mask=mask > 0,
            position_mm=[float(value) for value in position],
            source=source.ReferencedSOPInstanceUID,
        )


def centroid_error(truth: Phantom, found: Placed) -> float:
    """Return the largest distance of a block's centroid from the truth, in voxels."""
    return max(
        float(np.abs(truth.voxels(found.points(n).mean(axis=0)[None]) - middle).max())
        for n in BLOCKS
        for middle in [truth.voxels(truth.points(n)).mean(axis=0)]
    )


def volumes_mm3(place: Phantom | Placed) -> dict[str, float]:
    """Return the volume of each block."""
    return {NAMES[n]: len(place.points(n)) * place.voxel_mm3 for n in BLOCKS}


def assert_exact(truth: Phantom, found: Placed) -> None:
    """Check that a Segmentation marks the true voxels, no more, at their places."""
    for label in BLOCKS:
        voxels = truth.voxels(found.points(label))
        assert np.abs(voxels - voxels.round()).max() < 1e-3
        assert {tuple(v) for v in voxels.round().astype(int).tolist()} == {
            tuple(v)
            for v in truth.voxels(truth.points(label)).round().astype(int).tolist()
        }
    for name, volume in volumes_mm3(truth).items():
        assert abs(volumes_mm3(found)[name] / volume - 1) < 1e-5


def assert_frames_lie_on_their_sources(
    found: Placed, sources: Mapping[str, Dataset]
) -> None:
    """Check position and mask of each frame against the image that it names."""
    assert len(found.frames) == len(BLOCKS) * len(sources)
    for frame in found.frames:
        source: Any = sources[frame.source]
        assert frame.position_mm == [float(v) for v in source.ImagePositionPatient]
        bright = np.digitize(source.pixel_array, LEVELS) == frame.label
        assert np.array_equal(frame.mask, bright)
