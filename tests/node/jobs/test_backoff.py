"""Waits for what does not pass, in frozen time."""

from __future__ import annotations

from datetime import timedelta

from node.jobs.backoff import Backoff
from tests.node.jobs.ledger_stories import T0


def half_a_minute_to_ten() -> Backoff:
    """Return what the pool has for a full disk."""
    return Backoff(timedelta(seconds=30), timedelta(minutes=10))


def test_waits_double_up_to_the_longest() -> None:
    """A disk that stays full is asked 144 times a day, not 2880 times."""
    backoff, now, waits = half_a_minute_to_ten(), T0, []
    for _ in range(7):
        wait = backoff.wait(now)
        waits.append(wait.total_seconds())
        now += wait

    assert waits == [30, 60, 120, 240, 480, 600, 600]


def test_those_that_meet_it_together_wait_equally_long() -> None:
    """Eight workers on one full disk are one observation."""
    backoff = half_a_minute_to_ten()

    waits = {backoff.wait(T0 + timedelta(seconds=second)) for second in range(8)}

    assert waits == {timedelta(seconds=30)}


def test_what_passed_begins_anew() -> None:
    """The next full disk is a new one."""
    backoff = half_a_minute_to_ten()
    for minute in range(60):
        backoff.wait(T0 + timedelta(minutes=minute))

    backoff.reset()

    assert backoff.wait(T0 + timedelta(hours=1)) == timedelta(seconds=30)
