"""What becomes of a search when the study is another one meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from node.inbound.look import Look
from node.jobs.ledger import Ledger
from tests.flow.visits import RULES, Answer, Given
from tests.node.inbound.test_priors import (
    HELD,
    NOW,
    AtOnce,
    complete,
    priors_of,
    waiting,
)
from tests.node.jobs.pools import wait_until


def test_a_study_is_looked_at_once_until_it_changes(
    ledger: Ledger, tmp_path: Path
) -> None:
    """However long it waits; corrected, it may be another person's."""
    asked: list[object] = []

    def noted(
        question: Callable[Given, Answer], *given: Given.args, **named: Given.kwargs
    ) -> Answer:
        asked.append(question)
        return question(*given, **named)

    later = waiting(ledger, tmp_path, 1, HELD, day="20260301")
    earlier = waiting(ledger, tmp_path, 1, HELD)
    priors = priors_of(ledger, parser=AtOnce(noted))
    priors.tick(NOW)
    wait_until(lambda: ledger.priors.known(earlier.job_id) is not None)
    priors.tick(NOW)
    looks = len(asked)
    complete(ledger, later.study_instance_uid, NOW + HELD, HELD)
    priors.tick(NOW)
    priors.stop()

    assert (looks, len(asked)) == (2, 3)


def test_a_search_that_began_before_a_correction_ends_in_vain(
    ledger: Ledger, tmp_path: Path
) -> None:
    """Its answer is about whom the study named before: it is sought for again."""
    job = waiting(ledger, tmp_path, 1, HELD)
    (sought,) = ledger.priors.unsought()
    priors = priors_of(ledger)
    complete(ledger, job.study_instance_uid, NOW + HELD, HELD)

    priors.search(sought, Look(None, "patient_id_missing", frozenset(RULES)))
    priors.stop()

    assert [each.job_id for each in ledger.priors.unsought()] == [job.job_id]
