"""The ledger looked back into: all results, and the jobs that somebody wishes."""

from __future__ import annotations

from datetime import timedelta

from node.jobs.job import Failed, JobState, ObjectFile
from node.jobs.ledger import Ledger
from node.jobs.ledger_history import Received, Wish
from node.jobs.ledger_retractions import Retraction
from tests.node.jobs.ledger_stories import T0, instance, queue, result, spooled

ARCHIVE = "ARCHIVE@127.0.0.1:4242"
HOUR = timedelta(hours=1)


def read(ledger: Ledger, name: str) -> int:
    """Claim the next job and report a result; return its number."""
    job = ledger.jobs.claim(T0)
    assert job is not None
    ledger.jobs.report(job.job_id, result(name), [ARCHIVE], T0)
    return job.job_id


def test_every_version_of_a_result_is_kept(ledger: Ledger) -> None:
    """The earlier one stands with its objects, for the later one replaces it."""
    queue(ledger)
    job_id = read(ledger, "1")
    ledger.studies.record([spooled(ledger, instance(number=2))], T0)
    queue(ledger)
    read(ledger, "2")

    first, second = ledger.history.results(job_id)

    assert (first.version, first.sr_uid) == (1, "2.25.2.1")
    assert (second.version, second.sr_uid) == (2, "2.25.2.2")
    assert [made.kind for made in first.objects] == ["SEG", "SR", "SC"]
    assert first.summary["grade"] == "A"


def test_a_result_that_was_taken_back_says_when_and_why(ledger: Ledger) -> None:
    """And how many objects the archive has let go of."""
    queue(ledger)
    job_id = read(ledger, "1")
    note = ObjectFile("KO", "1.2", "9.9", "9", "1.2", ledger.database.path, "0" * 64)
    retraction = Retraction("113037", "sides exchanged", T0 + HOUR, note)
    ledger.retractions.take_back([(1, retraction)], T0 + HOUR)
    ledger.retractions.deleted("2.25.1.1", T0 + HOUR)

    (taken,) = [each.taken_back for each in ledger.history.results(job_id)]

    assert taken is not None
    assert (taken.at, taken.code, taken.reason) == (
        T0 + HOUR,
        "113037",
        "sides exchanged",
    )
    assert (taken.note_uid, taken.deleted) == ("9.9", 1)


def test_the_newest_jobs_come_last_and_no_more_than_wished(ledger: Ledger) -> None:
    """The limit leaves out the earliest."""
    for number in (1, 2, 3):
        queue(ledger, f"1.{number}", now=T0 + number * HOUR)

    found = ledger.history.newest(Wish(), limit=2)

    assert [job.study_instance_uid for job in found] == ["1.2", "1.3"]
    assert len(ledger.history.newest(Wish())) == 3


def test_jobs_are_found_by_study_state_model_and_time(ledger: Ledger) -> None:
    """Each wish alone, and all at once; a job counts since it was queued or ended."""
    queue(ledger, "1.1", ["hippocampus", "chest"])
    queue(ledger, "1.2", now=T0 - 2 * HOUR)
    job = ledger.jobs.claim(T0, "1.2")
    assert job is not None
    ledger.jobs.fail(job.job_id, Failed("no_series", ""), T0 + HOUR)

    def found(wish: Wish) -> list[tuple[str, str]]:
        rows = ledger.history.newest(wish)
        assert sum(ledger.history.counts(wish).values()) == len(rows)
        return [(row.study_instance_uid, row.model) for row in rows]

    first, second = ("1.1", "hippocampus"), ("1.1", "chest")
    assert found(Wish(studies=("1.1",))) == [first, second]
    assert found(Wish(states=(JobState.FAILED,))) == [("1.2", "hippocampus")]
    assert found(Wish(model="chest")) == [second]
    assert found(Wish(since=T0 + HOUR)) == [("1.2", "hippocampus")]
    assert found(Wish(("1.1",), (JobState.QUEUED,), "chest", T0)) == [second]
    assert found(Wish(studies=())) == []
    assert ledger.history.counts(Wish()) == {"failed": 1, "queued": 2}


def test_images_are_counted_once_and_those_that_are_here(ledger: Ledger) -> None:
    """Another content of an image is the same image; a removed file is not here."""
    images = [spooled(ledger, instance(number=number)) for number in (1, 2)]
    other = spooled(ledger, instance("1.1", "2"))
    ledger.studies.record([*images, other], T0)
    ledger.studies.forget_files([images[0].path])

    assert ledger.history.received("1.1") == Received(images=3, series=2, with_file=2)
