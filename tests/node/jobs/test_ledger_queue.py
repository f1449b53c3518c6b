"""What a job that is queued again keeps of what it was told, and what it forgets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from node.jobs.job import EarlierImages, Failed
from node.jobs.known_priors import KnownPriors
from node.jobs.ledger import Ledger
from tests.node.jobs.ledger_stories import T0, result
from tests.node.jobs.test_ledger_priors import KNOWN, held

IMAGES = EarlierImages("1.9", Path("priors/1/0"), ())


@pytest.mark.parametrize("reason", ["prior_person_changed", "prior_not_renewed"])
def test_a_retry_has_sought_what_was_withheld_when_the_study_was_read(
    ledger: Ledger, reason: str
) -> None:
    """Whom the study names now, or what was renewed since, is yet to be found."""
    job = held(ledger)
    ledger.priors.keep(job, KNOWN, T0)
    ledger.jobs.claim(T0)
    made = replace(result(), priors_withheld=(reason,))
    ledger.jobs.report(job, made, [], T0)

    ledger.repeats.queue_again([job], T0)

    assert [each.job_id for each in ledger.priors.unsought()] == [job]


def test_a_retry_has_images_brought_again_that_were_never_read(ledger: Ledger) -> None:
    """They were removed when the job failed."""
    job = held(ledger)
    ledger.priors.keep(job, KnownPriors(images=(IMAGES,), person="0a1b"), T0)
    ledger.jobs.claim(T0)
    ledger.jobs.fail(job, Failed("out_of_memory", ""), T0)

    ledger.repeats.queue_again([job], T0)

    assert [each.job_id for each in ledger.priors.unsought()] == [job]
