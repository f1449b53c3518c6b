"""The volumes of all visits over time, as the page draws them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from models.hippocampus.findings import MM3, STRUCTURES
from models.hippocampus.interpretation.progression.change import Z95
from models.hippocampus.interpretation.progression.comparison import Visit
from models.hippocampus.interpretation.progression.reading import Reading
from models.hippocampus.interpretation.progression.reasons import OTHER_WEIGHTS
from models.hippocampus.interpretation.progression.words import BANDS
from models.hippocampus.interpretation.volumes import WHOLE
from models.history import Trend, TrendPoint


def trends(
    now: Mapping[str, float], found: Sequence[Visit], today: date, reading: Reading
) -> Iterator[Trend]:
    """Yield the course of each structure that an earlier visit measured.

    Parameters
    ----------
    now
        Name of the structure → mm³ of this study.
    found
        Oldest first.
    today
        Date of this study.
    """
    for name in (structure.name for structure in STRUCTURES):
        points = [_point(name, v, reading) for v in found if name in v.volumes]
        if not points or name not in now:
            continue
        margin = _margin(name, now[name], reading)
        last = TrendPoint(today, now[name], reading.study_instance_uid, margin)
        bands = dict(BANDS) if name == WHOLE else {}
        yield Trend(name, MM3, 0, (*points, last), bands)


def _point(name: str, visit: Visit, reading: Reading) -> TrendPoint:
    """Return an earlier value; the noise of other weights is not known."""
    value, prior = visit.volumes[name], visit.prior
    known = OTHER_WEIGHTS not in visit.cautions
    margin = _margin(name, value, reading) if known else None
    return TrendPoint(prior.study_date, value, prior.study_instance_uid, margin)


def _margin(name: str, value: float, reading: Reading) -> float | None:
    """Return half the 95 % interval of one volume, in its unit; None if unknown."""
    sem = reading.sem_percent(name)
    return None if sem is None else Z95 * sem / 100 * value
