"""Judging pairs: readers with known faults get the verdict they deserve."""

from __future__ import annotations

from dataclasses import replace

import pytest

from models.hippocampus.validation.synthetic_visits.judgement import (
    Judged,
    Summary,
    judged,
    measured_response,
    summarised,
)
from models.hippocampus.validation.synthetic_visits.trial import Pair
from tests.models.hippocampus.validation.synthetic_visits.made import (
    NOISE,
    made_pairs,
)

WHOLE = "Hippocampus"


def whole(found: list[Pair]) -> Summary:
    """Return the summary of the whole hippocampus."""
    return summarised(WHOLE, judged(found, NOISE))


def test_honest_noise_is_covered() -> None:
    """Nineteen of twenty, with no error on average and the whole response."""
    summary = whole(made_pairs())

    everything = summary.rows[0]
    assert 0.92 < everything.covered["mean"] < 0.98
    assert abs(everything.error["mean"]) < 0.1
    assert summary.response == pytest.approx(1, abs=0.03)


def test_noise_that_was_underestimated_is_seen() -> None:
    """Twice the noise that the interval knows of."""
    assert whole(made_pairs(noise_percent=2)).rows[0].covered["mean"] < 0.75


def test_a_change_that_is_seen_in_part_is_seen() -> None:
    """Four fifths of a change: a loss is understated, the more the larger it is."""
    summary = whole(made_pairs(response=0.8))

    everything, losses, _, growth, *_ = summary.rows
    assert losses.name.startswith("-3")  # eight per cent over five years: -34 %
    assert summary.response == pytest.approx(0.8, abs=0.03)
    assert everything.error["mean"] > 0.4
    assert losses.error["mean"] > 0.8
    assert abs(growth.error["mean"]) < 0.3


def test_thirds_show_what_the_mean_hides() -> None:
    """Intervals of the noise alone fail where changes are large, and only there."""
    _, losses, _, growth, *years = whole(made_pairs(response=0.8)).rows

    assert losses.covered["mean"] < 0.5
    assert growth.covered["mean"] > 0.9
    assert [row.pairs for row in years] == [134, 133, 133]


def test_intervals_are_of_subjects_not_of_pairs() -> None:
    """What a person's pairs have in common is not averaged away by more of them."""
    found = [p for p in made_pairs() if p.structure == WHOLE]
    odd = [replace(p, measured_rate=p.true_rate + p.number % 8) for p in found]
    persons = [Judged(replace(p, subject=p.number % 8), 1) for p in odd]
    strangers = [Judged(replace(p, subject=p.number), 1) for p in odd]

    of_persons, of_strangers = (
        summarised(WHOLE, one).rows[0].error for one in (persons, strangers)
    )

    assert of_persons["mean"] == pytest.approx(of_strangers["mean"])
    widths = [one["high"] - one["low"] for one in (of_persons, of_strangers)]
    assert widths[0] > 5 * widths[1]


def test_all_covered_is_no_certainty() -> None:
    """Forty persons without a miss leave room for one in ten; none covered likewise."""
    found = [p for p in made_pairs(count=40) if p.structure == WHOLE]
    wide, narrow = (
        summarised(WHOLE, [Judged(p, margin) for p in found]).rows[0].covered
        for margin in (99.0, -1.0)
    )

    assert (wide["mean"], wide["high"]) == (1, 1)
    assert wide["low"] == pytest.approx(0.912, abs=1e-3)
    assert (narrow["mean"], narrow["low"]) == (0, 0)
    assert narrow["high"] == pytest.approx(0.088, abs=1e-3)


def test_the_response_is_that_of_every_structure() -> None:
    """With how many pairs and persons it rests on."""
    found = measured_response(made_pairs(0.9))

    assert found
    assert (found.pairs, found.subjects) == (400, 100)
    assert {round(one, 1) for one in found.response.values()} == {0.9}


def test_few_pairs_give_no_bundle_a_response() -> None:
    """What ninety-nine of them show is printed and not reported."""
    assert measured_response(made_pairs(count=99)) is None
    assert measured_response(made_pairs(count=100))
