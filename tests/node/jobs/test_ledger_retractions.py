"""What the ledger does when a result is taken back, whoever sends at that moment."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from node.jobs.job import JobState, ObjectFile, Unchanged
from node.jobs.ledger import Ledger
from node.jobs.ledger_retractions import TAKEN_BACK, Retraction
from tests.node.jobs.ledger_stories import T0, queue, result

ARCHIVE = "ARCHIVE@127.0.0.1:4242"
WORKSTATION = "WORKSTATION@127.0.0.1:104"
LATER = T0 + timedelta(hours=1)
NOTE = ObjectFile(
    "KO", "1.2.3", "2.25.77", "2.25.78", "1.2.840.10008.1.2.1", Path("KO.dcm"), "0" * 64
)
WHY = Retraction("113037", "wrong side", LATER, NOTE)


def reported(ledger: Ledger, *destinations: str) -> int:
    """Report a study; return the number of its job."""
    (job,) = queue(ledger)
    ledger.jobs.claim(T0)
    ledger.jobs.report(job.job_id, result(), destinations or [ARCHIVE], T0)
    return job.job_id


def deliver(ledger: Ledger, destination: str = ARCHIVE) -> list[str]:
    """Let a destination take what is due; return the kinds in their order."""
    due = ledger.deliveries.due(destination, LATER)
    for delivery in due:
        ledger.deliveries.sent(delivery, 0, LATER)
    return [delivery.kind for delivery in due]


def test_the_note_follows_what_was_sent(ledger: Ledger) -> None:
    """To each destination that has the objects; the job stays what it was."""
    job_id = reported(ledger, ARCHIVE, WORKSTATION)
    deliver(ledger, ARCHIVE), deliver(ledger, WORKSTATION)

    assert ledger.retractions.take_back([(1, WHY)], LATER) == [1]

    assert ledger.jobs.get(job_id).state is JobState.SENT
    assert deliver(ledger, ARCHIVE) == deliver(ledger, WORKSTATION) == ["KO"]
    assert ledger.jobs.get(job_id).state is JobState.SENT


def test_what_waits_is_withdrawn_and_its_note_goes_there(ledger: Ledger) -> None:
    """It may be on its way at this moment, or was when the node was killed."""
    job_id = reported(ledger)

    ledger.retractions.take_back([(1, WHY)], LATER)

    assert deliver(ledger) == ["KO"]
    left = [d for d in ledger.deliveries.of_job(job_id) if d.kind != "KO"]
    assert {(each.state, each.detail) for each in left} == {("failed", TAKEN_BACK)}


def test_who_may_have_it_gets_the_note(ledger: Ledger) -> None:
    """An object that was offered and not answered may be there."""
    reported(ledger)
    offered = ledger.deliveries.due(ARCHIVE, T0)[:1]
    ledger.deliveries.postpone(offered, None, "the association broke", LATER)

    ledger.retractions.take_back([(1, WHY)], LATER)

    assert deliver(ledger) == ["KO"]


def test_who_had_it_and_is_offered_it_again_gets_the_note(ledger: Ledger) -> None:
    """That it was there once is not forgotten."""
    job_id = reported(ledger)
    deliver(ledger)
    numbers = [each.delivery_id for each in ledger.deliveries.of_job(job_id)]
    ledger.repeats.offer_again(numbers, LATER)

    ledger.retractions.take_back([(1, WHY)], LATER)

    assert deliver(ledger) == ["KO"]
    (found,) = ledger.retractions.results("hippocampus", "1")
    assert found.sent_to("2.25.1.1") == (ARCHIVE,)
    assert ledger.jobs.get(job_id).state is JobState.SENT


def test_the_note_follows_what_was_on_its_way_at_that_moment(ledger: Ledger) -> None:
    """The outbox has begun to send, and the archive answers afterwards."""
    reported(ledger)
    first, *_ = ledger.deliveries.due(ARCHIVE, T0)

    ledger.retractions.take_back([(1, WHY)], LATER)
    ledger.deliveries.sent(first, 0, LATER)

    assert deliver(ledger) == ["KO"]
    assert deliver(ledger) == []


def test_a_result_that_was_taken_back_does_not_stand(ledger: Ledger) -> None:
    """A reading of the same images is told nothing of it, so that it makes another."""
    job_id = reported(ledger)
    assert ledger.jobs.get(job_id).identity

    ledger.retractions.take_back([(1, WHY)], LATER)

    job = ledger.jobs.get(job_id)
    assert (job.identity, job.version, job.retracted_at) == (None, 1, LATER)
    assert job.sr_uid is not None
    ledger.repeats.queue_again([job_id], LATER)
    ledger.jobs.claim(LATER)
    ledger.jobs.report(job_id, result("2"), [ARCHIVE], LATER)
    job = ledger.jobs.get(job_id)
    assert (job.identity, job.version, job.retracted_at) == ("identity 2", 2, None)


def test_a_reading_that_was_told_that_it_stands_is_repeated(ledger: Ledger) -> None:
    """It may find nothing changed, and what it found unchanged is taken back."""
    job_id = reported(ledger)
    deliver(ledger)
    ledger.repeats.queue_again([job_id], T0)
    ledger.jobs.claim(T0)

    ledger.retractions.take_back([(1, WHY)], LATER)
    ledger.jobs.unchanged(job_id, Unchanged("identity 1"), LATER)

    assert ledger.jobs.get(job_id).state is JobState.QUEUED


def test_a_result_is_taken_back_once(ledger: Ledger) -> None:
    """The second time changes neither note nor reason."""
    reported(ledger)
    ledger.retractions.take_back([(1, WHY)], LATER)

    again = Retraction("113001", "other", LATER + timedelta(1))
    assert ledger.retractions.take_back([(1, again)], LATER) == []

    (found,) = ledger.retractions.results("hippocampus", "1")
    assert found.retraction == WHY
    assert [made.kind for made in found.objects] == ["SEG", "SR", "SC"]


def test_results_are_found_by_version_weights_and_study(ledger: Ledger) -> None:
    """Nothing else of the model is."""
    reported(ledger)
    find = ledger.retractions.results

    assert len(find("hippocampus", "1")) == 1
    assert len(find("hippocampus", "1", weights="ffff", studies=["1.1"])) == 1
    assert find("hippocampus", "2") == find("lung", "1") == []
    assert find("hippocampus", "1", weights="0") == []
    assert find("hippocampus", "1", studies=["1.2"]) == []


def test_what_the_archive_let_go_of_is_known(ledger: Ledger) -> None:
    """Object by object."""
    reported(ledger)
    ledger.retractions.take_back([(1, WHY)], LATER)

    ledger.retractions.deleted("2.25.1.1", LATER)

    (found,) = ledger.retractions.results("hippocampus", "1")
    assert found.retraction is not None
    assert found.retraction.deleted == {"2.25.1.1"}


def test_a_result_that_was_taken_back_goes_nowhere_else(ledger: Ledger) -> None:
    """A new destination gets neither it nor its note."""
    job_id = reported(ledger)
    ledger.retractions.take_back([(1, WHY)], LATER)

    assert not ledger.deliveries.address(job_id, [WORKSTATION], LATER)
    assert deliver(ledger, WORKSTATION) == []
