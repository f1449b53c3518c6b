"""Which result of a study counts as that of a control."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from node.control_results import reading_of
from node.jobs.job import Failed, Measured
from node.jobs.ledger import Ledger
from node.jobs.ledger_retractions import Retraction
from tests.node.jobs.ledger_stories import T0, queue, result

VOLUME = Measured("Hippocampus", "Volume", 3370.4, "3370", "mm3")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Return a ledger in which a study was read, and read again."""
    opened = Ledger(tmp_path)
    (job,) = queue(opened)
    for version, volume in enumerate((3000.0, 3370.0), start=1):
        measured = replace(VOLUME, value=volume, printed=f"{volume:.0f}")
        opened.jobs.claim(T0)
        made = replace(result(str(version)), measurements=(measured,))
        opened.jobs.report(job.job_id, made, [], T0)
        opened.repeats.queue_again([job.job_id], T0)
    opened.jobs.claim(T0)
    yield opened
    opened.close()


def end(ledger: Ledger, reason: str = "") -> int:
    """Let the job end as it stands, or fail; return the number of its last result."""
    (job,) = ledger.jobs.listing("1.1")
    if reason:
        ledger.jobs.fail(job.job_id, Failed(reason, ""), T0)
    else:
        made = replace(result("3"), measurements=(VOLUME,))
        ledger.jobs.report(job.job_id, made, [], T0)
    ((result_id,),) = ledger.database.read("SELECT MAX(result_id) FROM results")
    return int(result_id)


def test_the_last_result_counts(ledger: Ledger) -> None:
    """As it is printed."""
    end(ledger)

    assert reading_of(ledger, "1.1").total_mm3 == 3370


def test_what_the_last_one_replaced_counts_no_more(ledger: Ledger) -> None:
    """Also when the last one was taken back."""
    taken = end(ledger)
    ledger.retractions.take_back([(taken, Retraction("113001", "wrong", T0))], T0)

    with pytest.raises(LookupError, match="taken back"):
        reading_of(ledger, "1.1")


def test_a_study_that_could_not_be_read_again_is_no_control(ledger: Ledger) -> None:
    """Two persons may be in it by now."""
    end(ledger, "identity_conflict")

    with pytest.raises(LookupError, match="to be read again: failed"):
        reading_of(ledger, "1.1")
