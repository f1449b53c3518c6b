"""The standard error of measurement, against what it must be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.hippocampus.validation.retest.sem import spread


def readings(
    sem: float, subjects: int = 100, repeats: int = 12
) -> dict[str, list[list[float]]]:
    """Return two cases per subject whose readings vary by ``sem`` per cent."""
    rng = np.random.default_rng(0)
    return {
        str(subject): [
            list(size * np.exp(rng.normal(0, sem / 100, repeats)))
            for size in (2500.0, 4000.0)
        ]
        for subject in range(subjects)
    }


@pytest.mark.parametrize("sem", [0.5, 1.0, 3.0])
def test_a_known_spread_is_found_again(sem: float) -> None:
    """Whatever the size of the hippocampus; its interval holds the truth."""
    found = spread(readings(sem))

    assert found.sem == pytest.approx(sem, rel=0.05)
    assert found.low < sem < found.high


@given(st.floats(1000, 6000))
def test_equal_readings_have_no_spread(volume: float) -> None:
    """Nothing varies, so nothing is uncertain."""
    assert spread({"1": [[volume] * 3]}).sem == pytest.approx(0, abs=1e-9)


def test_more_subjects_narrow_the_interval() -> None:
    """It is an interval over subjects, not over readings."""
    few, many = spread(readings(1.0, 8)), spread(readings(1.0, 200))

    assert many.high - many.low < few.high - few.low


def test_one_noisy_case_counts_by_its_variance() -> None:
    """Deviations averaged would hide it: one case of ±10 % among nine quiet ones."""
    quiet = {str(number): [[3000.0, 3000.0]] for number in range(9)}
    loud = {"9": [[3000.0 * np.exp(0.1), 3000.0 * np.exp(-0.1)]]}

    assert spread(quiet | loud).sem == pytest.approx(100 * np.sqrt(0.02 / 10))


@pytest.mark.parametrize("bad", [[3000.0], [3000.0, 0.0]])
def test_what_has_no_spread_is_refused(bad: list[float]) -> None:
    """One reading says nothing; an empty mask has no logarithm."""
    with pytest.raises(ValueError, match="two readings above 0"):
        spread({"1": [bad]})
