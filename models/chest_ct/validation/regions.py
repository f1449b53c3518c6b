"""The second experiment: lesions that are drawn into real lungs, beside shams.

Cubes of real lungs are read by the 3D networks alone: with a drawn nodule,
consolidation or ground-glass, untouched, or with a *sham*, healthy tissue of the same
patient that went through the same paste. What tells a sham from an untouched cube is
the paste; what tells a lesion from a sham is the lesion. No study has a label here, and
nothing was trained on these backgrounds. The figures are never put together with those
of whole studies.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.chest_ct.cases.simulated import DATA
from models.chest_ct.harmonise import harmonise
from models.chest_ct.kinds import Kind
from models.chest_ct.preprocess import SIDE, Prepared, View, shown
from models.chest_ct.readers import Readers
from models.chest_ct.scores import fast_scores
from models.chest_ct.simulator.backgrounds import read_backgrounds
from models.chest_ct.simulator.regions import (
    LOOKS,
    Region,
    Treatment,
    draw_regions,
)
from models.contract import SeriesInfo, Volume
from models.training.classification.interval import Estimate
from models.training.classification.roc import auc_interval
from models.training.classification.scored import Scored
from models.volume.bundle import load_bundle
from models.volume.geometry import Affine
from models.volume.lungs import RIGHT_LUNG

REGIONS = 40
"""Of each kind and treatment in each background."""

SEED = 0

FEWEST_PATIENTS = 6
"""Of an interval: a bootstrap of three lies between the least and the largest, and
holds the truth in 72 of 100 cases."""

CENTRE_MM = 12.0
"""A lesion lies in the middle of its cube: what is said so far from it counts."""

DRAWN = tuple(LOOKS)
"""Kinds that are drawn, and that a drawn lesion of any kind may be taken for."""

PAIRS = (
    (Treatment.LESION, Treatment.UNTOUCHED),
    (Treatment.LESION, Treatment.SHAM),
    (Treatment.SHAM, Treatment.UNTOUCHED),
)
"""What is told from what; the last should not be told at all."""

LESION_OR_SHAM = PAIRS[1]

PATCHES_MM = ((8.0, 35.0), (8.0, 14.0), (14.0, 22.0), (22.0, 35.0))
DIAMETERS_MM = {
    Kind.NODULE: ((4.0, 30.0), (4.0, 6.0), (6.0, 10.0), (10.0, 30.0)),
    Kind.CONSOLIDATION: PATCHES_MM,
    Kind.GROUND_GLASS: PATCHES_MM,
}
"""Each from its first figure to below its second; all of a kind, then part by part."""

WHOLE_HU = 2000.0
"""Range of densities over which the mean of a cube becomes a number from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Said:
    """What was said of one region.

    Attributes
    ----------
    kind
        Of the region: a sham or an untouched one is held against lesions of its kind.
    chance
        Of a lesion in its middle, as the map of evidence has it.
    density
        Mean of its middle, from 0, air, to 1: the plainest measure.
    """

    treatment: Treatment
    kind: Kind
    background: str
    patient: str
    diameter_mm: float
    chance: float
    density: float


def judge_regions(bundle: Path) -> dict[str, Any] | None:
    """Read regions of the real series that are at hand; None where there are none."""
    folder = Path(os.environ.get(DATA, "")) / "chest_ct"
    if DATA not in os.environ or not folder.is_dir():
        return None
    readers = Readers.of(load_bundle(bundle))
    said = [
        say(region, readers)
        for number, background in enumerate(read_backgrounds(folder))
        for region in draw_regions(background, REGIONS, SEED + number)
    ]
    return figures(said)


def say(region: Region, readers: Readers) -> Said:
    """Return what the 3D networks say of the middle of a region."""
    volume = centred(region)
    prepared = as_lung(volume, readers.cnn_view)
    found = fast_scores(readers.cnns, prepared, readers.cnn_view, "fp32", "cpu")
    cells = middle(found.evidence.chances.shape[1:], found.evidence.affine)
    chances = [found.evidence.chances[kind - 1][cells].max() for kind in DRAWN]
    density = float(region.hu[middle(region.hu.shape, volume.affine)].mean())
    return Said(
        region.treatment,
        region.kind,
        f"{region.patient} {region.background}",
        region.patient,
        region.diameter_mm,
        float(max(chances)),
        float(np.clip((density + 1000) / WHOLE_HU, 0, 1)),
    )


def centred(region: Region) -> Volume:
    """Return a region as a volume whose middle is the origin."""
    depth, row, column = region.spacing_mm
    affine = np.zeros((4, 4))
    affine[2, 0], affine[1, 1], affine[0, 2], affine[3, 3] = depth, row, column, 1.0
    affine[:3, 3] = -affine[:3, :3] @ ((np.array(region.hu.shape) - 1) / 2)
    series = SeriesInfo("2.25.1", "2.25.2", "CT", ())
    return Volume(region.hu.copy(), affine, "HU", series)


def as_lung(volume: Volume, view: View) -> Prepared:
    """Return a volume as the 3D networks see a chest: lung, all of it."""
    d, h, w = (slice(0, size) for size in volume.shape)
    seen = harmonise(volume, (d, h, w), view.spacing_mm, view.fwhm_mm)
    labels = np.full(seen.array.shape, RIGHT_LUNG * SIDE, np.uint8)
    return shown(seen, labels, view)


def middle(shape: tuple[int, ...], affine: Affine) -> npt.NDArray[np.bool_]:
    """Return which points of a grid lie within `CENTRE_MM` of the origin.

    Of a grid so coarse that none does, the nearest.
    """
    points = np.moveaxis(np.indices(shape), 0, -1) @ affine[:3, :3].T + affine[:3, 3]
    away = np.linalg.norm(points, axis=-1)
    near: npt.NDArray[np.bool_] = away <= max(CENTRE_MM, float(away.min()))
    return near


def figures(said: Sequence[Said]) -> dict[str, Any]:
    """Return how well each treatment is told from each other one.

    Intervals are by patient: the series of one are one background.
    """
    return {
        "regions": len(said),
        "patients": len({each.patient for each in said}),
        "all": _pairs("", said),
        "by_kind": [
            found
            for kind in DRAWN
            for found in _pairs(f"{words(kind)}, ", _of(said, kind))
        ],
        "by_background": list(_by_background(said)),
        "by_diameter": list(_by_diameter(said)),
    }


def words(kind: Kind) -> str:
    """Return the name of a kind in a table."""
    return kind.name.lower().replace("_", "-")


def _of(said: Sequence[Said], kind: Kind) -> list[Said]:
    return [each for each in said if each.kind is kind]


def _pairs(before: str, said: Sequence[Said]) -> list[dict[str, Any]]:
    return [
        row(f"{before}{one} from {other}", said, (one, other)) for one, other in PAIRS
    ]


def _by_background(said: Sequence[Said]) -> Iterator[dict[str, Any]]:
    for background in dict.fromkeys(each.background for each in said):
        there = [each for each in said if each.background == background]
        for kind in DRAWN:
            name = f"{words(kind)}, {background}"
            yield row(name, _of(there, kind), LESION_OR_SHAM)


def _by_diameter(said: Sequence[Said]) -> Iterator[dict[str, Any]]:
    for kind, spans in DIAMETERS_MM.items():
        for low, high in spans:
            name = f"{words(kind)}, {low:g} to {high:g} mm"
            chosen = [e for e in _of(said, kind) if low <= e.diameter_mm < high]
            yield row(name, chosen, LESION_OR_SHAM)


def row(
    name: str, said: Sequence[Said], pair: tuple[Treatment, Treatment]
) -> dict[str, Any]:
    """Return how well the first of a pair is told from the second."""
    chosen = [each for each in said if each.treatment in pair]
    first = sum(each.treatment is pair[0] for each in chosen)
    content: dict[str, Any] = {
        "name": name,
        "first": first,
        "second": len(chosen) - first,
        "patients": len({each.patient for each in chosen}),
        "auc": None,
        "mean_hu_auc": None,
    }
    if not chosen:
        return content
    truth = np.array([each.treatment is pair[0] for each in chosen], np.bool_)
    patients = [each.patient for each in chosen]
    for key, values in (
        ("auc", [each.chance for each in chosen]),
        ("mean_hu_auc", [each.density for each in chosen]),
    ):
        scored = Scored(str(pair[0]), patients, truth, np.array(values, np.float64))
        content[key] = area(scored).plain()
    return content


def area(scored: Scored) -> Estimate:
    """Return the area; of fewer than `FEWEST_PATIENTS` no interval can be said."""
    found = auc_interval(scored)
    if len(set(scored.patients)) >= FEWEST_PATIENTS:
        return found
    return Estimate(found.value, math.nan, math.nan)
