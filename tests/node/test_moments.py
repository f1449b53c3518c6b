"""Times as a person reads them: local, with the zone named."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from node.moments import clock, day, lasting, span, zone

AT = datetime(2026, 11, 21, 22, 30, 5, tzinfo=UTC)


@pytest.fixture(params=["UTC", "Europe/Moscow", "Asia/Kolkata", "UTC+3"])
def place(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """Put this process into a zone."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


def test_a_time_is_that_of_the_wall(place: str) -> None:
    """East of Greenwich it is the next day; the zone says so, with its name."""
    shown = (day(AT), clock(AT), zone(AT))

    assert (
        shown
        == {
            "UTC": ("2026-11-21", "22:30:05", "UTC"),
            "Europe/Moscow": ("2026-11-22", "01:30:05", "UTC+03:00 (MSK)"),
            "Asia/Kolkata": ("2026-11-22", "04:00:05", "UTC+05:30 (IST)"),
            "UTC+3": ("2026-11-21", "19:30:05", "UTC-03:00"),  # POSIX counts westwards
        }[place]
    )


def test_a_span_never_needs_more_than_its_column() -> None:
    """The day of the end is said only when it is another one."""
    spans = [span(AT, end) for end in (None, AT, AT + timedelta(days=1))]

    assert [len(each) for each in spans] == [19, 31, 31]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.04, "0.0 s"), (59.94, "59.9 s"), (59.96, "1 min 0 s"), (3599.6, "1 h 0 min")],
)
def test_a_duration_never_says_sixty(seconds: float, words: str) -> None:
    """What rounds up to a minute or an hour is one."""
    assert lasting(seconds) == words
