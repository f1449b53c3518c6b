"""A run over a folder: what its jobs wait for, and what they are told in the end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from node.jobs.known_priors import KnownPriors
from node.jobs.ledger import Ledger
from tests.node.jobs.ledger_stories import T0
from tests.node.jobs.test_ledger_priors import (
    BEFORE,
    DAY,
    KNOWN,
    held,
    held_again,
    told,
)


def test_nobody_looks_or_waits_for_a_parked_job(ledger: Ledger) -> None:
    """A later run over other folders does not read it."""
    job = held(ledger)
    ledger.priors.note_person("1.1", "A-1", BEFORE)
    assert ledger.priors.being_read("A-1", "hippocampus", DAY)

    ledger.offline.park()

    assert ledger.priors.unsought() == []
    assert not ledger.priors.being_read("A-1", "hippocampus", DAY)
    ledger.offline.due("1.1", T0, with_priors=True)
    assert [each.job_id for each in ledger.priors.unsought()] == [job]
    assert ledger.jobs.claim(T0) is None  # it waits for its priors


def test_a_job_whose_wait_was_in_vain_is_never_held_again(ledger: Ledger) -> None:
    """A run over a folder ends, whatever its visits wait for."""
    job = held(ledger)
    ledger.offline.park()
    ledger.offline.due("1.1", T0, with_priors=True)

    ledger.offline.end_waits(T0)
    ledger.priors.hold([job], T0 + timedelta(minutes=1))

    assert ledger.jobs.claim(T0) is not None
    assert ledger.priors.known(job) == KnownPriors(withheld=("priors_not_sought",))


def test_a_wait_in_vain_takes_nothing_from_what_was_told_before(
    ledger: Ledger,
) -> None:
    """A folder that is read again has lost no earlier result."""
    job = told(ledger, replace(KNOWN, person="0a1b"))
    held_again(ledger)
    ledger.offline.due("1.1", T0, with_priors=True)

    ledger.offline.end_waits(T0)

    known = ledger.priors.known(job)
    assert known is not None
    assert (known.priors, known.withheld) == (KNOWN.priors, ("priors_not_sought",))
