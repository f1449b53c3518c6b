"""Clocks are compared to the second that Orthanc tells."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from node.doctor.clock import compared
from node.doctor.finding import State

TOLD = "20260301T120000"
THEIRS = datetime(2026, 3, 1, 12, 0, 0, 500_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("apart_s", "state", "words"),
    [
        (0, State.OK, "within 5 s"),
        (-5, State.OK, "within 5 s"),
        (6, State.WRONG, "6 s ahead of"),
        (-3600, State.WRONG, "3600 s behind"),
    ],
)
def test_more_than_five_seconds_are_a_fault(
    apart_s: int, state: State, words: str
) -> None:
    """Both times are named, and which of them runs ahead."""
    finding = compared(TOLD, THEIRS + timedelta(seconds=apart_s))

    assert finding.state is state
    assert words in finding.found


def test_an_orthanc_that_tells_no_time_is_not_called_right() -> None:
    """An empty answer is no agreement."""
    assert compared("", THEIRS).state is State.NOT_EXAMINED
