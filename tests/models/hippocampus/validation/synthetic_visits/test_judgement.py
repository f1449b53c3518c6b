"""Judging pairs: readers with known faults get the verdict they deserve."""

from __future__ import annotations

from dataclasses import replace

import pytest

from models.hippocampus.validation.synthetic_visits.judgement import (
    Judged,
    Summary,
    following,
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
    assert summary.following.response == pytest.approx(1, abs=0.03)


def test_noise_that_was_underestimated_is_seen() -> None:
    """Twice the noise that the interval knows of."""
    assert whole(made_pairs(noise_percent=2)).rows[0].covered["mean"] < 0.75


def test_a_change_that_is_seen_in_part_is_seen() -> None:
    """Four fifths of a change: a loss is understated, the more the larger it is."""
    summary = whole(made_pairs(response=0.8))

    everything, losses, _, growth, *_ = summary.rows
    assert losses.name.startswith("-3")  # eight per cent over five years: -34 %
    assert summary.following.response == pytest.approx(0.8, abs=0.03)
    assert everything.error["mean"] > 0.4
    assert losses.error["mean"] > 0.8
    assert abs(growth.error["mean"]) < 0.3


def test_thirds_show_what_the_mean_hides() -> None:
    """Intervals of the noise alone fail where changes are large, and only there."""
    _, losses, _, growth, *years = whole(made_pairs(response=0.8)).rows

    assert losses.covered_by_noise < 0.5
    assert growth.covered_by_noise > 0.9
    assert losses.covered["mean"] > 0.9
    assert [row.pairs for row in years] == [134, 133, 133]


@pytest.mark.parametrize(("response", "sd"), [(1.0, 0.0), (0.9, 0.1), (0.8, 0.2)])
def test_the_response_and_what_differs_between_persons_are_found_again(
    response: float, sd: float
) -> None:
    """Apart from the noise, which a change does not make."""
    found = [p for p in made_pairs(response, sd) if p.structure == WHOLE]

    known = following(found)

    assert known.response == pytest.approx(response, abs=0.03)
    assert known.response_sd == pytest.approx(sd, abs=0.04)


def test_no_pair_is_judged_by_the_response_of_its_own_half() -> None:
    """A half whose readings are spoiled keeps its intervals; the other's widen."""
    honest = made_pairs()
    spoiled = [
        replace(p, measured_rate=p.measured_rate / 2) if p.subject % 2 else p
        for p in honest
    ]

    before, after = (
        {_key(one): one for one in judged(f, NOISE)} for f in (honest, spoiled)
    )

    own = [key for key in before if key[1] % 2]
    share = [_unsure(after[key]) / _change(after[key]) for key in own]
    others = [key for key in before if not key[1] % 2]
    assert max(share) < 0.1
    assert all(after[key].margin > before[key].margin for key in others)


def _key(one: Judged) -> tuple[int, int, str]:
    return one.pair.number, one.pair.subject, one.pair.structure


def _unsure(one: Judged) -> float:
    """Return what the response adds to an interval, in per cent."""
    return float((one.margin**2 - one.noise_margin**2) ** 0.5) * one.pair.years / 1.96


def _change(one: Judged) -> float:
    return abs(one.pair.measured_change)


def test_intervals_are_of_subjects_not_of_pairs() -> None:
    """What a person's pairs have in common is not averaged away by more of them."""
    found = [p for p in made_pairs() if p.structure == WHOLE]
    odd = [replace(p, measured_rate=p.true_rate + p.number % 8) for p in found]
    persons = [Judged(replace(p, subject=p.number % 8), 1, 1) for p in odd]
    strangers = [Judged(replace(p, subject=p.number), 1, 1) for p in odd]

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
        summarised(WHOLE, [Judged(p, margin, margin) for p in found]).rows[0].covered
        for margin in (99.0, -1.0)
    )

    assert (wide["mean"], wide["high"]) == (1, 1)
    assert wide["low"] == pytest.approx(0.912, abs=1e-3)
    assert (narrow["mean"], narrow["low"]) == (0, 0)
    assert narrow["high"] == pytest.approx(0.088, abs=1e-3)


def test_the_bundle_gets_the_response_of_all_pairs() -> None:
    """Of every structure, with how many it rests on."""
    found = measured_response(made_pairs(0.9))

    assert (found.pairs, found.subjects) == (400, 100)
    assert {round(one.response, 1) for one in found.structures.values()} == {0.9}


def test_too_few_pairs_measure_no_response() -> None:
    """Two halves of four; five in each are the least."""
    with pytest.raises(ValueError, match="4 in a half"):
        judged(made_pairs(count=8), NOISE)

    assert len(judged(made_pairs(count=10), NOISE)) == 30
