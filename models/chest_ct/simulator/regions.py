"""Regions of real lungs: with a drawn lesion, untouched, or with a sham.

The second experiment, never mixed with whole studies: can a classifier find a drawn
lesion on a real background? A *sham* goes through the very same paste as a lesion, with
healthy tissue of the same patient, so that the traces of pasting tell nothing. All
three are drawn at places of one distribution on one series: spacing, noise, kernel and
padding are those of the series for all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy import ndimage

from models.chest_ct.simulator.backgrounds import Background
from models.chest_ct.simulator.nodules import FORM_WEIGHTS, FORMS, body
from models.chest_ct.simulator.space import Field, Grid, Mask, smooth_field
from models.chest_ct.simulator.view import FWHM
from models.terms import Vector

SIDE_MM = 48.0
DRAWN_MM = 1.0
"""Spacing of the grid that a lesion is drawn on."""

BLUR_MM = 1.2
"""Full width at half maximum of a lesion's edge within the slice."""

GRAIN_MM = 1.5
"""What varies faster than this is called grain: noise, and texture of the kernel."""

DIAMETERS_MM = (4.0, 30.0)
ROOM_MM = 4.0
"""A place lies at least this deep in healthy lung."""

TOUCHED = 0.05
"""Share of a voxel from which it counts as pasted over: as far as a paste reaches, both
where it is taken and where it is put are lung, so that no wall or heart is cut."""

HAZE_HU = (-640.0, -430.0)
SOLID_HU = (0.0, 60.0)


class Treatment(StrEnum):
    """What was done to a region."""

    LESION = "lesion"
    UNTOUCHED = "untouched"
    SHAM = "sham"


@dataclass(frozen=True, slots=True)
class Region:
    """One cube of a real lung.

    Attributes
    ----------
    hu
        ``(D, H, W)`` float32 of whole numbers, on the voxels of the series.
    truth
        ``(D, H, W)`` bool: the lesion; empty for the others.
    form, diameter_mm
        Of what was pasted, lesion or sham; ``""`` and 0 where nothing was.
    """

    treatment: Treatment
    hu: Field
    truth: Mask
    spacing_mm: Vector
    background: str
    patient: str
    form: str
    diameter_mm: float


def draw_regions(background: Background, number: int, seed: int) -> tuple[Region, ...]:
    """Return ``number`` regions of each treatment; equal seeds give equal regions.

    Raises
    ------
    ValueError
        The background holds no healthy place.
    """
    places = np.flatnonzero(background.room_mm > ROOM_MM)
    if not len(places):
        raise ValueError(f"{background.name} holds no healthy place")
    regions = []
    for count in range(number):
        for order, treatment in enumerate(Treatment):
            rng = np.random.default_rng([seed, count, order])
            regions.append(_region(background, places, treatment, rng))
    return tuple(regions)


def _region(
    background: Background,
    places: np.ndarray[tuple[int], np.dtype[np.intp]],
    treatment: Treatment,
    rng: np.random.Generator,
) -> Region:
    """Draw one region; every treatment draws the same numbers in the same order."""
    form = str(rng.choice(FORMS, p=FORM_WEIGHTS))
    room = background.room_mm.ravel()[places]
    low, high = np.log([DIAMETERS_MM[0], min(DIAMETERS_MM[1], 2 * float(room.max()))])
    diameter = float(np.exp(rng.uniform(low, high)))
    shape = cube_shape(background.spacing_mm)
    share = _share(background.spacing_mm, shape, form, diameter, rng)
    roomy = places[room >= min(_reach_mm(share, background.spacing_mm), room.max())]
    here, there = rng.choice(roomy, 2)
    hu, source = (_cube(background, int(place), shape) for place in (here, there))
    if treatment is Treatment.UNTOUCHED:
        share = np.zeros_like(share)
    else:
        level = _level(source, form, rng) if treatment is Treatment.LESION else None
        hu = blended(hu, source, share, level, background.spacing_mm)
    pasted = treatment is not Treatment.UNTOUCHED
    return Region(
        treatment=treatment,
        hu=np.rint(hu),
        truth=(share > 0.5) & (treatment is Treatment.LESION),
        spacing_mm=background.spacing_mm,
        background=background.name,
        patient=background.patient,
        form=form if pasted else "",
        diameter_mm=diameter if pasted else 0.0,
    )


def _reach_mm(share: Field, spacing_mm: Vector) -> float:
    """Return how far from its middle a paste covers something."""
    middle = np.array(share.shape) // 2
    away = (np.argwhere(share > TOUCHED) - middle) * spacing_mm
    return float(np.sqrt((away**2).sum(axis=1)).max(initial=0.0))


def cube_shape(spacing_mm: Vector) -> tuple[int, int, int]:
    """Return voxels of a region along each axis, an odd number."""
    depth, height, width = (2 * int(SIDE_MM / 2 / each) + 1 for each in spacing_mm)
    return depth, height, width


def _cube(background: Background, place: int, shape: tuple[int, int, int]) -> Field:
    """Return the voxels around a place; beyond the series its border is repeated."""
    index = np.unravel_index(place, background.hu.shape)
    taken = [
        np.clip(np.arange(at - size // 2, at + size // 2 + 1), 0, limit - 1)
        for at, size, limit in zip(index, shape, background.hu.shape, strict=True)
    ]
    cube: Field = background.hu[np.ix_(*taken)]
    return cube


def _share(
    spacing_mm: Vector,
    shape: tuple[int, int, int],
    form: str,
    diameter_mm: float,
    rng: np.random.Generator,
) -> Field:
    """Return the share of each voxel that is pasted, as the scanner would see it."""
    half = SIDE_MM / 2
    size = int(SIDE_MM / DRAWN_MM) + 1
    grid = Grid((-half, -half, -half), DRAWN_MM, (size, size, size))
    drawn = body(grid, np.zeros(3), diameter_mm / 2, form, rng)
    wide = np.array([max(spacing_mm[0], BLUR_MM), BLUR_MM, BLUR_MM])
    seen = ndimage.gaussian_filter(drawn, wide / FWHM / DRAWN_MM)
    matrix = np.asarray(spacing_mm) / DRAWN_MM
    offset = half / DRAWN_MM - matrix * (np.asarray(shape) // 2)
    share: Field = ndimage.affine_transform(seen, matrix, offset, shape, order=1)
    return share


def _level(source: Field, form: str, rng: np.random.Generator) -> Field:
    """Return the HU of a lesion, without grain."""
    span = HAZE_HU if form in {"ground_glass", "part_solid"} else SOLID_HU
    depth, height, width = source.shape
    grid = Grid((0.0, 0.0, 0.0), 1.0, (depth, height, width))
    level: Field = rng.uniform(*span) + 12 * smooth_field(rng, grid, 6)
    return level


def blended(
    hu: Field, source: Field, share: Field, level: Field | None, spacing_mm: Vector
) -> Field:
    """Paste into ``hu`` as far as ``share`` covers it.

    Parameters
    ----------
    source
        Healthy tissue of the same patient. Its grain is pasted in any case; the
        tissue itself only where ``level`` is None.
    level
        HU of the lesion, or None for a sham.

    Notes
    -----
    The sum of two independent grains is weaker than either; it is brought back to
    their strength, so that no smooth rim gives a paste away.
    """
    own, other = _low(hu, spacing_mm), _low(source, spacing_mm)
    strength = np.sqrt(share**2 + (1 - share) ** 2)
    grain = ((1 - share) * (hu - own) + share * _calm(source - other)) / strength
    tissue = own + share * ((other if level is None else level) - own)
    pasted: Field = np.where(share > 0.01, tissue + grain, hu).astype(np.float32)
    return pasted


def _low(hu: Field, spacing_mm: Vector) -> Field:
    low: Field = ndimage.gaussian_filter(
        hu, [0, *(GRAIN_MM / FWHM / each for each in spacing_mm[1:])]
    )
    return low


def _calm(grain: Field) -> Field:
    """Return a grain without the edges of vessels: beyond three deviations is cut."""
    limit = 3 * 1.4826 * float(np.median(np.abs(grain)))
    return np.clip(grain, -limit, limit)
