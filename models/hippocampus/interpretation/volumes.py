"""Volumes as they are printed: everything that is said of a person is made of these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from models.contract import Measurement
from models.hippocampus.findings import MM3, PLAUSIBLE_MM3, VOLUME
from models.history import Patient

WHOLE = "Hippocampus"
"""The structure that published norms and rates are of."""

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
    """Tell whether each structure has one volume, and the whole that of a human."""
    low, high = PLAUSIBLE_MM3
    volumes = volumes_mm3(measurements)
    stated = {(item.structure, float(item.printed)) for item in _in_mm3(measurements)}
    return len(stated) == len(volumes) and low <= volumes.get(WHOLE, low) <= high


def _in_mm3(measurements: Sequence[Measurement]) -> list[Measurement]:
    return [
        item
        for item in measurements
        if item.name.value == VOLUME.value
        and item.unit.value == MM3.value
        and float(item.printed) > 0
    ]
