"""What is wrong with one case by itself: a function per kind of fault.

Each takes a `Measured` and yields what it has to say; `CHECKS` is the list. What
only shows among the others is in models/hippocampus/eda/cohort.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from models.hippocampus.eda.kinds import Remark
from models.hippocampus.eda.measurement import SOUND_AXES, STRUCTURES, Grid, Measured

EDGE_VOXELS = (16, 96)
"""Least and greatest edge of a crop around one hippocampus, at 1 mm."""

SPACING_MM, SPACING_TOLERANCE_MM = 1.0, 0.01

PLACE_TOLERANCE_MM = 0.01
"""Between the affines of image and labels; a hundredth of a voxel."""

LARGEST_RISE = 0.15
"""Millimetres up per millimetre forward. The 220 sound crops of Task04 lie between
-0.78 and -0.07: a hippocampus falls from tail to head."""

TIMES = " \N{MULTIPLICATION SIGN} "

Remarks = Iterator[Remark]


def name(case: Measured) -> Remarks:
    """Yield a name without a number: without a subject it could leak between folds."""
    if case.subject is None:
        yield Remark(case.name, "name", "no number at the end of the name")


def missing_image(case: Measured) -> Remarks:
    """Yield a label map without an image."""
    if not case.has_image:
        yield Remark(case.name, "missing_image", "no image")


def missing_labels(case: Measured) -> Remarks:
    """Yield an image without a label map."""
    if not case.has_labels:
        yield Remark(case.name, "missing_labels", "no label map")


def unreadable(case: Measured) -> Remarks:
    """Yield a file that is damaged, or no NIfTI."""
    for reason in case.unreadable:
        yield Remark(case.name, "unreadable", reason)


def shape(case: Measured) -> Remarks:
    """Yield a grid that is no crop around one hippocampus."""
    least, greatest = EDGE_VOXELS
    for part, grid in _grids(case):
        fits = all(least <= edge <= greatest for edge in grid.shape)
        if len(grid.shape) != 3 or not fits:
            detail = f"{part} of {_times(grid.shape)} voxels"
            yield Remark(case.name, "shape", detail)


def shape_mismatch(case: Measured) -> Remarks:
    """Yield image and labels with different numbers of voxels."""
    if case.image_grid and case.labels_grid:
        image, labels = case.image_grid.shape, case.labels_grid.shape
        if image != labels:
            detail = f"image {_times(image)}, labels {_times(labels)}"
            yield Remark(case.name, "shape_mismatch", detail)


def affine_mismatch(case: Measured) -> Remarks:
    """Yield image and labels at different places, or turned, or scaled."""
    if case.image_grid and case.labels_grid:
        image, labels = (
            np.array(grid.affine) for grid in (case.image_grid, case.labels_grid)
        )
        corner = np.array([*case.image_grid.shape[:3], 1])
        apart_mm = max(
            float(np.abs((image - labels)[:, 3]).max()),
            float(np.abs((image - labels) @ corner).max()),
        )
        if not apart_mm <= PLACE_TOLERANCE_MM:
            detail = f"image and labels lie {apart_mm:.2f} mm apart"
            yield Remark(case.name, "affine_mismatch", detail)


def spacing(case: Measured) -> Remarks:
    """Yield voxels that are not 1 mm cubes."""
    for part, grid in _grids(case):
        if not np.allclose(grid.spacing_mm, SPACING_MM, atol=SPACING_TOLERANCE_MM):
            sizes = TIMES.join(f"{mm:.2f}" for mm in grid.spacing_mm)
            yield Remark(case.name, "spacing", f"{part} at {sizes} mm")


def axes(case: Measured) -> Remarks:
    """Yield axes that do not grow to the right, to the front and upwards."""
    for part, grid in _grids(case):
        if grid.axes != SOUND_AXES:
            yield Remark(case.name, "axes", f"axes of the {part} are {grid.axes}")


def not_finite(case: Measured) -> Remarks:
    """Yield an image that holds NaN or infinity."""
    if case.intensities and case.intensities.not_finite:
        detail = f"{case.intensities.not_finite} voxels are NaN or infinite"
        yield Remark(case.name, "not_finite", detail)


def constant_image(case: Measured) -> Remarks:
    """Yield an image of one value."""
    values = case.intensities
    if values and not values.not_finite and len(set(values.percentiles)) == 1:
        detail = f"every voxel is {values.percentiles[0]:g}"
        yield Remark(case.name, "constant_image", detail)


def label_values(case: Measured) -> Remarks:
    """Yield labels other than 0, 1 and 2."""
    found = case.drawing.values if case.drawing else ()
    if foreign := [value for value in found if value not in STRUCTURES]:
        listed = ", ".join(f"{value:g}" for value in foreign[:4])
        detail = f"labels {listed}{' …' if len(foreign) > 4 else ''}"
        yield Remark(case.name, "label_values", detail)


def empty_labels(case: Measured) -> Remarks:
    """Yield a label map in which nothing is labelled."""
    if case.drawing and not case.drawing.values:
        yield Remark(case.name, "empty_labels", "nothing is labelled")


def missing_class(case: Measured) -> Remarks:
    """Yield a label map with one part only."""
    if case.drawing and case.drawing.values:
        for structure, volume_mm3 in case.drawing.volumes_mm3.items():
            if not volume_mm3:
                yield Remark(case.name, "missing_class", f"no {structure} part")


def back_to_front(case: Measured) -> Remarks:
    """Yield an anterior part that lies behind the posterior one."""
    if case.posture and case.posture.forward_mm <= 0:
        detail = f"the anterior part lies {-case.posture.forward_mm:.0f} mm behind"
        yield Remark(case.name, "back_to_front", detail)


def upside_down(case: Measured) -> Remarks:
    """Yield a hippocampus whose head is its highest part."""
    lies = case.posture
    if lies and lies.forward_mm > 0 and lies.rise > LARGEST_RISE:
        detail = f"it rises {lies.rise:.2f} mm per mm to the front"
        yield Remark(case.name, "upside_down", detail)


def mirrored(case: Measured) -> Remarks:
    """Yield a hippocampus of the other handedness, whatever its header says.

    The 220 sound crops of Task04 have head and tail to the right of the middle, by
    1.8 to 5.0 mm: left or right, they were all brought to one handedness.
    """
    if case.posture and case.posture.bend_mm < 0:
        detail = f"head and tail lie {-case.posture.bend_mm:.1f} mm to the left"
        yield Remark(case.name, "mirrored", detail)


def separate_pieces(case: Measured) -> Remarks:
    """Yield a part that is drawn in more than one piece."""
    if case.drawing is None:
        return
    pieces = {name: sizes for name, sizes in case.drawing.pieces.items() if sizes}
    if pieces:
        detail = "; ".join(
            f"{name}: {_voxels(sizes)} apart" for name, sizes in pieces.items()
        )
        largest = float(max(max(sizes) for sizes in pieces.values()))
        yield Remark(case.name, "separate_pieces", detail, largest, case.drawing.place)


def touches_border(case: Measured) -> Remarks:
    """Yield a hippocampus that the crop may have cut off."""
    if case.drawing and case.drawing.border:
        detail = "labelled voxels in the outermost layer"
        yield Remark(case.name, "touches_border", detail, where=case.drawing.border)


CHECKS: tuple[Callable[[Measured], Remarks], ...] = (
    *(name, missing_image, missing_labels, unreadable),
    *(shape, shape_mismatch, spacing, axes, affine_mismatch),
    *(not_finite, constant_image, label_values, empty_labels, missing_class),
    *(back_to_front, upside_down, mirrored, separate_pieces, touches_border),
)


def check_one(case: Measured) -> list[Remark]:
    """Return all that is to be said of a case by itself.

    Findings are left out where there is a fault: a broken case is mended first.
    """
    remarks = [remark for check in CHECKS for remark in check(case)]
    faults = [remark for remark in remarks if remark.is_fault]
    return faults or remarks


def _grids(case: Measured) -> Iterator[tuple[str, Grid]]:
    """Yield each grid that was read; the labels' only where it is another one."""
    if case.image_grid:
        yield "image", case.image_grid
    if case.labels_grid and case.labels_grid != case.image_grid:
        yield "labels", case.labels_grid


def _times(shape: tuple[int, ...]) -> str:
    return TIMES.join(map(str, shape))


def _voxels(sizes: tuple[int, ...]) -> str:
    return f"{', '.join(map(str, sizes))} voxel{'' if sizes == (1,) else 's'}"
