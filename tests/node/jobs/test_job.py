"""The lifecycle table, row by row, and every pair that it does not have."""

from __future__ import annotations

from itertools import product

import pytest

from node.errors import LedgerError
from node.jobs.job import TRANSITIONS, JobEvent, JobState, advance

LIFECYCLE = [
    ("queued", "claim", "running"),
    ("running", "report", "reported"),
    ("running", "refuse", "not_applicable"),
    ("running", "fail", "failed"),
    ("running", "try_again", "queued"),
    ("reported", "deliver", "sent"),
    ("reported", "change", "queued"),
    ("sent", "change", "queued"),
    ("not_applicable", "change", "queued"),
    ("failed", "change", "queued"),
    ("reported", "retry", "queued"),
    ("sent", "retry", "queued"),
    ("not_applicable", "retry", "queued"),
    ("failed", "retry", "queued"),
    ("reported", "resend", "reported"),
    ("sent", "resend", "reported"),
]
MISSING = sorted(
    set(product(JobState, JobEvent))
    - {(JobState(s), JobEvent(e)) for s, e, _ in LIFECYCLE}
)


@pytest.mark.parametrize(("state", "event", "next_state"), LIFECYCLE)
def test_every_row_of_the_table_leads_where_it_says(
    state: str, event: str, next_state: str
) -> None:
    """The table as a person wrote it down a second time."""
    assert advance(JobState(state), JobEvent(event)) is JobState(next_state)


@pytest.mark.parametrize(("state", "event"), MISSING)
def test_every_other_pair_is_refused(state: JobState, event: JobEvent) -> None:
    """Nothing else changes a state, and the error says what was tried."""
    with pytest.raises(LedgerError, match=f"{state} cannot {event}"):
        advance(state, event)


def test_the_table_has_no_row_besides_these() -> None:
    """A new transition is a decision, and comes with its test."""
    assert len(TRANSITIONS) == len(LIFECYCLE)


def test_every_state_can_be_reached_and_none_is_a_dead_end() -> None:
    """From queued to everywhere, and from everywhere on."""
    reached = {JobState.QUEUED}
    for _ in JobState:
        reached |= {
            after for (before, _), after in TRANSITIONS.items() if before in reached
        }

    assert reached == set(JobState)
    assert {before for before, _ in TRANSITIONS} == set(JobState)
