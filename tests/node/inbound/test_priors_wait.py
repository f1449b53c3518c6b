"""Whom a study waits for before it is read, and what it is told when it waited long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from node.inbound.priors import LONGEST
from node.jobs.known_priors import NOT_SOUGHT, UNAVAILABLE
from node.jobs.ledger import Ledger
from tests.node.inbound.test_priors import (
    HELD,
    NOW,
    HangingArchive,
    priors_of,
    waiting,
)
from tests.node.jobs.pools import wait_until


@pytest.mark.parametrize(
    "unproven", [{"PatientBirthDate": ""}, {"PatientIdentityRemoved": "YES"}]
)
def test_who_can_have_no_earlier_result_waits_for_nobody(
    ledger: Ledger, tmp_path: Path, unproven: dict[str, str]
) -> None:
    """An ID such as "UNKNOWN" is that of many: each would wait for all the others."""
    waiting(ledger, tmp_path, 1, HELD)
    later = waiting(ledger, tmp_path, 1, HELD, day="20260301", **unproven)
    priors = priors_of(ledger)

    priors.tick(NOW)
    wait_until(lambda: ledger.priors.known(later.job_id) is not None, 5)
    priors.stop()

    known = ledger.priors.known(later.job_id)
    assert known is not None
    assert known.priors == ()


def test_who_waited_longest_is_told_what_is_there_all_the_same(
    ledger: Ledger, tmp_path: Path
) -> None:
    """Of the exam that is still in the queue nobody knows; the study is read now."""
    waiting(ledger, tmp_path, 1, timedelta(days=1))
    later = waiting(ledger, tmp_path, 1, HELD, day="20260301")
    archive = HangingArchive()
    archive.answers.set()
    priors = priors_of(ledger, archive)

    priors.tick(datetime.now(UTC) + LONGEST)
    wait_until(lambda: ledger.priors.known(later.job_id) is not None, 5)
    priors.stop()

    known = ledger.priors.known(later.job_id)
    assert known is not None
    assert known.withheld == (UNAVAILABLE, NOT_SOUGHT)
    assert known.person, "the worker looks whether the study still names them"
    due = [ledger.jobs.claim(datetime.now(UTC)) for _ in range(2)]
    assert later.job_id in {job and job.job_id for job in due}
