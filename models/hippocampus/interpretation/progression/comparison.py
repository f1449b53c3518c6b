"""Which earlier visits may be set beside this one, and what speaks against them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from models.hippocampus.findings import MIRRORED
from models.hippocampus.interpretation.progression import reasons
from models.hippocampus.interpretation.progression.change import (
    is_long_enough,
    years_between,
)
from models.hippocampus.interpretation.volumes import volumes_mm3
from models.history import Patient, Prior

TIMES_MS = frozenset({"RepetitionTime", "EchoTime", "InversionTime"})
TIME_TOLERANCE = 0.05
"""Relative: a console fits the times of one protocol to each field of view. Chosen, not
measured."""

SERIAL_NUMBER = "DeviceSerialNumber"
"""Tells two scanners of one model apart, where both visits state it."""


@dataclass(frozen=True, slots=True)
class Visit:
    """An earlier visit that shows the same side.

    Attributes
    ----------
    years
        From it to this study.
    volumes
        Name of the structure → mm³, as printed then.
    cautions
        Reason code → what differs, in words.
    """

    prior: Prior
    years: float
    volumes: Mapping[str, float]
    cautions: Mapping[str, str]


def visits(patient: Patient, study_date: date, device_uid: str) -> list[Visit]:
    """Return the earlier visits of the proven same side, oldest first."""
    if patient.laterality is None:
        return []
    found = [
        Visit(
            prior,
            years_between(prior.study_date, study_date),
            volumes_mm3(prior.measurements),
            cautions(prior, patient, device_uid),
        )
        for prior in patient.priors
        if prior.laterality == patient.laterality and prior.study_date < study_date
    ]
    return sorted(found, key=lambda visit: visit.prior.study_date)


def reference(found: Sequence[Visit], study_date: date) -> Visit | None:
    """Return the visit that a rate is computed from: the earliest comparable one.

    The longest time divides the noise most. One without a caution comes before any
    with one, because an older but differently made volume adds an error that time
    does not divide away in a known manner. None is younger than half a year.
    """
    old_enough = [
        visit for visit in found if is_long_enough(visit.prior.study_date, study_date)
    ]
    clean = [visit for visit in old_enough if not visit.cautions]
    return next(iter(clean or old_enough), None)


def withheld(patient: Patient, found: Sequence[Visit]) -> str:
    """Return the reason code why there is no `reference`."""
    if patient.study_date is None:
        return reasons.NO_DATE
    if not patient.priors:
        return reasons.NO_PRIOR
    if found:
        return reasons.TOO_SHORT
    sides = {prior.laterality for prior in patient.priors}
    if patient.laterality is None or None in sides:
        return reasons.SIDE_UNKNOWN
    if all(prior.laterality != patient.laterality for prior in patient.priors):
        return reasons.OTHER_SIDE
    return reasons.TOO_SHORT


def cautions(prior: Prior, patient: Patient, device_uid: str) -> dict[str, str]:
    """Return what makes the two volumes less comparable: reason code → words.

    That both were mirrored to be read does not: it holds for every visit of the side.
    """
    found = reasons.cautions(code for code in prior.cautions if code != MIRRORED)
    if not device_uid or prior.device_uid != device_uid:
        found[reasons.OTHER_WEIGHTS] = (
            f"read by version {prior.model_version or 'unknown'}"
        )
    if not prior.protocol or not patient.protocol:
        found[reasons.PROTOCOL_UNKNOWN] = reasons.CAUTIONS[reasons.PROTOCOL_UNKNOWN]
    elif differences := _differences(prior.protocol, patient.protocol):
        found[reasons.OTHER_PROTOCOL] = "; ".join(differences)
    return found


def _differences(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    return [
        f"{keyword} {then.get(keyword) or 'absent'} then, "
        f"{now.get(keyword) or 'absent'} now"
        for keyword in sorted({*then, *now})
        if not _agree(keyword, then.get(keyword, ""), now.get(keyword, ""))
    ]


def _agree(keyword: str, then: str, now: str) -> bool:
    if keyword == SERIAL_NUMBER and not (then and now):
        return True
    if keyword in TIMES_MS and then and now:
        return math.isclose(float(then), float(now), rel_tol=TIME_TOLERANCE)
    return then == now
