"""Volumes as they are printed: everything that is said of a person is made of these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from models.hippocampus.findings import MM3, PLAUSIBLE_MM3, STRUCTURES, VOLUME
from models.history import Patient
from models.terms import Measurement

WHOLE = "Hippocampus"
"""The structure that published norms and rates are of."""

PARTS = tuple(item.name for item in STRUCTURES if item.name != WHOLE)
"""What makes up the whole: no voxel is in two of them."""

ROUNDED_MM3 = 2.0
"""By which printed parts and whole may differ: each is rounded to a whole number."""

IMPLAUSIBLE = "prior_implausible"
"""Reason code: an earlier result has volumes that cannot be."""


def volumes_mm3(measurements: Sequence[Measurement]) -> dict[str, float]:
    """Return the printed volumes in mm³ that are above 0, by name of the structure.

    Who computes with the numbers of a page comes to what stands on the page.
    """
    return {item.structure: float(item.printed) for item in _in_mm3(measurements)}


def believable(patient: Patient) -> Patient:
    """Return the person without earlier results whose volumes cannot be.

    Such a number is a failed segmentation or a damaged report, and no change.
    """
    kept = tuple(p for p in patient.priors if _can_be(p.measurements))
    if len(kept) == len(patient.priors):
        return patient
    withheld = dict.fromkeys((*patient.priors_withheld, IMPLAUSIBLE))
    return replace(patient, priors=kept, priors_withheld=tuple(withheld))


def _can_be(measurements: Sequence[Measurement]) -> bool:
    """Tell whether a whole of human size is stated, and nothing contradicts it."""
    low, high = PLAUSIBLE_MM3
    volumes = volumes_mm3(measurements)
    stated = {(item.structure, float(item.printed)) for item in _in_mm3(measurements)}
    whole = volumes.get(WHOLE, 0.0)
    return (
        len(stated) == len(volumes)
        and low <= whole <= high
        and _makes_up([volumes[name] for name in PARTS if name in volumes], whole)
    )


def _makes_up(parts: Sequence[float], whole: float) -> bool:
    """Tell whether parts may be of a whole, of which they are all or some."""
    rest = whole - sum(parts)
    return rest >= -ROUNDED_MM3 and (len(parts) < len(PARTS) or rest <= ROUNDED_MM3)


def _in_mm3(measurements: Sequence[Measurement]) -> list[Measurement]:
    return [
        item
        for item in measurements
        if item.name == VOLUME and item.unit == MM3 and float(item.printed) > 0
    ]
