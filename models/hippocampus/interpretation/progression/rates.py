"""From this study's volumes and the person's earlier ones to what is reported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from models.hippocampus.findings import STRUCTURES
from models.hippocampus.interpretation.progression import words
from models.hippocampus.interpretation.progression.change import (
    annual_change,
    fitted_change,
    fitted_margin,
    interval,
    margin,
)
from models.hippocampus.interpretation.progression.comparison import (
    Visit,
    reference,
    visits,
    withheld,
)
from models.hippocampus.interpretation.progression.course import trends
from models.hippocampus.interpretation.progression.reading import Reading
from models.hippocampus.interpretation.progression.reasons import VOLUME_MISSING
from models.hippocampus.interpretation.volumes import WHOLE, volumes_mm3
from models.history import Interpretation, Patient
from models.terms import Flag, Measurement, Statement

BEYOND_NOISE = "change_beyond_noise"
"""Reason code: of the whole hippocampus alone, whose published rates stand beside."""


def interpret(
    measurements: Sequence[Measurement], patient: Patient, reading: Reading
) -> Interpretation:
    """Return change per year, its interval, and the values over time.

    Nothing is printed that is not proven: without a date, an earlier visit of the
    proven same side, or half a year between them, a statement says so with its
    reason code.
    """
    now = volumes_mm3(measurements)
    if patient.study_date is None:
        return Interpretation(statements=tuple(_refused(patient, [])))
    found = visits(patient, patient.study_date, reading.device_uid)
    first = reference(found, patient.study_date)
    drawn = tuple(trends(now, found, patient.study_date, reading))
    if first is None:
        refused = tuple(_refused(patient, found))
        return Interpretation(statements=refused, trends=drawn)
    return Interpretation(
        statements=(
            *map(words.not_used, patient.priors_withheld),
            *_rates(now, first, reading),
            *_fits(now, found, first, reading),
            words.noise_text(reading.noise),
            *words.response_text(reading.response),
            Statement("Published rates", words.PUBLISHED),
            Statement("Formula", words.FORMULA),
        ),
        flags=(*_cautions(first), *_beyond(now, first, reading)),
        trends=drawn,
    )


def _refused(patient: Patient, found: Sequence[Visit]) -> Iterator[Statement]:
    """Say why there is no rate; a prior that was found and refused comes first."""
    yield from map(words.withheld, patient.priors_withheld)
    if patient.priors or not patient.priors_withheld:
        yield words.withheld(withheld(patient, found))


def _rate(
    name: str, now: Mapping[str, float], first: Visit, reading: Reading
) -> tuple[float, float | None] | None:
    """Return the change of a structure and its margin; None where a volume lacks.

    The margin is None where there is a caution or the noise is not known.
    """
    if name not in now or name not in first.volumes:
        return None
    rate = annual_change(first.volumes[name], now[name], first.years)
    sem = None if first.cautions else reading.sem_percent(name)
    return rate, None if sem is None else margin(sem, first.years)


def _rates(
    now: Mapping[str, float], first: Visit, reading: Reading
) -> Iterator[Statement]:
    for name in (structure.name for structure in STRUCTURES):
        rate = _rate(name, now, first, reading)
        if rate is None:
            yield words.withheld(VOLUME_MISSING, name)
            continue
        text = words.rate_text(*rate, words.OF_NOISE if name == WHOLE else "")
        since = f" {words.since(first)}" if name == WHOLE else ""
        volumes = words.from_to(first.volumes[name], now[name])
        more = f" {words.NO_INTERVAL}" if first.cautions and name == WHOLE else ""
        yield Statement(words.LABEL, f"{text}{since}: {volumes}.{more}", name)


def _fits(
    now: Mapping[str, float],
    found: Sequence[Visit],
    first: Visit,
    reading: Reading,
) -> Iterator[Statement]:
    """Add the log-linear fit of the whole hippocampus from three visits on."""
    used = [
        visit
        for visit in found
        if WHOLE in visit.volumes and bool(visit.cautions) == bool(first.cautions)
    ]
    if len(used) < 2 or WHOLE not in now or first not in used:
        return
    times = [-visit.years for visit in used] + [0.0]
    rate = fitted_change(times, [v.volumes[WHOLE] for v in used] + [now[WHOLE]])
    sem = None if first.cautions else reading.sem_percent(WHOLE)
    text = words.rate_text(rate, None if sem is None else fitted_margin(sem, times))
    yield Statement(
        "Log-linear fit", f"{text}, least squares over {len(times)} visits.", WHOLE
    )


def _cautions(first: Visit) -> Iterator[Flag]:
    when = first.prior.study_date.isoformat()
    for code, what in first.cautions.items():
        yield Flag(code, f"Change since {when} is less certain: {what}.")


def _beyond(now: Mapping[str, float], first: Visit, reading: Reading) -> Iterator[Flag]:
    """Flag a change of the whole whose interval, as printed, leaves out 0."""
    rate, width = _rate(WHOLE, now, first, reading) or (0.0, None)
    if width is None:
        return
    low, high = (round(end, words.DECIMALS) for end in interval(rate, width))
    if not low <= 0 <= high:
        yield Flag(BEYOND_NOISE, words.beyond_noise(rate, width))
