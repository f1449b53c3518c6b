"""Disease between a lung and the wall of the chest, given back to the lung.

Consolidations, masses and fluid at the wall leave a dent in the air that no ball
closes. Along rays from the middle of the chest (`lungs.rays`) it is told from anatomy:

1. The inner wall of the chest is a smooth surface that the air touches wherever it is
   healthy. It is fitted to the far ends of the rays as an upper envelope, by asymmetric
   least squares with a penalty on bending (Eilers, Anal Chem 2003;75:3631); where one
   lung has nothing to say, the other lung, mirrored, does with little weight.
2. A dent, where the air ends before the wall, is disease when the air touches the wall
   further down on the same ray. Where heart or liver touch the wall no lung lies below.
3. How far down and up lung is to be expected follows from the neighbouring rays and
   from the other lung, for a lung that is dense down to the diaphragm.

That the missing part of a lung follows from the rib cage and from the other lung is the
idea of Sun, Bauer and Beichel (IEEE Trans Med Imaging 2012;31:449), who fit a model of
shape; ours needs no training.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage, sparse
from scipy.linalg import solveh_banded
from skimage.morphology import convex_hull_image

from models.terms import Vector
from models.volume.lungs.grid import Mask
from models.volume.lungs.rays import RAYS, Fan, Reals, View

TOUCH_MM = 5.0
"""Air that ends nearer to the wall than this touches it: ribs and fat are uneven."""

NODULE_MM, NODULE_RAYS = 36.0, 5
"""Height and width of the largest shallow dent that is closed."""

SLACK_MM = 2.0
"""How far beyond the fitted wall a shallow dent is closed."""

BENDING = 30.0
"""Weight of the fitted wall's bending against one touching ray."""

INDENTED = 0.0005
MIRRORED = 0.1
"""Weights of a ray that ends before the wall, and of one of the other lung."""

ROUNDS = 5
"""Of the fit; by then the rays that touch no longer change."""

KNOT_MM = 6.0
"""Distance of the wall's rows along the body: bending is slow."""

BASE_DIFFERENCE_MM = 40.0
"""Healthy lungs of one person end within this of one another, the left one lower or
the right one: farther up, the lower part of a lung is missing."""

APEX_DIFFERENCE_MM = 15.0
"""The same at the top, where no diaphragm moves."""

FRONT = -0.35
"""Radians: further to the front the heart takes part of the wall."""

BACK = 0.3
"""Radians: further to the back neither heart nor liver lies before the lung."""

MIDDLE = 1.4
"""Radians: further to the front and the back lie sternum and spine."""

FIELD_MM, FIELD_RAYS = 40.0, 5
"""A lack of less than this beside the other lung is no disease; a notch in the front
of the field that is smaller is no heart."""


def walled(
    lungs: dict[int, Mask], centre: tuple[float, float], spacing_mm: Vector
) -> dict[int, Mask]:
    """Return what each lung has at the wall beyond its own air.

    Parameters
    ----------
    lungs
        Side (1 right, 2 left) → ``(S, P, L)`` bool.
    centre
        The axis of the rays, in coarse voxels ``(back, left)``.
    """
    fans = {side: Fan(centre, 1 if side == 2 else -1, spacing_mm) for side in lungs}
    views = {side: fans[side].view(lung) for side, lung in lungs.items()}
    alone = {
        side: fitted_wall(view, None, spacing_mm[0]) for side, view in views.items()
    }
    seen = {side: _at_wall(view, alone[side]) for side, view in views.items()}
    walls = {
        side: fitted_wall(view, _hint(seen, side), spacing_mm[0])
        for side, view in views.items()
    }
    touching = {side: _touching(view, walls[side]) for side, view in views.items()}
    fields = {
        side: _expected(touches, touching.get(3 - side), fans[side])
        for side, touches in touching.items()
    }
    result = {}
    for side, view in views.items():
        near = _begin(view, touching[side])
        if 3 - side in views:
            near = _begin_behind(near, views[3 - side], touching[3 - side], fans[side])
        near = np.maximum(near, view.last_mm)
        far = _end(view, walls[side], fields[side], spacing_mm[0])
        result[side] = fans[side].between(near, far, lungs[side].shape)
    return result


def _at_wall(view: View, wall: Reals) -> Reals:
    """Return the far ends of the rays that touch the wall, 0 for the others."""
    return np.where(_touching(view, wall), view.last_mm, 0.0)


def _hint(seen: dict[int, Reals], side: int) -> Reals | None:
    """Return the other wall, scaled to this one by the rays that touch both."""
    other = seen.get(3 - side)
    if other is None:
        return None
    both = (seen[side] > 0) & (other > 0)
    ratio = np.median(seen[side][both] / other[both]) if both.any() else 1.0
    return other * ratio


def fitted_wall(view: View, hint: Reals | None, step_mm: float) -> Reals:
    """Return how far the wall is on each ray, ``(S, RAYS)`` mm.

    Parameters
    ----------
    hint
        ``(S, RAYS)``: how far it may be where this lung has nothing to say; 0 where
        that is not known either.
    """
    every = max(round(KNOT_MM / step_mm), 1)
    seen = ndimage.maximum_filter1d(view.last_mm, every, axis=0)[::every]
    hinted = np.zeros_like(seen) if hint is None else hint[::every]
    bending = _bending(seen.shape)
    wall = np.maximum(seen, hinted)
    for _ in range(ROUNDS):
        wall = _one_round(seen, hinted, wall, bending)
    rows = np.arange(view.last_mm.shape[0]) / every
    places = np.meshgrid(rows, np.arange(RAYS), indexing="ij")
    smooth: Reals = ndimage.map_coordinates(wall, places, order=1, mode="nearest")
    return smooth


def _one_round(seen: Reals, hinted: Reals, wall: Reals, bending: Reals) -> Reals:
    """Fit the wall once, rays that end before the last fit almost left out."""
    touches = seen > wall - TOUCH_MM
    weight = np.where(touches, 1.0, INDENTED) * (seen > 0)
    hint = MIRRORED * (hinted > 0) * ~touches
    target = weight * seen + hint * hinted
    system = bending.copy()
    system[0] += (weight + hint + 1e-6).ravel()
    solved = solveh_banded(system, target.ravel(), lower=True)
    result: Reals = solved.reshape(seen.shape)
    return result


def _bending(shape: tuple[int, int]) -> Reals:
    """Return the penalty on second differences along both axes of the wall.

    It is symmetric, and nothing in it is farther from the diagonal than two rows of the
    wall: the lower half by diagonals, ``(2 rays + 1, rows rays)``.
    """
    rows, rays = (_second_differences(size) for size in shape)
    down = sparse.kron(rows, sparse.eye_array(shape[1]))
    around = sparse.kron(sparse.eye_array(shape[0]), rays)
    bending = BENDING * (down.T @ down + around.T @ around)
    lower = np.zeros((2 * shape[1] + 1, bending.shape[0]))
    for below, diagonal in enumerate(lower[: bending.shape[0]]):
        diagonal[: diagonal.size - below] = bending.diagonal(-below)
    return lower


def _second_differences(size: int) -> sparse.csr_array:
    """Return the matrix that takes them, ``(size - 2, size)``; of less, no rows."""
    return sparse.csr_array(np.diff(np.eye(size), n=2, axis=0))


def _touching(view: View, wall: Reals) -> Mask:
    """Return the rays whose air ends at the wall, without stray ones."""
    touches = view.met & (view.last_mm > wall - TOUCH_MM)
    cleaned: Mask = ndimage.binary_opening(touches, iterations=1)
    return cleaned


def _expected(own: Mask, other: Mask | None, fan: Fan) -> Mask:
    """Return the rays on which lung is to be expected at the wall.

    Drawn over rows and rays, where a healthy lung touches the wall is a convex field,
    but for the notch that the heart makes in front.
    """
    step_mm = fan.spacing_mm[0]
    behind = fan.angles > FRONT
    size = (max(round(FIELD_MM / step_mm), 1), FIELD_RAYS)
    field = _convex_hull(own)
    if fan.towards > 0:
        field &= behind | _upper(own) | _closing(own, size)
    if other is None or not other.any():
        return field & (np.abs(fan.angles) < MIDDLE)
    rows = np.flatnonzero(own.any(axis=1))
    both = np.isin(
        np.arange(len(own)), np.arange(rows.min(initial=0), rows.max(initial=0))
    )
    back = np.outer(both, fan.angles > BACK)
    for part in (*_of_other(other, behind, step_mm), _Part(other, other, back)):
        lacking = part.surely & part.where & ~field
        lacking = ndimage.binary_opening(lacking, np.ones(size, bool))
        if lacking.any():
            field |= _convex_hull(field | (part.whole & part.where)) & part.where
    return field & (np.abs(fan.angles) < MIDDLE)


@dataclass(frozen=True, slots=True)
class _Part:
    """The upper or the lower part of the other lung's field.

    Attributes
    ----------
    surely
        What the two lungs have in common, however they differ in health.
    whole
        All of it.
    where
        Where it counts.
    """

    surely: Mask
    whole: Mask
    where: Mask


def _of_other(other: Mask, behind: Mask, step_mm: float) -> tuple[_Part, _Part]:
    upper = _upper(other)
    apex = _shifted(other, -round(APEX_DIFFERENCE_MM / step_mm))
    base = _shifted(other, round(BASE_DIFFERENCE_MM / step_mm))
    below = ~upper & behind
    return (
        _Part(apex, other, upper | np.zeros_like(other)),
        _Part(base, other, below),
    )


def _upper(field: Mask) -> Mask:
    """Return the rows, ``(S, 1)``, of the upper half of its height."""
    rows = np.append(np.flatnonzero(field.any(axis=1)), len(field))
    upper: Mask = np.arange(len(field)) > (rows[0] + rows[:-1].max(initial=0)) / 2
    return upper[:, np.newaxis]


def _closing(field: Mask, size: tuple[int, int]) -> Mask:
    padded = np.pad(field, [(n, n) for n in size])
    closing = ndimage.binary_closing(padded, np.ones(size, bool))
    result: Mask = closing[size[0] : -size[0], size[1] : -size[1]]
    return result


def _shifted(field: Mask, rows: int) -> Mask:
    """Return the field moved up the body, or down for a negative number of rows."""
    moved = np.roll(field, rows, axis=0)
    if rows > 0:
        moved[:rows] = False
    elif rows < 0:
        moved[rows:] = False
    return moved


def _convex_hull(field: Mask) -> Mask:
    """Return the convex hull of a field, over rows and rays."""
    if not field.any():
        return field
    hull: Mask = convex_hull_image(field)  # type: ignore[no-untyped-call]  # none
    return hull


def _end(view: View, wall: Reals, field: Mask, step_mm: float) -> Reals:
    """Return where disease ends on each ray of the field; minus infinite elsewhere.

    A dent reaches to the wall. One that is shallower than the fit is good is closed to
    what its neighbours reach.
    """
    rows = 2 * round(NODULE_MM / step_mm / 2) + 1
    neighbours = ndimage.grey_closing(view.last_mm, size=(rows, NODULE_RAYS))
    shallow = np.where(field, np.minimum(neighbours, wall + SLACK_MM), -np.inf)
    gap = wall - view.last_mm
    core = field & (gap > TOUCH_MM)
    core = ndimage.binary_opening(core, np.ones((2, 2), bool))
    dent = ndimage.binary_dilation(core, iterations=2) & field
    return np.where(dent, np.maximum(wall, shallow), shallow)


def _begin(view: View, touches: Mask) -> Reals:
    """Return where lung begins on rays that are dense up to the wall.

    As on the nearest rays that touch the wall: before it lie heart or liver. The
    smallest of five by five is taken, as a ray that grazes disease begins behind it.
    """
    begin = np.where(touches, view.begin_mm, np.inf)
    return _nearest(ndimage.minimum_filter(begin, size=5), touches)


def _begin_behind(begin: Reals, other: View, touches: Mask, fan: Fan) -> Reals:
    """Let it begin as on the other side where heart and liver are not in the way."""
    free = touches & ((fan.angles > BACK) | _upper(touches))
    return np.where(free, np.minimum(begin, other.begin_mm), begin)


def _nearest(values: Reals, known: npt.NDArray[np.bool_]) -> Reals:
    """Replace unknown values by the nearest known ones."""
    if not known.any():
        return values
    places = ndimage.distance_transform_edt(
        ~known, return_distances=False, return_indices=True
    )
    nearest: Reals = values[tuple(places)]
    return nearest
