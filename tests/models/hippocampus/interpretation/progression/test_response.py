"""The response of a bundle: read as written, and what it adds to an interval."""

from __future__ import annotations

import math

import pytest

from models.hippocampus.interpretation.progression.change import margin
from models.hippocampus.interpretation.progression.response import Following, Response

MEASURED = Response({"Hippocampus": Following(0.9, 0.05)}, 200, 140)


def test_a_bundle_gives_back_the_response_that_it_took() -> None:
    """And one without it says nothing."""
    assert Response.of({"change": MEASURED.as_json()}) == MEASURED
    assert Response.of({}) is None


@pytest.mark.parametrize(
    "damage", [{"structures": {"Hippocampus": {}}}, {"structures": 1}, {"pairs": None}]
)
def test_an_incomplete_response_is_refused_by_its_key(
    damage: dict[str, object],
) -> None:
    """Rather than an interval that is too narrow."""
    content = {k: v for k, v in (MEASURED.as_json() | damage).items() if v is not None}

    with pytest.raises(ValueError, match=r"training\.change"):
        Response.of({"change": content})


def test_what_is_not_followed_widens_the_interval_of_a_change_only() -> None:
    """Nothing without a change; with a large one, more than the noise."""
    following = MEASURED.structures["Hippocampus"]

    assert margin(1, 2, following.unsure_percent(0)) == margin(1, 2)
    assert margin(1, 2, following.unsure_percent(-20)) > 2 * margin(1, 2)
    assert following.unsure_percent(-20) == following.unsure_percent(20)


def test_a_full_and_equal_response_adds_nothing() -> None:
    """A perfect reader owes nothing but its noise."""
    assert Following(1, 0).unsure_percent(-50) == 0


@pytest.mark.parametrize(
    ("response", "sd"), [(0, 0.1), (-1, 0.1), (1, -0.1), (math.nan, 0)]
)
def test_a_response_that_cannot_be_is_refused(response: float, sd: float) -> None:
    """A network that follows nothing gives no change at all."""
    with pytest.raises(ValueError, match="above 0"):
        Following(response, sd)
