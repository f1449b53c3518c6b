"""Decide whether a volume is a chest CT that the models may read.

First what excludes it outright: no CT, no axial slices, too few or too thick ones. Then
the criteria are graded, and the confidence is their product, so that one point that no
chest CT has excludes, and several doubtful ones add up. Where only one lung holds air,
after surgery or under fluid, it is a chest all the same: admitted, with less confidence
and with a flag.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from models.chest_ct.admission.criteria import Criterion, criteria, cut_shares
from models.contract import Volume
from models.terms import Flag, Grade
from models.volume.geometry import reorientation
from models.volume.lungs import NO_LUNGS, NOT_SPLIT, ONE_LUNG, Lungs
from models.volume.lungs.grid import CANONICAL

LEAST_SLICES = 20
THICKEST_MM = 10.0
THICK_MM = 5.0

OBLIQUE_COSINE = 0.9
"""Slices are axial when their normal is nearer than 26 degrees to the body's axis."""

ADMITTED = 0.5
"""Confidence from which a volume counts as a chest CT."""

DOUBTS = {NO_LUNGS: 0.0, ONE_LUNG: 0.7, NOT_SPLIT: 0.6}
"""Flag of the lungs → grade: one lung may be missing, and two may touch widely."""

THICK_SLICES = Flag(
    "thick_slices",
    f"The slices lie more than {THICK_MM:.0f} mm apart: small findings can be missed.",
    Grade.B,
)


CUT_SHARE = 0.05
"""Of their largest area that an outermost slice may cut of lungs that end there; of the
five real chests at hand none comes to more than 0.03."""

CUT_OFF = Flag(
    "lungs_cut_off",
    "The images end within the lungs: what lies beyond was not read, and their volume "
    "is that of the part that is shown.",
    Grade.B,
)


@dataclass(frozen=True, slots=True)
class Admission:
    """The decision.

    Attributes
    ----------
    confidence
        0 to 1: the product of all grades; admitted from ``ADMITTED`` on.
    reason
        Reason code of the refusal, "" when admitted: ``not_ct``, ``not_axial``,
        ``too_few_slices``, ``slices_too_thick`` or that of the weakest criterion.
    detail
        What decided, in words.
    flags
        What a reader must know of an admitted volume.
    """

    is_chest: bool
    confidence: float
    reason: str
    detail: str
    flags: tuple[Flag, ...] = ()


def admit(volume: Volume, lungs: Lungs) -> Admission:
    """Decide from pixels and geometry whether this is a chest CT with its lungs.

    Parameters
    ----------
    lungs
        Of this volume, from ``find_lungs``.
    """
    if excluded := _excluded(volume):
        return Admission(False, 0.0, excluded.reason, excluded.detail)
    points = (*_doubts(lungs), *criteria(volume, lungs))
    confidence = math.prod(point.grade for point in points)
    weakest = min(points, key=lambda point: point.grade)
    if confidence < ADMITTED:
        return Admission(False, confidence, weakest.reason, weakest.detail)
    return Admission(
        True, confidence, "", _summary(volume, lungs), _flags(volume, lungs)
    )


def _summary(volume: Volume, lungs: Lungs) -> str:
    litres = int((lungs.labels > 0).sum()) * volume.voxel_mm3 / 1e6
    return f"axial CT that covers lungs of {litres:.1f} L"


def _excluded(volume: Volume) -> Criterion | None:
    """Return what makes looking at the pixels unnecessary, if anything does."""
    slices, step_mm = volume.shape[0], volume.spacing_mm[0]
    modality = volume.series.modality
    found = (
        ("not_ct", modality != "CT", f"modality {modality!r}"),
        ("not_ct", volume.units != "HU", "values that are no Hounsfield units"),
        ("not_axial", not _is_axial(volume), "slices that are not axial"),
        ("too_few_slices", slices < LEAST_SLICES, f"{slices} slices"),
        ("slices_too_thick", step_mm > THICKEST_MM, f"slices {step_mm:.1f} mm apart"),
    )
    for reason, holds, detail in found:
        if holds:
            return Criterion(reason, 0.0, detail)
    return None


def _is_axial(volume: Volume) -> bool:
    normal = np.cross(volume.affine[:3, 1], volume.affine[:3, 2])
    along = abs(normal[2]) / np.linalg.norm(normal)
    slices_first = reorientation(volume.affine, CANONICAL).axes[0] == 0
    return slices_first and bool(along > OBLIQUE_COSINE)


def _doubts(lungs: Lungs) -> Iterator[Criterion]:
    """Yield what the search for the lungs itself had to say."""
    for flag in lungs.flags:
        if flag in DOUBTS:
            yield Criterion(flag.code, DOUBTS[flag], flag.text)


def _flags(volume: Volume, lungs: Lungs) -> tuple[Flag, ...]:
    thick = (THICK_SLICES,) if volume.spacing_mm[0] > THICK_MM else ()
    cut = (CUT_OFF,) if max(cut_shares(volume, lungs)) > CUT_SHARE else ()
    return (*lungs.flags, *thick, *cut)
