"""The arithmetic of change: rates, and how far they may be noise.

Rates are in per cent per year, times in years, volumes in any one unit.
"""

from __future__ import annotations

import calendar
import math
from collections.abc import Sequence
from datetime import date

import numpy as np

Z95 = 1.96
"""Half the width of a 95 % interval, in standard deviations."""

DAYS_PER_YEAR = 365.25

SHORTEST_MONTHS = 6
"""Below it the noise of two readings, divided by the time, drowns any disease. By the
calendar, as a follow-up is booked: 1 September to 1 March is enough. ADNI scans at 0,
6 and 12 months (Jack 2008, doi 10.1002/jmri.21049)."""


def is_long_enough(first: date, second: date) -> bool:
    """Tell whether a rate may be told: `SHORTEST_MONTHS` of the calendar, or more.

    >>> is_long_enough(date(2025, 9, 1), date(2026, 3, 1))
    True
    >>> is_long_enough(date(2025, 8, 31), date(2026, 2, 27))
    False
    """
    years, month = divmod(first.month - 1 + SHORTEST_MONTHS, 12)
    year, month = first.year + years, month + 1
    last_day = calendar.monthrange(year, month)[1]
    return second >= date(year, month, min(first.day, last_day))


def years_between(first: date, second: date) -> float:
    """Return the time from one date to a later one; negative to an earlier one."""
    return (second - first).days / DAYS_PER_YEAR


def annual_change(first: float, second: float, years: float) -> float:
    """Return the change in per cent per year: 100·((second/first)^(1/years) - 1).

    Raises
    ------
    ValueError
        A volume or the time is not above 0.

    >>> round(annual_change(4000, 3610, 2), 6)
    -5.0
    """
    if min(first, second, years) <= 0:
        raise ValueError("a rate needs two volumes and a time, all above 0")
    return 100 * math.expm1(math.log(second / first) / years)


def margin(sem_percent: float, years: float) -> float:
    """Return by how far noise may move 100·ln(second/first)/years: 1.96·√2·SEM/Δt.

    Half the width of a 95 % interval of the logarithm, per cent per year; `interval`
    makes one of the rate.

    Parameters
    ----------
    sem_percent
        Standard error of measurement of one reading, in per cent of the volume.

    >>> round(margin(1.0, 2.0), 3)
    1.386
    """
    return Z95 * math.sqrt(2) * sem_percent / years


def interval(rate: float, margin: float) -> tuple[float, float]:
    """Return the ends of the interval of a rate, per cent per year.

    The noise of a volume is a share of it, so an interval is even about the logarithm
    and not about the rate; none reaches down to a loss of everything.

    Parameters
    ----------
    margin
        From `margin` or `fitted_margin`.

    >>> [round(end, 2) for end in interval(-40.0, 10.0)]
    [-45.71, -33.69]
    """
    middle = math.log1p(rate / 100)
    low, high = (100 * math.expm1(middle + step / 100) for step in (-margin, margin))
    return low, high


def fitted_change(times: Sequence[float], volumes: Sequence[float]) -> float:
    """Return the rate of the least-squares line through the logarithms, %/year.

    Of two visits it is `annual_change`.

    Parameters
    ----------
    times
        In years from any origin, at least two different ones.
    volumes
        As many, all above 0.
    """
    slope = np.polyfit(np.asarray(times), np.log(np.asarray(volumes)), 1)[0]
    return 100 * math.expm1(float(slope))


def fitted_margin(sem_percent: float, times: Sequence[float]) -> float:
    """Return what `margin` is of two visits for `fitted_change`, of more.

    The standard error of a slope is SEM/√Σ(t - mean t)².
    """
    return Z95 * sem_percent / math.sqrt(float(np.var(times)) * len(times))
