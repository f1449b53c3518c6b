"""Deliveries in the ledger: every object, every destination, once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from node.jobs.job import JobState
from node.jobs.ledger import Ledger
from node.jobs.ledger_deliveries import DESTINATION_REMOVED, PATIENCE
from node.jobs.ledger_jobs import JobRow
from node.jobs.ledger_results import insert_object
from node.jobs.ledger_studies import stamp
from tests.node.jobs.ledger_stories import (
    T0,
    complete,
    instance,
    queue,
    result,
    spooled,
)

LATER = T0 + timedelta(seconds=10)
ARCHIVE, WORKSTATION = "ARCHIVE@127.0.0.1:4242", "VIEW@127.0.0.1:104"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Return a ledger with two reported jobs of three objects, two destinations."""
    ledger = Ledger(tmp_path)
    for study in ("1.1", "1.2"):
        queue(ledger, study)
        job = ledger.jobs.claim(LATER)
        assert job is not None
        ledger.jobs.report(job.job_id, result(study), [ARCHIVE, WORKSTATION], T0)
    yield ledger
    ledger.close()


def test_what_is_due_travels_study_by_study(ledger: Ledger) -> None:
    """One association carries the objects of one job, in the order of their making."""
    due = ledger.deliveries.due(ARCHIVE, LATER)

    assert [(d.kind, d.study_instance_uid) for d in due] == [
        ("SEG", "1.1"),
        ("SR", "1.1"),
        ("SC", "1.1"),
    ]


def test_one_destination_knows_nothing_of_another(ledger: Ledger) -> None:
    """What the archive postpones is due at the workstation."""
    postponed = ledger.deliveries.due(ARCHIVE, LATER)
    ledger.deliveries.postpone(postponed, None, "no answer", LATER + timedelta(days=1))

    assert ledger.deliveries.due(ARCHIVE, LATER)[0].study_instance_uid == "1.2"
    assert ledger.deliveries.due(WORKSTATION, LATER)[0].study_instance_uid == "1.1"


def test_a_postponed_delivery_keeps_its_history(ledger: Ledger) -> None:
    """Attempts, the last status and its words; due again when it says."""
    again = LATER + timedelta(days=1)
    first = ledger.deliveries.due(ARCHIVE, LATER)[0]
    everything = [
        *ledger.deliveries.of_job(first.job_id),
        *ledger.deliveries.of_job(first.job_id + 1),
    ]
    ledger.deliveries.postpone(everything, 0xA700, "out of resources", again)

    assert ledger.deliveries.due(ARCHIVE, LATER) == []
    assert ledger.deliveries.next_due(ARCHIVE) == again
    delivery = ledger.deliveries.due(ARCHIVE, again)[0]
    assert (delivery.attempts, delivery.status, delivery.detail) == (
        1,
        0xA700,
        "out of resources",
    )


def test_a_refused_delivery_is_shown_and_keeps_the_job_reported(
    ledger: Ledger,
) -> None:
    """It is not due again, and the job is not called sent."""
    job_id = ledger.deliveries.due(ARCHIVE, LATER)[0].job_id
    refused, *others = ledger.deliveries.of_job(job_id)
    ledger.deliveries.failed(refused, 0xA900, "class and data differ", LATER)
    for delivery in others:
        ledger.deliveries.sent(delivery, 0, LATER)

    assert ledger.jobs.get(job_id).state is JobState.REPORTED
    assert ledger.deliveries.of_job(job_id)[0].state == "failed"


def test_a_sent_job_needs_every_destination(ledger: Ledger) -> None:
    """Three objects at two destinations are six deliveries."""
    job_id = ledger.deliveries.due(ARCHIVE, LATER)[0].job_id
    *most, last = ledger.deliveries.of_job(job_id)
    for delivery in most:
        ledger.deliveries.sent(delivery, 0, LATER)
    assert ledger.jobs.get(job_id).state is JobState.REPORTED

    ledger.deliveries.sent(last, 0, LATER)

    assert ledger.jobs.get(job_id).state is JobState.SENT
    assert ledger.deliveries.due(ARCHIVE, LATER)[0].job_id != job_id


def test_a_notice_that_still_waits_holds_up_no_result(ledger: Ledger) -> None:
    """A ledger of an earlier release may have left one beside a result."""
    job_id = ledger.deliveries.due(ARCHIVE, LATER)[0].job_id
    notice = result("notice", kinds=["NOTICE"]).objects[0]
    with ledger.database.write() as connection:
        row = connection.execute(
            "INSERT INTO results SELECT NULL, job_id, 0, 'notice', '', completed_at, "
            "reported_at, '{}', '{}', '', '', '', '[]', '{}', NULL, NULL FROM results "
            "WHERE job_id = ?",
            (job_id,),
        )
        result_id = int(row.lastrowid or 0)
        insert_object(connection, result_id, notice, [ARCHIVE], stamp(T0))

    for delivery in ledger.deliveries.of_job(job_id):
        if delivery.kind != "NOTICE":
            ledger.deliveries.sent(delivery, 0, LATER)

    assert ledger.jobs.get(job_id).state is JobState.SENT
    [waiting] = [d for d in ledger.deliveries.of_job(job_id) if d.state == "pending"]
    assert waiting.kind == "NOTICE"


def test_what_is_held_back_is_due_with_what_it_waits_for(ledger: Ledger) -> None:
    """It was not tried: no attempt is counted, no status is noted."""
    again = LATER + timedelta(minutes=1)
    first, *behind = ledger.deliveries.due(ARCHIVE, LATER)

    ledger.deliveries.postpone([first], 0xA700, "no space", again, held=behind)

    assert ledger.deliveries.due(ARCHIVE, LATER)[0].job_id != first.job_id
    due = [d for d in ledger.deliveries.due(ARCHIVE, again) if d.job_id == first.job_id]
    assert [(d.kind, d.attempts, d.status) for d in due] == [
        ("SEG", 1, 0xA700),
        ("SR", 0, None),
        ("SC", 0, None),
    ]


def second_version(ledger: Ledger) -> JobRow:
    """Let the job of the first study report again."""
    late = spooled(ledger, instance("1.1", number=2))
    ledger.studies.record([late], LATER)
    complete(ledger, "1.1", now=LATER)
    job = ledger.jobs.claim(LATER)
    assert job is not None
    ledger.jobs.report(job.job_id, result("again"), [ARCHIVE, WORKSTATION], LATER)
    return job


def test_a_version_waits_for_the_one_before_it(ledger: Ledger) -> None:
    """An archive that was busy gets them in their order; others are not held up."""
    again = LATER + timedelta(minutes=1)
    earlier = ledger.deliveries.due(ARCHIVE, LATER)
    ledger.deliveries.postpone(earlier[:1], 0xA700, "busy", again, held=earlier[1:])
    job = second_version(ledger)
    of_other = ledger.deliveries.due(ARCHIVE, LATER)
    assert {d.study_instance_uid for d in of_other} == {"1.2"}
    for delivery in of_other:
        ledger.deliveries.sent(delivery, 0, LATER)

    assert ledger.deliveries.due(ARCHIVE, again - timedelta(seconds=1)) == []
    assert ledger.deliveries.next_due(ARCHIVE) == again
    due = ledger.deliveries.due(ARCHIVE, again)
    assert [d.sop_instance_uid.rpartition(".")[2] for d in due] == ["1"] * 3 + [
        "again"
    ] * 3
    assert {d.job_id for d in due} == {job.job_id}
    assert len(ledger.deliveries.due(WORKSTATION, LATER)) == 6


def test_a_version_does_not_wait_for_ever(ledger: Ledger) -> None:
    """What the archive has refused so often goes alone, whenever it is taken."""
    again = LATER + timedelta(minutes=1)
    for _ in range(PATIENCE):
        ledger.deliveries.postpone(
            ledger.deliveries.of_job(1)[::2], 0xA700, "busy", again
        )
    second_version(ledger)
    for delivery in ledger.deliveries.of_job(2):
        ledger.deliveries.sent(delivery, 0, LATER)

    due = ledger.deliveries.due(ARCHIVE, LATER)

    assert [d.sop_instance_uid.rpartition(".")[2] for d in due] == ["again"] * 3


def test_deliveries_are_listed_by_job(ledger: Ledger) -> None:
    """All of them, or those of a study."""
    everything = ledger.deliveries.by_job()

    assert {job: len(found) for job, found in everything.items()} == {1: 6, 2: 6}
    assert ledger.deliveries.by_job("1.2") == {2: everything[2]}
    assert ledger.deliveries.by_job("1.3") == {}


class TestReaddress:
    """The settings name other destinations than when the deliveries were made."""

    def test_an_archive_that_moved_gets_what_waited(self, ledger: Ledger) -> None:
        """As if it were just made: attempts and age count anew, the order stays."""
        old = ledger.deliveries.due(ARCHIVE, LATER)
        ledger.deliveries.sent(old[0], 0, LATER)
        ledger.deliveries.postpone(old[1:], None, "no answer", T0 + timedelta(days=2))
        now = T0 + timedelta(days=1)

        done = ledger.deliveries.readdress(["MOVED@127.0.0.1:4243", WORKSTATION], now)

        due = ledger.deliveries.due("MOVED@127.0.0.1:4243", now)
        assert done == (5, 0)
        assert [(d.kind, d.attempts, d.created_at) for d in due] == [
            ("SR", 0, now),
            ("SC", 0, now),
        ]
        assert ledger.deliveries.due(ARCHIVE, now) == []
        assert ledger.deliveries.of_job(old[0].job_id)[0].destination == ARCHIVE

    def test_a_destination_that_is_gone_fails_by_name(self, ledger: Ledger) -> None:
        """The other one has its own deliveries and gets none twice."""
        done = ledger.deliveries.readdress([ARCHIVE], LATER)

        assert done == (0, 6)
        found = ledger.deliveries.of_job(1)
        assert {(d.destination, d.state, d.detail) for d in found} == {
            (ARCHIVE, "pending", ""),
            (WORKSTATION, "failed", DESTINATION_REMOVED),
        }
        assert {d.attempts for d in found} == {0}

    def test_two_that_moved_are_two_again(self, ledger: Ledger) -> None:
        """Every object goes to both of the new places, once."""
        names = ["A@127.0.0.1:1", "B@127.0.0.1:2"]

        assert ledger.deliveries.readdress(names, LATER) == (12, 0)
        for job_id in (1, 2):
            found = ledger.deliveries.of_job(job_id)
            pairs = {(d.sop_instance_uid, d.destination) for d in found}
            assert len(pairs) == 6
            assert {d.destination for d in found} == set(names)

    @pytest.mark.parametrize(
        "moved", ["VIEW@127.0.0.1:105", "VIEW@192.0.2.1:104", "LOOK@127.0.0.1:104"]
    )
    def test_the_likeness_of_names_tells_who_moved(
        self, ledger: Ledger, moved: str
    ) -> None:
        """An archive that moved earlier does not get what is meant for another."""
        for delivery in ledger.deliveries.due(ARCHIVE, LATER):
            ledger.deliveries.sent(delivery, 0, LATER)
        everywhere_new = ["ARCHIVE@192.0.2.9:4243", moved]

        ledger.deliveries.readdress(everywhere_new, LATER)

        found = ledger.deliveries.of_job(1)
        assert {d.destination for d in found if d.state == "pending"} == {moved}

    def test_nothing_happens_while_the_settings_stay(self, ledger: Ledger) -> None:
        """Whatever their order, and a second time too."""
        before = ledger.deliveries.by_job()

        assert ledger.deliveries.readdress([WORKSTATION, ARCHIVE], LATER) == (0, 0)
        assert ledger.deliveries.by_job() == before

    def test_what_was_sent_or_failed_stays_as_it_is(self, ledger: Ledger) -> None:
        """History is not addressed anew."""
        for delivery in ledger.deliveries.of_job(1):
            ledger.deliveries.sent(delivery, 0, LATER)
        for delivery in ledger.deliveries.of_job(2):
            ledger.deliveries.failed(delivery, 0xC000, "cannot understand", LATER)
        before = ledger.deliveries.by_job()

        assert ledger.deliveries.readdress(["NEW@127.0.0.1:1"], LATER) == (0, 0)
        assert ledger.deliveries.by_job() == before


def test_nothing_due_is_an_empty_list(tmp_path: Path) -> None:
    """Not an error."""
    folder = tmp_path / "empty"
    folder.mkdir()
    empty = Ledger(folder)

    assert empty.deliveries.due(ARCHIVE, LATER) == []
    assert empty.deliveries.next_due(ARCHIVE) is None
    empty.close()


def test_what_a_model_made_can_be_withheld(ledger: Ledger) -> None:
    """What waits fails by name, what was sent stays sent; other models go on."""
    first, *_ = ledger.deliveries.due(ARCHIVE, LATER)
    ledger.deliveries.sent(first, 0, LATER)

    assert ledger.deliveries.withhold({"another"}, LATER) == 0
    assert ledger.deliveries.withhold((), LATER) == 0
    assert ledger.deliveries.withhold({"hippocampus"}, LATER) == 11

    states = {
        (d.state, d.detail)
        for job in ledger.jobs.listing()
        for d in ledger.deliveries.of_job(job.job_id)
    }
    assert states == {("sent", ""), ("failed", "demonstration_off")}
    assert ledger.deliveries.next_due(ARCHIVE) is None


def test_what_was_withheld_can_be_offered_by_a_person(ledger: Ledger) -> None:
    """An explicit order counts; the objects say what they are."""
    ledger.deliveries.withhold({"hippocampus"}, LATER)
    withheld = [d.delivery_id for d in ledger.deliveries.of_job(1)]

    assert ledger.repeats.offer_again(withheld, LATER) == withheld
    assert len(ledger.deliveries.due(ARCHIVE, LATER)) == 3
