"""The verdict as a function of what is known, row by row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from node.config import InboundSettings
from node.inbound.evidence import Answer, Evidence, decide
from node.jobs.job import Completeness

T0 = datetime(2026, 11, 21, tzinfo=UTC)
SETTINGS = InboundSettings(quiet_s=60, max_wait_s=3600)
HELD = {"1": 3, "2": 1}
SAME = Answer({"1": 3, "2": 1, "9": 7})
MORE = Answer({"1": 3, "2": 2})
FEWER = Answer({"1": 3})
UNKNOWN = Answer()
DOWN = Answer(error="down")

WAIT = None
YES, PERHAPS = Completeness.CONFIRMED, Completeness.UNCONFIRMED

ROWS = [
    # answer, sending, after 0 s, after the quiet time, after the longest wait
    (SAME, False, YES, YES, YES),
    (MORE, False, WAIT, WAIT, PERHAPS),
    (FEWER, False, WAIT, PERHAPS, PERHAPS),
    (UNKNOWN, False, WAIT, PERHAPS, PERHAPS),
    (DOWN, False, WAIT, PERHAPS, PERHAPS),
    (None, False, WAIT, PERHAPS, PERHAPS),
    (SAME, True, WAIT, WAIT, PERHAPS),
    (None, True, WAIT, WAIT, PERHAPS),
]


def evidence(answer: Answer | None, sending: bool, aborted: bool = False) -> Evidence:
    """Return evidence about a study of two series."""
    return Evidence(HELD, answer, sending, aborted, since=T0)


@pytest.mark.parametrize(("answer", "sending", "first", "quiet", "late"), ROWS)
def test_the_verdict_follows_from_answer_and_time(
    answer: Answer | None,
    sending: bool,
    first: Completeness | None,
    quiet: Completeness | None,
    late: Completeness | None,
) -> None:
    """Walk the table."""
    for seconds, expected in ((0, first), (59.9, first), (60, quiet), (3600, late)):
        now = T0 + timedelta(seconds=seconds)
        verdict = decide(evidence(answer, sending), SETTINGS, now)

        assert (verdict.completeness if verdict else WAIT) == expected


def test_a_confirmed_verdict_carries_the_counts_of_the_series_that_came() -> None:
    """Others of the archive are not the ledger's."""
    verdict = decide(evidence(SAME, sending=False), SETTINGS, T0)

    assert verdict is not None
    assert verdict.archive_counts == HELD


@pytest.mark.parametrize("answer", [MORE, FEWER, UNKNOWN, DOWN, None])
@pytest.mark.parametrize("aborted", [True, False])
def test_every_unconfirmed_verdict_gives_its_reason(
    answer: Answer | None, aborted: bool
) -> None:
    """One line; an abort is told as well."""
    now = T0 + timedelta(hours=2)
    verdict = decide(evidence(answer, False, aborted), SETTINGS, now)

    assert verdict is not None
    assert verdict.reason
    assert "\n" not in verdict.reason
    assert verdict.reason.endswith("aborted") == aborted


def test_a_quiet_time_longer_than_the_longest_wait_is_cut() -> None:
    """The longest wait is the longest."""
    settings = InboundSettings(quiet_s=100, max_wait_s=10)
    now = T0 + timedelta(seconds=10)

    assert decide(evidence(DOWN, sending=False), settings, now) is not None
