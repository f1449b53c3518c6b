"""Probabilities made believable, in the same order."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from sklearn.isotonic import IsotonicRegression

from models.training.classification.calibration import (
    Calibration,
    Isotonic,
    Logistic,
    calibration_of,
    isotonic,
    platt,
    temperature,
)
from models.training.classification.reliability import (
    brier,
    expected_error,
    reliability,
)
from models.training.classification.scored import Scored
from tests.models.training.classification.answers import answers, any_answers

Fit = Callable[[Scored], Calibration]
FITS: list[Fit] = [platt, temperature, isotonic]


def overconfident(count: int = 4000) -> Scored:
    """Return cases whose logits are three times too large, and shifted."""
    rng = np.random.default_rng(0)
    true = 1 / (1 + np.exp(-rng.normal(0, 1.5, count)))
    truth = rng.random(count) < true
    said = 1 / (1 + np.exp(-3 * np.log(true / (1 - true))))
    return answers(truth.tolist(), said.tolist())


def calibrated(scored: Scored, by: Calibration) -> Scored:
    """Return the cases with calibrated probabilities."""
    said = by(scored.probability)
    return Scored(scored.positive, scored.patients, scored.truth, said)


@pytest.mark.parametrize("fit", FITS)
def test_an_overconfident_network_is_calibrated(fit: Fit) -> None:
    """The expected error falls to what chance leaves on as many cases."""
    scored = overconfident()
    assert expected_error(scored) > 0.12

    found = calibrated(scored, fit(scored))

    assert expected_error(found) < 0.02
    assert brier(found) < brier(scored)


def test_a_temperature_is_found_again() -> None:
    """Three times too large: a slope of one third."""
    assert temperature(overconfident()).slope == pytest.approx(1 / 3, rel=0.1)


@pytest.mark.parametrize("fit", FITS)
@settings(max_examples=40)
@given(scored=any_answers())
def test_the_order_of_the_cases_stays(fit: Fit, scored: Scored) -> None:
    """Whatever the cases say; also where the answers are worse than chance."""
    found = fit(scored)

    steps = np.diff(found(np.linspace(0, 1, 200)))
    assert (steps >= -1e-12).all()
    assert ((found(scored.probability) >= 0) & (found(scored.probability) <= 1)).all()


@pytest.mark.parametrize("fit", FITS)
def test_a_bundle_keeps_the_calibration(fit: Fit) -> None:
    """Through JSON and back to the bit."""
    found = fit(overconfident(200))
    tried = np.linspace(0, 1, 50)

    again = calibration_of(json.loads(json.dumps(found.plain())))

    assert np.array_equal(again(tried), found(tried))


@settings(max_examples=40)
@given(any_answers())
def test_steps_are_those_of_scikit_learn(scored: Scored) -> None:
    """Another library, written by others."""
    theirs = IsotonicRegression(out_of_bounds="clip")
    theirs.fit(scored.probability, scored.truth)
    tried = np.linspace(0, 1, 30)

    assert isotonic(scored)(tried) == pytest.approx(theirs.predict(tried), abs=1e-6)


@pytest.mark.parametrize(
    "make", [lambda: Logistic(-1.0), lambda: Isotonic((0.1, 0.9), (0.8, 0.2))]
)
def test_a_map_that_turns_the_order_round_is_refused(
    make: Callable[[], Calibration],
) -> None:
    """It would call the sick well."""
    with pytest.raises(ValueError, match="a calibration keeps the order"):
        make()


def test_bins_hold_what_is_in_them() -> None:
    """Every case in one bin, the bounds included; error and score by hand."""
    scored = answers([0, 1, 1, 1], [0.0, 0.15, 0.95, 1.0])

    found = reliability(scored)

    assert [each.cases for each in found] == [1, 1, 0, 0, 0, 0, 0, 0, 0, 2]
    assert found[9].mean == pytest.approx(0.975)
    assert expected_error(scored) == pytest.approx((0 + 0.85 + 2 * 0.025) / 4)
    assert brier(scored) == pytest.approx((0.85**2 + 0.05**2) / 4)
