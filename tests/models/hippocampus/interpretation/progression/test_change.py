"""Rates: what must hold whatever the volumes are."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from models.hippocampus.interpretation.progression.change import (
    annual_change,
    fitted_change,
    fitted_margin,
    interval,
    margin,
    years_between,
)

VOLUMES = st.floats(1500, 6000)
YEARS = st.floats(0.5, 20)
SEMS = st.floats(0.1, 5)
RATES = st.floats(-90, 90)

MARGIN = margin(1.0, 1.0)
"""Of readings with a SEM of 1 %, a year apart."""


@given(VOLUMES, YEARS)
def test_equal_volumes_are_no_change(volume: float, years: float) -> None:
    """However long it took."""
    assert annual_change(volume, volume, years) == 0


@given(VOLUMES, VOLUMES, YEARS)
def test_the_sign_says_whether_it_shrank(
    first: float, second: float, years: float
) -> None:
    """A loss is negative."""
    assume(abs(first - second) > 1e-6)

    assert (annual_change(first, second, years) < 0) == (second < first)


@given(VOLUMES, VOLUMES, YEARS)
def test_a_change_and_its_reverse_cancel(
    first: float, second: float, years: float
) -> None:
    """Symmetry: growth factors of there and back multiply to 1."""
    there = 1 + annual_change(first, second, years) / 100
    back = 1 + annual_change(second, first, years) / 100

    assert there * back == pytest.approx(1)


@given(VOLUMES, st.floats(-10, 10), YEARS)
def test_a_steady_rate_is_found_again(first: float, rate: float, years: float) -> None:
    """Compound growth, not per cent of the first visit divided by years."""
    second = first * (1 + rate / 100) ** years

    assert annual_change(first, second, years) == pytest.approx(rate, abs=1e-9)


@given(SEMS, YEARS, YEARS)
def test_the_margin_widens_with_a_shorter_time(
    sem: float, shorter: float, longer: float
) -> None:
    """Strictly, down to the shortest time that is allowed."""
    assume(longer - shorter > 1e-6)

    assert margin(sem, shorter) > margin(sem, longer)


@given(RATES, SEMS, YEARS)
def test_the_interval_of_a_rate_is_even_about_its_logarithm(
    rate: float, sem: float, years: float
) -> None:
    """Ends are as many times smaller and larger; each sees the rate from its own."""
    width = margin(sem, years)

    low, high = interval(rate, width)

    assert -100 < low < rate < high
    assert (1 + low / 100) * (1 + high / 100) == pytest.approx((1 + rate / 100) ** 2)
    assert interval(low, width)[1] == pytest.approx(rate)


@pytest.mark.parametrize("true", [-40.0, -8.0, 0.0, 8.0])
def test_an_interval_holds_the_truth_as_often_as_it_says(true: float) -> None:
    """Nineteen times in twenty, however fast the change."""
    rng = np.random.default_rng(0)
    logs = np.log1p(true / 100) + rng.normal(0, 2**0.5 / 100, 20_000)
    rates = 100 * np.expm1(logs)

    held = [low <= true <= high for low, high in (interval(r, MARGIN) for r in rates)]

    assert np.mean(held) == pytest.approx(0.95, abs=0.005)


@given(VOLUMES, VOLUMES, YEARS, SEMS)
def test_the_fit_of_two_visits_is_the_rate_of_the_two(
    first: float, second: float, years: float, sem: float
) -> None:
    """Rate and margin alike: one method, not two that disagree."""
    times = [-years, 0.0]

    assert fitted_change(times, [first, second]) == pytest.approx(
        annual_change(first, second, years), abs=1e-7
    )
    assert fitted_margin(sem, times) == pytest.approx(margin(sem, years))


@given(VOLUMES, st.floats(-10, 10), st.lists(YEARS, min_size=3, max_size=6))
def test_a_fit_of_visits_on_one_curve_is_that_curve(
    first: float, rate: float, gaps: list[float]
) -> None:
    """Any number of visits, unevenly apart."""
    times = [sum(gaps[:count]) for count in range(len(gaps) + 1)]
    volumes = [first * (1 + rate / 100) ** time for time in times]

    assert fitted_change(times, volumes) == pytest.approx(rate, abs=1e-6)


@given(SEMS, YEARS)
def test_a_visit_between_narrows_no_margin_wrongly(sem: float, years: float) -> None:
    """One in the very middle tells nothing of the slope; one at the end does."""
    ends = [0.0, years]

    middle = fitted_margin(sem, [0.0, years / 2, years])
    again = fitted_margin(sem, [*ends, years])

    assert middle == pytest.approx(fitted_margin(sem, ends))
    assert again < fitted_margin(sem, ends)


def test_a_year_is_that_of_the_calendar() -> None:
    """365.25 days; backwards is negative."""
    assert years_between(date(2020, 1, 1), date(2024, 1, 1)) == pytest.approx(4)
    assert years_between(date(2024, 1, 1), date(2020, 1, 1)) == pytest.approx(-4)


@pytest.mark.parametrize("bad", [(0, 1, 1), (1, 0, 1), (1, 1, 0), (1, 1, -1)])
def test_no_rate_of_nothing(bad: tuple[float, float, float]) -> None:
    """A volume of 0 or a time of 0 has none."""
    with pytest.raises(ValueError, match="above 0"):
        annual_change(*bad)
