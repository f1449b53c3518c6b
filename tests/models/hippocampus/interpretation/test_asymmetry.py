"""Asymmetry: from two proven sides of one day, and from nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.hippocampus.findings import MM3, VOLUME
from models.hippocampus.interpretation.asymmetry import BothSides, interpret
from models.history import LEFT, RIGHT, Patient, Prior
from models.terms import Code, Measurement

TODAY = date(2026, 1, 2)


def volume(mm3: float) -> tuple[Measurement, ...]:
    """Return the measurement of a whole hippocampus."""
    return (Measurement("Hippocampus", VOLUME, mm3, MM3, 0),)


OTHER = Prior("2.25.1", "2.25.2", TODAY, "own results", "1", "2.25.9", volume(3000.0))
OTHER = replace(OTHER, laterality=LEFT)
PERSON = Patient(study_date=TODAY, laterality=RIGHT, priors=(OTHER,))


def test_both_sides_of_one_day_are_compared_and_the_formula_is_printed() -> None:
    """Published percentiles are quoted with their segmenters, and no verdict."""
    (said,) = interpret(volume(4000.0), PERSON, "2.25.9").statements

    assert (said.label, said.reason) == ("Asymmetry", "")
    assert said.text.startswith(
        "25.0 % (left 3000, right 4000 mm³; left smaller), "
        "100·|L \N{MINUS SIGN} R| / larger. Dallas Heart Study (n = 2082; "
    )
    assert "8.5 % by FreeSurfer" in said.text
    assert "17.9 % by FSL-FIRST" in said.text


def test_either_side_may_be_read_first() -> None:
    """Every right one is mirrored to be read, which is no doubt about it.

    Another report may word the side otherwise.
    """
    side = Code(RIGHT.value, RIGHT.scheme, "Right side")
    right = replace(OTHER, laterality=side, cautions=("mirrored",))
    person = replace(PERSON, laterality=LEFT, priors=(right,))

    (said,) = interpret(volume(4000.0), person, "2.25.9").statements

    assert said.text.startswith("25.0 % (left 4000, right 3000 mm³; right smaller), ")


@pytest.mark.parametrize(
    ("person", "other", "reason"),
    [
        ({"laterality": None}, {}, "side_unknown"),
        ({"priors": ()}, {}, "other_side_missing"),
        ({}, {"laterality": None}, "other_side_missing"),
        ({}, {"laterality": RIGHT}, "other_side_missing"),
        ({}, {"study_date": date(2026, 1, 1)}, "other_side_missing"),
        ({}, {"device_uid": "2.25.8"}, "other_side_missing"),
        ({}, {"cautions": ("identity_unproven",)}, "other_side_missing"),
        ({}, {"measurements": volume(0.0)}, "other_side_missing"),
    ],
)
def test_what_is_not_proven_is_not_compared(
    person: dict[str, Any], other: dict[str, Any], reason: str
) -> None:
    """Another day, side, network or person makes no asymmetry."""
    changes = {"priors": (replace(OTHER, **other),), **person}

    said = interpret(volume(4000.0), replace(PERSON, **changes), "2.25.9").statements

    assert [each.reason for each in said] == [reason]


@given(st.floats(1000, 7000), st.floats(1000, 7000))
def test_it_knows_no_left_and_no_right(left: float, right: float) -> None:
    """A share of the larger side, whichever that is."""
    percent = BothSides(left, right).percent

    assert 0 <= percent < 100
    assert percent == BothSides(right, left).percent


def test_a_side_without_volume_is_none() -> None:
    """A missing hippocampus is no asymmetry of 100 %."""
    with pytest.raises(ValueError, match="above 0"):
        BothSides(0.0, 3000.0)
