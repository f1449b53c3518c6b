"""Regions of real lungs: with a drawn lesion, untouched, or with a sham.

The second experiment, never mixed with whole studies: can a classifier find a drawn
nodule, consolidation or ground-glass on a real background? A *sham* goes through the
very same paste as a lesion, with healthy tissue of the same patient, so that the traces
of pasting tell nothing. All three are drawn at places of one distribution on one
series: spacing, noise, kernel and padding are those of the series for all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from models.chest_ct.kinds import Kind
from models.chest_ct.simulator.backgrounds import Background
from models.chest_ct.simulator.deposit import filled
from models.chest_ct.simulator.nodules import FORM_WEIGHTS, FORMS, body
from models.chest_ct.simulator.opacities import HALO_HU
from models.chest_ct.simulator.space import Field, Grid, Mask, smooth_field
from models.chest_ct.simulator.view import FWHM
from models.terms import Vector

SIDE_MM = 60.0
DRAWN_MM = 1.0
"""Spacing of the grid that a lesion is drawn on."""

BLUR_MM = 1.2
"""Full width at half maximum of a lesion's edge within the slice."""

GRAIN_MM = 1.5
"""What varies faster than this is called grain: noise, and texture of the kernel."""

TEXTURE_MM = 8.0
"""Over which length the density of a lesion varies."""

ROOM_MM = 4.0
"""A place lies at least this deep in healthy lung."""

MARGIN_MM = 2.0
"""What a paste may lose to blur: it is drawn no nearer to the end of the lung."""

TOUCHED = 0.05
"""Share of a voxel from which it counts as pasted over: as far as a paste reaches, both
where it is taken and where it is put are lung, so that no wall or heart is cut."""

DENSE_HU = 40.0
"""Of lung without air: ground-glass is a mixture of this with the lung that is there,
which leaves vessels as bright and airways nearly as dark as they are."""

STEEP = 3.0
"""A paste goes over into what lies around it this much faster than a lesion does: where
two tissues are mixed, the vessels of both are faint."""

LEAST_HU = 50.0
"""Ground-glass makes lung denser by at least this."""

CALCIFIED_HU = (220.0, 600.0)


class Treatment(StrEnum):
    """What was done to a region."""

    LESION = "lesion"
    UNTOUCHED = "untouched"
    SHAM = "sham"


@dataclass(frozen=True, slots=True)
class Look:
    """How a kind of lesion is drawn; ranges are the ends of a uniform draw.

    Attributes
    ----------
    diameters_mm
        Of the sphere of its volume; the logarithm is drawn uniformly.
    forms
        Each with its share.
    veil_hu, core_hu
        Of lung that holds less air, and of what holds none.
    texture_hu
        Standard deviation of the density over `TEXTURE_MM`.
    """

    diameters_mm: tuple[float, float]
    forms: Mapping[str, float]
    veil_hu: tuple[float, float]
    core_hu: tuple[float, float]
    texture_hu: float


NODULES = dict(zip(FORMS, FORM_WEIGHTS, strict=True))
PATCHES = {"round": 0.5, "patchy": 0.5}
PATCH_MM = (8.0, 35.0)
HALO = (HALO_HU, HALO_HU)
LOOKS = {
    Kind.NODULE: Look((4.0, 30.0), NODULES, (-640.0, -430.0), (0.0, 60.0), 12.0),
    Kind.CONSOLIDATION: Look(PATCH_MM, PATCHES, HALO, (15.0, 60.0), 22.0),
    Kind.GROUND_GLASS: Look(
        PATCH_MM, {"hazy": 1.0}, (-680.0, -480.0), (0.0, 0.0), 35.0
    ),
}
"""Nodules as in `nodules`, patches as in `opacities` and the shipped settings."""

UNEVEN = {"round": 0.14, "patchy": 0.35, "hazy": 0.28}
"""Standard deviation of the edge of a patch, as a part of its radius."""

SOFT_MM = {"round": 7.0, "patchy": 9.0, "hazy": 8.0}
"""Over which depth a patch fades out, if it is no smaller than that."""


@dataclass(frozen=True, slots=True)
class Region:
    """One cube of a real lung.

    Attributes
    ----------
    kind
        Of the lesion; of the others, that whose places and sizes they were drawn from.
    hu
        ``(D, H, W)`` float32 of whole numbers, on the voxels of the series.
    truth
        ``(D, H, W)`` bool: the lesion; empty for the others.
    form, diameter_mm
        Of what was pasted, lesion or sham; ``""`` and 0 where nothing was.
    """

    treatment: Treatment
    kind: Kind
    hu: Field
    truth: Mask
    spacing_mm: Vector
    background: str
    patient: str
    form: str
    diameter_mm: float


@dataclass(frozen=True, slots=True)
class Growth:
    """A lesion apart from the lung that it lies in.

    Attributes
    ----------
    veil, core
        ``(D, H, W)`` share of each voxel that holds less air, and none.
    veil_hu, core_hu
        Of healthy lung under the veil, and of the core.
    texture
        ``(D, H, W)`` HU, added to both.
    """

    veil: Field
    core: Field
    veil_hu: float
    core_hu: float
    texture: Field

    @property
    def share(self) -> Field:
        """Share of each voxel that the lesion changes."""
        share: Field = np.maximum(self.veil, self.core)
        return share

    def within(self, tissue: Field) -> Field:
        """Return tissue with the lesion in it; nothing becomes darker by it."""
        air = float(np.median(tissue[self.share >= 0.5 * self.share.max()]))
        denser = np.maximum(self.veil_hu + self.texture - air, LEAST_HU)
        full = self.veil * denser / max(DENSE_HU - air, LEAST_HU)
        veiled = tissue + full * np.maximum(DENSE_HU - tissue, 0)
        solid = np.maximum(self.core_hu + self.texture - veiled, 0)
        ill: Field = veiled + self.core * solid
        return ill


@dataclass(frozen=True, slots=True)
class _Places:
    """Healthy places: ``(n,)`` flat indices, and room, ascending."""

    index: npt.NDArray[np.intp]
    room_mm: Field

    @classmethod
    def of(cls, background: Background) -> _Places:
        room = background.room_mm.ravel()
        index = np.flatnonzero(room > ROOM_MM)
        if not len(index):
            raise ValueError(f"{background.name} holds no healthy place")
        index = index[np.argsort(room[index], kind="stable")]
        return cls(index, room[index])

    def pair(self, reach_mm: float, rng: np.random.Generator) -> tuple[int, int]:
        """Return two places with that much room, or with the most there is."""
        reach = np.minimum(self.room_mm[-1], np.float32(reach_mm))
        first = np.searchsorted(self.room_mm, reach)  # of one dtype: no copy is made
        here, there = self.index[rng.integers(first, len(self.index), 2)]
        return int(here), int(there)


def draw_regions(background: Background, number: int, seed: int) -> tuple[Region, ...]:
    """Return ``number`` regions of each kind and treatment; equal seeds, equal ones.

    Raises
    ------
    ValueError
        The background holds no healthy place.
    """
    places = _Places.of(background)
    regions = []
    for count in range(number):
        for kind in LOOKS:
            for order, treatment in enumerate(Treatment):
                rng = np.random.default_rng([seed, count, kind, order])
                regions.append(_region(background, places, kind, treatment, rng))
    return tuple(regions)


def _region(
    background: Background,
    places: _Places,
    kind: Kind,
    treatment: Treatment,
    rng: np.random.Generator,
) -> Region:
    """Draw one region; every treatment draws the same numbers in the same order."""
    spacing = background.spacing_mm
    shape = cube_shape(spacing)
    forms = LOOKS[kind].forms
    form = str(rng.choice(list(forms), p=list(forms.values())))
    widest = min(float(places.room_mm[-1]), SIDE_MM / 2) - max(MARGIN_MM, *spacing)
    smallest, largest = LOOKS[kind].diameters_mm
    widest = max(widest, smallest)
    span = np.log([smallest, min(largest, 1.6 * widest)])
    diameter = float(np.exp(rng.uniform(*span)))
    growth = _growth(kind, form, diameter, widest, spacing, rng)
    here, there = places.pair(reach_mm(growth.share, spacing), rng)
    hu, source = (_cube(background, place, shape) for place in (here, there))
    is_lesion = treatment is Treatment.LESION
    is_pasted = treatment is not Treatment.UNTOUCHED
    if is_pasted:
        hu = blended(hu, source, growth.share, growth if is_lesion else None, spacing)
    return Region(
        treatment=treatment,
        kind=kind,
        hu=np.rint(hu),
        truth=(growth.share > 0.5) & is_lesion,
        spacing_mm=spacing,
        background=background.name,
        patient=background.patient,
        form=form if is_pasted else "",
        diameter_mm=diameter if is_pasted else 0.0,
    )


def reach_mm(share: Field, spacing_mm: Vector) -> float:
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


def _growth(
    kind: Kind,
    form: str,
    diameter_mm: float,
    widest_mm: float,
    spacing_mm: Vector,
    rng: np.random.Generator,
) -> Growth:
    """Draw a lesion as a scanner sees it, nowhere beyond ``widest_mm``."""
    first, size = -SIDE_MM / 2, int(SIDE_MM / DRAWN_MM) + 1
    grid = Grid((first, first, first), DRAWN_MM, (size, size, size))
    z, y, x = grid.axes()
    near = z**2 + y**2 + x**2 < widest_mm**2
    draw = _nodule if kind is Kind.NODULE else _patch
    veil, core = draw(grid, near, diameter_mm, form, rng)
    look = LOOKS[kind]
    texture = look.texture_hu * smooth_field(rng, grid, TEXTURE_MM)
    hard = CALCIFIED_HU if form == "calcified" else look.core_hu
    return Growth(
        _seen(veil, spacing_mm),
        _seen(core, spacing_mm),
        float(rng.uniform(*look.veil_hu)),
        float(rng.uniform(*hard)),
        _seen(texture, spacing_mm),
    )


def _nodule(
    grid: Grid, near: Mask, diameter_mm: float, form: str, rng: np.random.Generator
) -> tuple[Field, Field]:
    """Return veil and core of a nodule; a part-solid core lies where it likes."""
    middle, radius = np.zeros(3), diameter_mm / 2
    outline = "ground_glass" if form == "part_solid" else form
    share = near * body(grid, middle, radius, outline, rng)
    if form == "part_solid":
        aside = middle + rng.normal(0, 0.15 * radius, 3)
        size = rng.uniform(0.35, 0.6) * radius
        return share, share * body(grid, aside, size, "lobulated", rng)
    nothing = np.zeros_like(share)
    return (share, nothing) if form == "ground_glass" else (nothing, share)


def _patch(
    grid: Grid, near: Mask, diameter_mm: float, form: str, rng: np.random.Generator
) -> tuple[Field, Field]:
    """Return veil and core of a patch; a consolidation fades out through a veil."""
    radius = diameter_mm / 2
    oblong = np.exp(rng.normal(0, 0.15, 3))
    z, y, x = (
        axis * np.float32(each) for axis, each in zip(grid.axes(), oblong, strict=True)
    )
    away = np.sqrt(z**2 + y**2 + x**2)
    uneven = smooth_field(rng, grid, 0.8 * radius)
    uneven += 0.3 * smooth_field(rng, grid, max(0.3 * radius, 2.5))
    score = UNEVEN[form] * radius * uneven - away
    voxels = np.pi / 6 * (diameter_mm / grid.spacing_mm) ** 3
    soft = min(SOFT_MM[form], radius)
    share = filled(score, near, voxels, soft)
    if form == "hazy":
        return share, np.zeros_like(share)
    return share, np.clip(1.6 * share - 0.6, 0, 1)


def _seen(drawn: Field, spacing_mm: Vector) -> Field:
    """Return what is drawn on cubic voxels as the voxels of the series have it."""
    shape = cube_shape(spacing_mm)
    if not drawn.any():
        return np.zeros(shape, dtype=np.float32)
    wide = np.array([max(spacing_mm[0], BLUR_MM), BLUR_MM, BLUR_MM])
    blurred = ndimage.gaussian_filter(drawn, wide / FWHM / DRAWN_MM)
    matrix = np.asarray(spacing_mm) / DRAWN_MM
    offset = SIDE_MM / 2 / DRAWN_MM - matrix * (np.asarray(shape) // 2)
    seen: Field = ndimage.affine_transform(blurred, matrix, offset, shape, order=1)
    return seen


def blended(
    hu: Field, source: Field, share: Field, growth: Growth | None, spacing_mm: Vector
) -> Field:
    """Paste into ``hu`` as far as ``share`` covers it.

    The sum of two independent grains is weaker than either; it is brought back to
    their strength, so that no smooth rim gives a paste away.

    Parameters
    ----------
    source
        Healthy tissue of the same patient. Its grain is pasted in any case; the
        tissue itself only where ``growth`` is None.
    growth
        The lesion, or None for a sham.
    """
    own, other = _grain(hu, spacing_mm), _grain(source, spacing_mm)
    taken = np.clip(STEEP * (share - 0.5) + 0.5, 0, 1)
    strength = np.sqrt(taken**2 + (1 - taken) ** 2)
    grain = ((1 - taken) * own + taken * other) / strength
    here, there = hu - own, source - other
    tissue = growth.within(here) if growth else here + taken * (there - here)
    pasted: Field = (tissue + grain).astype(np.float32)
    return pasted


def _grain(hu: Field, spacing_mm: Vector) -> Field:
    """Return what varies from voxel to voxel, without the edges of vessels.

    What is beyond three deviations is such an edge, and stays with the tissue: else
    the outlines of the vessels of the source would shine through a lesion.
    """
    wide = [0, *(GRAIN_MM / FWHM / each for each in spacing_mm[1:])]
    rest = hu - ndimage.gaussian_filter(hu, wide)
    limit = 3 * 1.4826 * float(np.median(np.abs(rest)))
    grain: Field = np.where(np.abs(rest) < limit, rest, 0)
    return grain
