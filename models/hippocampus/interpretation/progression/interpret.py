"""From this study's volumes and the person's earlier ones to what is reported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from models.contract import Flag, Measurement, Statement
from models.hippocampus.findings import MM3, STRUCTURES
from models.hippocampus.interpretation.progression import words
from models.hippocampus.interpretation.progression.change import (
    Z95,
    annual_change,
    fitted_change,
    fitted_margin,
    margin,
)
from models.hippocampus.interpretation.progression.comparison import (
    OTHER_WEIGHTS,
    Visit,
    reference,
    visits,
    volumes_mm3,
    withheld,
)
from models.hippocampus.interpretation.progression.noise import Noise
from models.history import Interpretation, Patient, Trend, TrendPoint

WHOLE = "Hippocampus"
"""The structure that published rates are of; only its change raises a flag."""

BEYOND_NOISE = "change_beyond_noise"


@dataclass(frozen=True, slots=True)
class Reading:
    """Who reads: what of this study is no property of the person.

    Attributes
    ----------
    device_uid
        Device UID (0018,1002) of the weights that read this study.
    noise
        Of one reading, as the bundle states it; None withholds intervals.
    """

    study_instance_uid: str
    device_uid: str
    noise: Noise | None


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
    first = reference(found)
    drawn = tuple(_trends(now, found, patient, reading))
    if first is None:
        refused = tuple(_refused(patient, found))
        return Interpretation(statements=refused, trends=drawn)
    return Interpretation(
        statements=(
            *map(words.not_used, patient.priors_withheld),
            *_rates(now, first, reading.noise),
            *_fits(now, found, first, reading.noise),
            Statement("Formula", words.FORMULA),
            words.noise_text(reading.noise),
            Statement("Published rates", words.PUBLISHED),
        ),
        flags=(*_cautions(first), *_beyond(now, first, reading.noise)),
        trends=drawn,
    )


def _refused(patient: Patient, found: Sequence[Visit]) -> Iterator[Statement]:
    """Say why there is no rate; a prior that was found and refused comes first."""
    yield from map(words.withheld, patient.priors_withheld)
    if patient.priors or not patient.priors_withheld:
        yield words.withheld(withheld(patient, found))


def _half_width(name: str, visit: Visit, noise: Noise | None) -> float | None:
    if noise is None or visit.cautions or name not in noise.spreads:
        return None
    return margin(noise.spreads[name].sem, visit.years)


def _rates(
    now: Mapping[str, float], first: Visit, noise: Noise | None
) -> Iterator[Statement]:
    for structure in STRUCTURES:
        name = structure.name
        if name not in now or name not in first.volumes:
            yield words.withheld("volume_missing", name)
            continue
        then = first.volumes[name]
        rate = annual_change(then, now[name], first.years)
        text = words.rate_text(rate, _half_width(name, first, noise))
        parts = [f"{text} {words.since(first, then, now[name])}."]
        parts += [words.no_interval(first)] if first.cautions else []
        yield Statement(words.LABEL, " ".join(parts), name)


def _fits(
    now: Mapping[str, float],
    found: Sequence[Visit],
    first: Visit,
    noise: Noise | None,
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
    half_width = None
    if noise is not None and WHOLE in noise.spreads and not first.cautions:
        half_width = fitted_margin(noise.spreads[WHOLE].sem, times)
    text = words.rate_text(rate, half_width)
    yield Statement(
        "Log-linear fit", f"{text}, least squares over {len(times)} visits.", WHOLE
    )


def _cautions(first: Visit) -> Iterator[Flag]:
    when = first.prior.study_date.isoformat()
    for code, what in first.cautions.items():
        yield Flag(code, f"Change since {when} is less certain: {what}.")


def _beyond(
    now: Mapping[str, float], first: Visit, noise: Noise | None
) -> Iterator[Flag]:
    """Flag a change of the whole hippocampus that noise alone does not explain."""
    half_width = _half_width(WHOLE, first, noise)
    if half_width is None or WHOLE not in now or WHOLE not in first.volumes:
        return
    rate = annual_change(first.volumes[WHOLE], now[WHOLE], first.years)
    if abs(rate) > half_width:
        yield Flag(
            BEYOND_NOISE,
            f"Hippocampus {words.signed(rate)} % per year, beyond the noise of reading "
            f"(± {half_width:.1f}, itself a lower bound).",
        )


def _trends(
    now: Mapping[str, float],
    found: Sequence[Visit],
    patient: Patient,
    reading: Reading,
) -> Iterator[Trend]:
    if patient.study_date is None or not found:
        return
    for structure in STRUCTURES:
        name = structure.name
        points = [
            TrendPoint(
                visit.prior.study_date,
                visit.volumes[name],
                visit.prior.study_instance_uid,
                None
                if OTHER_WEIGHTS in visit.cautions
                else _point_margin(name, visit.volumes[name], reading.noise),
            )
            for visit in found
            if name in visit.volumes
        ]
        if not points or name not in now:
            continue
        here = _point_margin(name, now[name], reading.noise)
        last = TrendPoint(
            patient.study_date, now[name], reading.study_instance_uid, here
        )
        bands = dict(words.BANDS) if name == WHOLE else {}
        yield Trend(name, MM3, 0, (*points, last), bands)


def _point_margin(name: str, value: float, noise: Noise | None) -> float | None:
    """Return half the 95 % interval of one volume in mm³."""
    if noise is None or name not in noise.spreads:
        return None
    return Z95 * noise.spreads[name].sem / 100 * value
