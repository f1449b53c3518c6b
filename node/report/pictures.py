"""Pictures of the findings on the images: three planes, and a strip of slices.

Planes are shown as radiologists look at them: the patient's right on the left, head
up, front left in the sagittal one. Geometry that is nominal gets no such letters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from models.contract import LabelMap, Volume
from models.terms import Structure
from node.report.contours import outlines, smooth

FINER = 2
"""Pictures are drawn this much larger and then reduced, so that lines are smooth."""

LINE_PX = 2
MARGIN_MM = 14.0
"""Around the structures, so that a whole head is shown near them only."""

LOW_PERCENTILE, HIGH_PERCENTILE = 1.0, 99.7
"""Of the voxels near the structures; the window of the header cannot be trusted."""

Pixels = npt.NDArray[np.float32]
Size = tuple[int, int]
"""``(width, height)`` in pixels of the page."""

Box = tuple[tuple[int, int, int], tuple[int, int, int]]
"""First and last voxel, in the axes of the labels."""


@dataclass(frozen=True, slots=True)
class Plane:
    """One slice: image and labels ``(rows, columns)``, spacing in the same order.

    ``sides`` are the letters at its left, right, top and bottom.
    """

    title: str
    image: Pixels
    labels: LabelMap
    spacing_mm: tuple[float, float]
    sides: tuple[str, str, str, str]

    @property
    def size_mm(self) -> tuple[float, float]:
        """Width and height in millimetres."""
        rows, columns = self.labels.shape
        return columns * self.spacing_mm[1], rows * self.spacing_mm[0]


@dataclass(frozen=True, slots=True)
class Anatomical:
    """A volume turned to patient axes, ``(z, y, x)`` growing to head, back, left.

    Turned by whole axes, never resampled: an oblique volume stays oblique by less
    than 45 degrees.

    Attributes
    ----------
    axes, flipped
        Axis of the volume that became each of these, and whether it was turned round.
    """

    image: Pixels
    labels: LabelMap
    spacing_mm: tuple[float, float, float]
    axes: tuple[int, int, int]
    flipped: tuple[bool, bool, bool]


def anatomical(volume: Volume, labels: LabelMap) -> Anatomical:
    """Turn a volume and its labels to the nearest patient axes."""
    directions = volume.affine[:3, :3] / np.linalg.norm(volume.affine[:3, :3], axis=0)
    nearest = max(
        permutations(range(3)),
        key=lambda order: sum(abs(directions[2 - i, a]) for i, a in enumerate(order)),
    )
    z, y, x = nearest
    flipped = tuple(bool(directions[2 - i, a] <= 0) for i, a in enumerate(nearest))
    flips = tuple(slice(None, None, -1 if turned else 1) for turned in flipped)
    image = volume.array.transpose(nearest)[flips]
    return Anatomical(
        image.astype(np.float32, copy=False),
        labels.transpose(nearest)[flips],
        (volume.spacing_mm[z], volume.spacing_mm[y], volume.spacing_mm[x]),
        (z, y, x),
        (flipped[0], flipped[1], flipped[2]),
    )


def three_planes(volume: Volume, labels: LabelMap) -> tuple[Plane, Plane, Plane]:
    """Return axial, coronal and sagittal plane, each where the mask is largest."""
    whole = anatomical(volume, labels)
    near = nearby(whole.labels, whole.spacing_mm)
    image, marked = whole.image[near], whole.labels[near]
    z, y, x = (largest_slice(marked, axis) for axis in range(3))
    dz, dy, dx = whole.spacing_mm
    return (
        Plane("Axial", image[z], marked[z], (dy, dx), ("R", "L", "A", "P")),
        Plane(
            "Coronal",
            image[::-1, y],
            marked[::-1, y],
            (dz, dx),
            ("R", "L", "H", "F"),
        ),
        Plane(
            "Sagittal",
            image[::-1, :, x],
            marked[::-1, :, x],
            (dz, dy),
            ("A", "P", "H", "F"),
        ),
    )


def strip(volume: Volume, labels: LabelMap, count: int) -> list[Plane]:
    """Return at most ``count`` source slices, spread over those that are marked."""
    spacing = volume.spacing_mm
    _, rows, columns = nearby(labels, spacing)
    marked = np.flatnonzero(np.any(labels, axis=(1, 2)))
    first, last = (marked[0], marked[-1]) if len(marked) else (0, len(labels) - 1)
    chosen = np.unique(np.linspace(first, last, count).round().astype(int))
    return [
        Plane(
            "",
            volume.array[index, rows, columns].astype(np.float32),
            labels[index, rows, columns],
            spacing[1:],
            ("", "", "", ""),
        )
        for index in chosen.tolist()
    ]


def nearby(
    labels: LabelMap, spacing_mm: Sequence[float], boxes: Sequence[Box] = ()
) -> tuple[slice, slice, slice]:
    """Return what lies around the marked voxels and the boxes, with a margin.

    All, where no voxel is marked.
    """
    slices = []
    for axis, step in enumerate(spacing_mm):
        others = tuple(other for other in range(3) if other != axis)
        marked = np.flatnonzero(np.any(labels, axis=others))
        if len(marked) == 0:
            slices.append(slice(0, labels.shape[axis]))
            continue
        ends = [marked[0], marked[-1], *(end[axis] for box in boxes for end in box)]
        margin = round(MARGIN_MM / step)
        slices.append(slice(max(0, min(ends) - margin), max(ends) + margin + 1))
    depth, height, width = slices
    return depth, height, width


def largest_slice(labels: LabelMap, axis: int) -> int:
    """Return the index along ``axis`` where most is marked, the middle if nothing."""
    others = tuple(other for other in range(3) if other != axis)
    counts = np.count_nonzero(labels, axis=others)
    return int(counts.argmax()) if counts.any() else labels.shape[axis] // 2


def window(planes: Sequence[Plane]) -> tuple[float, float]:
    """Return the values that become black and white, from the pixels shown."""
    values = np.concatenate([plane.image.ravel() for plane in planes])
    values = values[np.isfinite(values)]
    low, high = np.percentile(values, (LOW_PERCENTILE, HIGH_PERCENTILE))
    return float(low), float(max(high, low + 1e-6))


def common_scale(planes: Sequence[Plane], room: Size) -> float:
    """Return the pixels per mm at which planes fit side by side into ``room``."""
    widths, heights = zip(*(plane.size_mm for plane in planes), strict=True)
    return float(min(room[0] / sum(widths), room[1] / max(heights)))


def draw_all(
    planes: Sequence[Plane], structures: Sequence[Structure], scales: Sequence[float]
) -> list[Image.Image]:
    """Draw planes in one window; ``scales`` are pixels per mm.

    One after another: most of it is Python, and four threads take half as long again.
    """
    levels = window(planes)
    return [
        draw(plane, structures, scale, levels)
        for plane, scale in zip(planes, scales, strict=True)
    ]


def draw(
    plane: Plane,
    structures: Sequence[Structure],
    scale: float,
    levels: tuple[float, float],
) -> Image.Image:
    """Draw one plane with the outlines of the structures."""
    picture = grey(plane, scale, levels)
    outline(picture, plane.labels, structures)
    return picture.reduce(FINER)


def grey(plane: Plane, scale: float, levels: tuple[float, float]) -> Image.Image:
    """Return the pixels of a plane in RGB, `FINER` times as large as they are shown."""
    low, high = levels
    grey = np.clip((plane.image - low) / (high - low) * 255, 0, 255).astype(np.uint8)
    width, height = (max(1, int(size * scale)) for size in plane.size_mm)
    large = (width * FINER, height * FINER)
    picture = Image.fromarray(grey).resize(large, Image.Resampling.BICUBIC)
    return picture.convert("RGB")


def outline(
    picture: Image.Image, labels: LabelMap, structures: Sequence[Structure]
) -> None:
    """Draw the outlines of structures on a picture of their plane."""
    pen = ImageDraw.Draw(picture)
    rows, columns = labels.shape
    zoom = np.array([picture.width / columns, picture.height / rows])
    for structure in structures:
        for polygon in outlines(labels == structure.labels[0]):
            points = smooth(polygon) * zoom
            closed = [tuple(point) for point in [*points.tolist(), points[0].tolist()]]
            pen.line(closed, structure.colour, LINE_PX * FINER, joint="curve")
