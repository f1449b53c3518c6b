"""Studies in the ledger: every instance once, complete, open again, forgotten."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from node.jobs.job import Completeness, Failed, JobState, NotApplicable, Reported
from node.jobs.ledger import Ledger
from node.jobs.ledger_studies import moment, stamp
from node.log import salted
from tests.node.jobs.ledger_stories import (
    T0,
    complete,
    instance,
    queue,
    result,
    spooled,
)

LATER = T0 + timedelta(seconds=10)


def contents(ledger: Ledger) -> list[str]:
    """Return what the files of the study hold, in the ledger's order."""
    return [path.read_text() for path in ledger.studies.files("1.1")]


def test_times_are_aware_and_survive_the_file() -> None:
    """A naive time is a mistake, not midnight somewhere."""
    assert moment(stamp(LATER)) == LATER
    with pytest.raises(ValueError, match="aware"):
        stamp(datetime(2026, 1, 5))  # noqa: DTZ001 - naive on purpose


def test_a_received_instance_opens_its_study(ledger: Ledger) -> None:
    """And nothing is complete yet."""
    changed = ledger.studies.record([instance(), instance(number=2)], T0)

    assert changed == {"1.1"}
    [study] = ledger.studies.receiving()
    assert (study.study_instance_uid, study.completed_at) == ("1.1", None)
    assert ledger.studies.series_counts("1.1") == {"1.1.1": 2}


def test_the_same_bytes_again_change_nothing(ledger: Ledger) -> None:
    """A study that is complete stays complete."""
    queue(ledger)

    changed = ledger.studies.record([spooled(ledger, instance())], LATER)

    assert changed == set()
    assert ledger.studies.receiving() == []
    assert len(ledger.studies.files("1.1")) == 1


def test_other_bytes_under_the_same_uid_are_kept_beside(ledger: Ledger) -> None:
    """The same UID with other bytes is never swallowed; it counts as one image."""
    queue(ledger)
    other = replace(instance(), digest="other")

    changed = ledger.studies.record([spooled(ledger, other)], LATER)

    assert changed == {"1.1"}
    assert len(ledger.studies.digests(instance().sop_instance_uid)) == 2
    assert len(ledger.studies.files("1.1")) == 2
    assert ledger.studies.series_counts("1.1") == {"1.1.1": 1}


def test_a_late_image_opens_a_complete_study_again(ledger: Ledger) -> None:
    """Its jobs wait for the study to be complete once more."""
    queue(ledger)

    ledger.studies.record([instance(number=2)], LATER)

    [study] = ledger.studies.receiving()
    assert (study.first_received_at, study.last_received_at) == (T0, LATER)


def test_completeness_is_kept_with_its_reason(ledger: Ledger) -> None:
    """What was known, and how."""
    queue(ledger)

    study = ledger.studies.get("1.1")

    assert study is not None
    assert study.completeness is Completeness.CONFIRMED
    assert study.completeness_reason == "the archive counts the same"
    assert study.completed_at == T0
    assert ledger.studies.get("9.9") is None


def test_forgotten_files_leave_their_digests(ledger: Ledger) -> None:
    """The same image later is known, and its file is there again."""
    queue(ledger)
    ledger.studies.forget_files(ledger.studies.files("1.1"))
    assert ledger.studies.files("1.1") == ()
    assert ledger.studies.without_file("1.1") == 1

    assert ledger.studies.record([spooled(ledger, instance())], LATER) == set()

    assert ledger.studies.without_file("1.1") == 0


def test_files_come_in_the_order_of_their_receipt(ledger: Ledger) -> None:
    """Whatever their names: of two contents under one UID the last one counts."""
    images = [
        replace(instance(number=2), digest="z"),
        replace(instance(number=1), digest="y"),
        replace(instance(number=1), digest="x"),
    ]
    for seconds, image in enumerate(images):
        received = [spooled(ledger, image)]
        ledger.studies.record(received, T0 + timedelta(seconds=seconds))

    assert contents(ledger) == ["z", "y", "x"]


def test_an_earlier_content_that_comes_back_is_the_last_again(ledger: Ledger) -> None:
    """A correction that was taken back: another change, but no further file."""
    first, second = (replace(instance(), digest=digest) for digest in ("a", "b"))
    for image in (first, second):
        ledger.studies.record([spooled(ledger, image)], T0)
    complete(ledger)

    changed = ledger.studies.record([spooled(ledger, first)], LATER)

    assert changed == {"1.1"}
    assert contents(ledger) == ["b", "a"]
    assert ledger.studies.record([spooled(ledger, first)], LATER) == set()


def test_what_the_archive_gives_back_does_not_become_the_last(ledger: Ledger) -> None:
    """It holds the first content for ever; it fills the gap that retention made."""
    first, second = (replace(instance(), digest=digest) for digest in ("a", "b"))
    for image in (first, second):
        ledger.studies.record([spooled(ledger, image)], T0)
    ledger.studies.forget_files(ledger.studies.files("1.1")[:1])
    assert ledger.studies.without_file("1.1") == 0

    assert ledger.studies.record([spooled(ledger, first)], LATER) == set()

    assert contents(ledger) == ["a", "b"]


def test_a_file_that_is_gone_counts_as_missing(ledger: Ledger) -> None:
    """Whoever removed it: the archive is asked for what the disk does not give."""
    queue(ledger)
    [file] = ledger.studies.files("1.1")
    assert ledger.studies.without_file("1.1") == 0

    file.unlink()

    assert ledger.studies.without_file("1.1") == 1


@pytest.mark.parametrize("known", [False, True])
def test_no_file_is_noted_that_is_not_there(ledger: Ledger, known: bool) -> None:
    """Retention may take it between its acknowledgement and the note of it."""
    image = spooled(ledger, instance())
    if known:
        ledger.studies.record([image], T0)
    image.path.unlink()

    ledger.studies.record([image], LATER)

    assert ledger.studies.files("1.1") == ()
    assert ledger.studies.without_file("1.1") == 1
    assert ledger.studies.digests(image.sop_instance_uid) == {image.digest}


def ended(ledger: Ledger, outcome: Failed | NotApplicable | Reported) -> None:
    """Let the one job of a study of two images end."""
    images = [instance(), instance(number=2)]
    ledger.studies.record([spooled(ledger, image) for image in images], T0)
    complete(ledger)
    job = ledger.jobs.claim(T0)
    assert job is not None
    match outcome:
        case Failed():
            ledger.jobs.fail(job.job_id, outcome, T0)
        case NotApplicable():
            ledger.jobs.refuse(job.job_id, outcome, T0)
        case Reported():
            ledger.jobs.report(job.job_id, outcome, [], T0)


@pytest.mark.parametrize(
    "reason", ["file_missing", "damaged_file", "identity_conflict", "out_of_memory"]
)
def test_a_failed_study_that_is_sent_again_is_read_again(
    ledger: Ledger, reason: str
) -> None:
    """Who is told to send the study again shall not do so in vain."""
    ended(ledger, Failed(reason, ""))
    again = [spooled(ledger, instance(number=n)) for n in (2, 1)]

    assert ledger.studies.record(again, LATER) == {"1.1"}

    assert [study.study_instance_uid for study in ledger.studies.receiving()] == ["1.1"]
    assert sorted(contents(ledger)) == sorted(image.digest for image in again)
    complete(ledger, now=LATER)
    assert ledger.jobs.listing()[0].state is JobState.QUEUED
    assert ledger.studies.record(again, LATER) == set()


@pytest.mark.parametrize(
    "outcome",
    [result(), NotApplicable("no_series_accepted", "")],
    ids=["reported", "not applicable"],
)
def test_a_study_that_had_its_outcome_stays_as_it_is(
    ledger: Ledger, outcome: Reported | NotApplicable
) -> None:
    """Sent again, it makes nothing new."""
    ended(ledger, outcome)
    again = [spooled(ledger, instance(number=n)) for n in (1, 2)]

    assert ledger.studies.record(again, LATER) == set()
    assert ledger.studies.receiving() == []


@pytest.mark.parametrize("reason", ["file_missing", "damaged_file"])
def test_what_nobody_sent_reopens_no_failed_study(ledger: Ledger, reason: str) -> None:
    """A restart is no second try, unless it is the file that was missed."""
    ended(ledger, Failed(reason, ""))
    found = replace(spooled(ledger, instance()), was_sent=False)

    changed = ledger.studies.record([found], LATER)

    assert changed == ({"1.1"} if reason == "file_missing" else set())


def test_completing_a_study_is_one_transaction(ledger: Ledger) -> None:
    """A model that cannot be queued leaves the study open."""
    ledger.studies.record([instance()], T0)

    with pytest.raises(Exception, match="NOT NULL"):
        complete(ledger, models=["fine", None])  # type: ignore[list-item]  # on purpose

    assert len(ledger.studies.receiving()) == 1
    assert ledger.jobs.listing() == []


def test_a_study_is_found_by_every_name_that_it_has(ledger: Ledger) -> None:
    """Its UID, an image, an object of ours, its accession number, the log's hash."""
    (job,) = queue(ledger)
    ledger.jobs.claim(T0)
    ledger.jobs.report(job.job_id, result(), [], T0)
    numbered = replace(instance(number=2), accession_number="A 4711")
    ledger.studies.record([numbered, instance("1.2")], LATER)

    hashed = salted(ledger.site_salt, "1.1")
    for wanted in ("1.1", "1.1.1.1", "2.25.2.1", "A 4711", hashed):
        assert [s.study_instance_uid for s in ledger.studies.find(wanted)] == ["1.1"]
    for unknown in ("9.9", "", "A 4712", hashed[:11], "4711"):
        assert ledger.studies.find(unknown) == []


def test_studies_of_one_accession_number_are_all_found(ledger: Ledger) -> None:
    """One order may have several studies; first received first."""
    for number, study in enumerate(("1.2", "1.1")):
        numbered = replace(instance(study), accession_number="A1")
        ledger.studies.record([numbered], T0 + timedelta(seconds=number))

    found = ledger.studies.find("A1")

    assert [study.study_instance_uid for study in found] == ["1.2", "1.1"]


def test_an_accession_number_is_not_in_the_file(ledger: Ledger) -> None:
    """Only its salted hash is; an image without one takes it from no study."""
    numbered = replace(instance(), accession_number="ACCESSION4711")
    ledger.studies.record([numbered, instance(number=2)], T0)

    assert len(ledger.studies.find("ACCESSION4711")) == 1
    folder = ledger.database.path.parent
    for path in folder.glob("ledger.sqlite*"):
        assert b"ACCESSION4711" not in path.read_bytes(), path.name
    assert "ACCESSION4711" not in repr(numbered)
