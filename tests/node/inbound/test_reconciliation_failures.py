"""What goes wrong while a study is brought spoils only itself, and only for a time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from node.errors import NoSpaceError
from node.inbound.spool import Spool
from tests.node.inbound.hospital import ATTEMPTS, Hospital, HospitalStory
from tests.node.inbound.objects import build_instance
from tests.node.inbound.story import CONFIRMED, SERIES, STUDY


@pytest.fixture
def hospital() -> Hospital:
    """Return an archive that is empty yet."""
    return Hospital()


@pytest.fixture
def story(tmp_path: Path, hospital: Hospital) -> Iterator[HospitalStory]:
    """Begin a story with a node that has never looked."""
    story = HospitalStory(tmp_path, hospital)
    yield story
    story.ledger.close()


def test_one_image_that_cannot_be_kept_does_not_hold_up_the_others(
    story: HospitalStory, hospital: Hospital
) -> None:
    """The study is read with what came; the archive is not told that all did."""
    damaged = build_instance(STUDY, SERIES, Modality="MR")
    hospital.takes([damaged])
    hospital.damaged.add(damaged.SOPInstanceUID)
    hospital.receives(f"{SERIES}.9", 2)

    with capture_logs() as events:
        story.looks(ATTEMPTS + 2)

    assert story.ledger.studies.series_counts(STUDY) == {f"{SERIES}.9": 2}
    assert hospital.fetched == [STUDY]  # once: it would end early again
    assert hospital.noted == []
    (fetched,) = [e for e in events if e["event"] == "study_fetched"]
    assert (fetched["images"], fetched["refused"]) == (2, 1)


def test_a_full_disk_ends_the_fetch_and_is_tried_again(
    story: HospitalStory, hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What did not fit comes later."""
    hospital.receives(SERIES, 2)

    def full(*_: Any) -> None:
        raise NoSpaceError("the spool cannot be written: ENOSPC")

    with monkeypatch.context() as patch, capture_logs() as events:
        patch.setattr(Spool, "store_file", full)
        story.looks(2)
    assert [e["reason"] for e in events if e["event"] == "study_not_brought"] == [
        "the spool cannot be written: ENOSPC"
    ]

    story.looks(2)

    assert story.verdict() is CONFIRMED


def test_a_restart_goes_on_where_the_node_was(
    story: HospitalStory, hospital: Hospital
) -> None:
    """The position, the studies that were found, and the attempts are kept."""
    hospital.receives(SERIES, 3)
    hospital.withheld.add(STUDY)
    story.looks(2)

    story.restart()
    story.looks(ATTEMPTS + 10, every_s=3600)

    assert hospital.begins[2:4] == ["3", "3"]
    assert len(hospital.fetched) == ATTEMPTS


def test_what_came_while_the_node_was_down_is_found(
    story: HospitalStory, hospital: Hospital
) -> None:
    """Many pages of it; each is noted with its position."""
    story.looks()
    for number in range(5):
        study = f"1.2.{number}"
        hospital.takes([build_instance(study, f"{study}.1", Modality="MR")])
    story.now += timedelta(days=3)
    story.restart()

    story.looks(2)

    assert sorted(hospital.fetched) == [f"1.2.{number}" for number in range(5)]


def test_a_dead_archive_costs_no_attempt(
    story: HospitalStory, hospital: Hospital
) -> None:
    """However long it is down; one line at each look says so."""
    hospital.receives(SERIES)
    story.looks()
    hospital.error = "the archive does not answer"
    with capture_logs() as events:
        story.looks(ATTEMPTS + 10, every_s=3600)
    assert {(e["event"], e.get("reason")) for e in events} == {
        ("not_reconciled", "the archive does not answer")
    }

    hospital.error = ""
    story.looks()

    assert story.verdict() is CONFIRMED


def test_a_foreign_exception_ends_the_look_and_nothing_else(
    story: HospitalStory, hospital: Hospital
) -> None:
    """Its kind is logged, not what it says."""
    hospital.receives(SERIES)
    hospital.foreign = RuntimeError("Doe^John")
    with capture_logs() as events:
        story.looks()
    assert [e.get("reason") for e in events] == ["RuntimeError"]

    hospital.foreign = None
    story.looks(2)

    assert story.verdict() is CONFIRMED


def test_a_study_that_cannot_be_asked_for_does_not_hold_up_the_others(
    story: HospitalStory, hospital: Hospital
) -> None:
    """It is put off like one that could not be fetched, and left in the end."""
    hospital.takes([build_instance("1.1", "1.1.1", Modality="MR")])
    hospital.receives(SERIES)
    hospital.broken.add("1.1")

    story.looks(3)
    assert story.verdict() is CONFIRMED

    story.looks(ATTEMPTS + 10, every_s=3600)
    assert hospital.asked_to_hold.count("1.1") <= ATTEMPTS + 1
    assert story.ledger.archive.due(story.now) == []


def test_a_study_that_the_archive_lost_is_settled(
    story: HospitalStory, hospital: Hospital
) -> None:
    """Deleted there before it came here."""
    hospital.receives(SERIES)
    story.looks()
    del hospital.images[STUDY]

    story.looks(3)

    assert hospital.asked_to_hold == [STUDY]


def test_a_stop_ends_a_fetch_at_the_next_image(
    story: HospitalStory, hospital: Hospital
) -> None:
    """What was kept is kept; the rest is fetched after the restart."""
    hospital.receives(SERIES, 5)
    hospital.on_image = story.reconciliation.stop
    story.looks(2)
    assert story.ledger.studies.series_counts(STUDY) == {SERIES: 1}

    story.restart()
    story.looks(2)

    assert story.verdict() is CONFIRMED


def test_a_stop_ends_a_look_at_the_next_study(
    story: HospitalStory, hospital: Hospital
) -> None:
    """A slow archive is not asked for a hundred others first."""
    for number in range(3):
        study = f"1.2.{number}"
        hospital.takes([build_instance(study, f"{study}.1", Modality="MR")])
    story.looks()
    hospital.on_question = story.reconciliation.stop

    story.looks()

    assert len(hospital.asked_to_hold) == 1


def test_a_position_that_stands_still_ends_a_search(
    story: HospitalStory, hospital: Hospital
) -> None:
    """Whatever the archive says of there being more."""
    hospital.receives(SERIES)
    hospital.is_never_done = True

    def count() -> None:
        if len(hospital.begins) > 9:
            pytest.fail("the archive is asked without end")

    hospital.echo = count  # type: ignore[method-assign]  # each question begins there
    story.looks()

    assert hospital.begins == [None, "1"]


def test_nothing_in_the_log_identifies_a_patient(
    story: HospitalStory, hospital: Hospital
) -> None:
    """Studies stand there as hashes."""
    hospital.receives(SERIES, 2)
    hospital.failed[STUDY] = "job"
    with capture_logs() as events:
        story.looks(5)
        hospital.receives(SERIES, 2)
        hospital.withheld.add(STUDY)
        story.looks(ATTEMPTS + 10, every_s=3600)

    named = {event["event"] for event in events}
    told = {"job_sent_again", "study_fetched", "study_not_brought", "study_given_up"}
    assert told <= named
    text = repr(events)
    uids = [ds.SOPInstanceUID for ds in hospital.images[STUDY][SERIES]]
    for secret in ("Secret", "SECRET", f"'{STUDY}'", SERIES, *uids):
        assert secret not in text
