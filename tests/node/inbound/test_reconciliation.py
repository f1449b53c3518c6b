"""What never came is brought: when, how often, and what is left alone."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from structlog.testing import capture_logs

from node.equipment import MANUFACTURER, PROCESSING_EQUIPMENT
from node.jobs.job import ObjectFile, Reported
from tests.node.inbound.hospital import ATTEMPTS, SETTLE_S, Hospital, HospitalStory
from tests.node.inbound.objects import build_instance
from tests.node.inbound.story import CONFIRMED, SERIES, STUDY

ONE_JOB = 1


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


def test_a_study_that_never_came_is_fetched_and_read(
    story: HospitalStory, hospital: Hospital
) -> None:
    """Complete by the archive's own count, with a job; the archive is told."""
    hospital.receives(SERIES, 3)

    story.looks(2)

    assert story.verdict() is CONFIRMED
    assert len(story.ledger.jobs.listing(STUDY)) == ONE_JOB
    assert hospital.noted == [STUDY]


def test_it_is_given_time_to_come_by_itself(
    story: HospitalStory, hospital: Hospital
) -> None:
    """Found at once, compared when it has settled."""
    hospital.receives(SERIES)

    story.looks(1, every_s=SETTLE_S - 1)
    story.looks(1)
    assert hospital.asked_to_hold == []

    story.looks(1)
    assert hospital.fetched == [STUDY]


def test_a_study_that_came_is_settled_without_a_question(
    story: HospitalStory, hospital: Hospital
) -> None:
    """The ledger has every image that the archive counts."""
    hospital.takes(story.arrives(3))
    story.ends()

    story.looks(3)

    assert hospital.asked_to_hold == []
    assert hospital.fetched == []


def test_a_study_that_comes_while_it_is_awaited_is_settled_too(
    story: HospitalStory, hospital: Hospital
) -> None:
    """It was found, and then delivered after all."""
    images = [build_instance(STUDY, SERIES, Modality="MR") for _ in range(3)]
    hospital.takes(images)
    story.looks()
    for ds in images:
        story.sends(ds)
    story.ends()

    story.looks(3)

    assert hospital.asked_to_hold == [STUDY]
    assert hospital.fetched == []
    assert story.ledger.archive.due(story.now) == []


@pytest.mark.parametrize("tells", ["series", "number", "nothing"])
def test_images_too_many_do_not_make_up_for_a_series_that_lacks(
    story: HospitalStory, hospital: Hospital, tells: str
) -> None:
    """A series of five was replaced by one of four: numbers count by series."""
    hospital.tells = tells
    story.arrives(5)
    story.ends()
    hospital.receives(f"{SERIES}.9", 4)

    story.looks(3)

    assert hospital.wanted == [[f"{SERIES}.9"]]
    held = story.ledger.studies.series_counts(STUDY)
    assert held == {SERIES: 5, f"{SERIES}.9": 4}


@pytest.mark.parametrize(
    ("modality", "tells", "questions"),
    [("MR", "number", 1), ("MR", "nothing", 2), ("CT", "nothing", 1)],
)
def test_a_study_is_asked_for_once_and_not_at_every_look(
    story: HospitalStory,
    hospital: Hospital,
    modality: str,
    tells: str,
    questions: int,
) -> None:
    """Found by date again and again; once more where growth would not be seen."""
    hospital.tells, hospital.jobs_are_seen = tells, False
    images = [build_instance(STUDY, SERIES, Modality=modality) for _ in range(3)]
    hospital.takes(images)
    for ds in images:
        story.sends(ds)
    story.ends()
    for _ in range(20):
        hospital.changes.append(STUDY)
        story.looks()

    assert len(hospital.asked_to_hold) == questions
    assert hospital.fetched == []


def test_a_study_that_grows_is_fetched_though_no_number_tells(
    story: HospitalStory, hospital: Hospital
) -> None:
    """It was entering the archive when it was found."""
    hospital.tells = "nothing"
    hospital.receives(SERIES, 2)
    story.looks(2)
    hospital.receives(SERIES, 3)

    story.looks(3)

    assert story.ledger.studies.series_counts(STUDY) == {SERIES: 5}
    assert story.ledger.archive.due(story.now) == []


@pytest.mark.parametrize("jobs_are_seen", [True, False])
def test_a_study_that_no_model_reads_is_not_fetched(
    story: HospitalStory, hospital: Hospital, jobs_are_seen: bool
) -> None:
    """A CT beside an MR model; the archive is not even asked for it."""
    hospital.jobs_are_seen = jobs_are_seen
    hospital.receives(SERIES, modality="CT")

    story.looks(ATTEMPTS + 10, every_s=3600)

    assert hospital.fetched == hospital.asked_to_hold == []
    assert story.ledger.archive.due(story.now) == []


def test_nothing_is_fetched_where_the_archive_chooses(
    tmp_path: Path, hospital: Hospital
) -> None:
    """A setting; failed jobs are still sent again."""
    story = HospitalStory(tmp_path, hospital, fetch=False)
    hospital.receives(SERIES)
    hospital.failed[STUDY] = "job"

    story.looks(3)

    assert hospital.fetched == []
    assert hospital.sent_again == ["job"] * 2
    story.ledger.close()


def test_a_failed_job_is_sent_again_before_anything_is_fetched(
    story: HospitalStory, hospital: Hospital
) -> None:
    """The archive's way is the first; the node's own only when it did not help."""
    hospital.receives(SERIES)
    hospital.failed[STUDY] = "job"

    story.looks(2)
    assert (hospital.sent_again, hospital.fetched) == (["job"], [])
    story.looks(2)

    assert (hospital.sent_again, hospital.fetched) == (["job"], [STUDY])
    assert story.verdict() is CONFIRMED


def test_a_failed_job_is_sent_again_whatever_the_modality(
    story: HospitalStory, hospital: Hospital
) -> None:
    """The archive wanted the node to have it: it gets its outcome."""
    hospital.receives(SERIES, modality="CT")
    hospital.failed[STUDY] = "job"

    story.looks(ATTEMPTS + 10, every_s=3600)

    assert hospital.sent_again == ["job"] * ATTEMPTS
    assert hospital.fetched == []


def test_a_job_that_fails_late_is_sent_again(
    story: HospitalStory, hospital: Hospital
) -> None:
    """Jobs are made when a study is stable, which may be minutes after it was found."""
    hospital.receives(SERIES, modality="CT")
    story.looks(3)

    hospital.failed[STUDY] = "job"
    story.looks(3)

    assert hospital.sent_again == ["job"]


def test_attempts_are_bounded_and_wait_longer_each_time(
    story: HospitalStory, hospital: Hospital
) -> None:
    """Doubled waits; then it is left, and the log says so once, as an error."""
    hospital.receives(SERIES, 2)
    hospital.withheld.add(STUDY)
    moments = []
    begin = story.now
    with capture_logs() as events:
        for _ in range(1000):
            before = len(hospital.fetched)
            story.looks(1, every_s=SETTLE_S)
            if len(hospital.fetched) > before:
                moments.append((story.now - begin).total_seconds())

    waits = [after - before for before, after in itertools.pairwise(moments)]
    assert waits == [60, 120, 240]
    assert [e for e in events if e["log_level"] == "error"] == [
        {
            "event": "study_given_up",
            "log_level": "error",
            "stage": "reconciliation",
            "study": events[-1]["study"],
            "attempts": ATTEMPTS,
            "images_lacking": 2,
        }
    ]


def test_what_was_given_up_is_tried_again_when_it_grew(
    story: HospitalStory, hospital: Hospital
) -> None:
    """One image more is news."""
    hospital.receives(SERIES)
    hospital.withheld.add(STUDY)
    story.looks(ATTEMPTS + 10, every_s=3600)
    hospital.withheld.clear()

    hospital.receives(SERIES)
    story.looks(2)

    assert story.verdict() is CONFIRMED


@pytest.mark.parametrize("reason", ["unstable", "under_way"])
def test_what_is_not_ready_is_left_alone_without_an_attempt(
    story: HospitalStory, hospital: Hospital, reason: str
) -> None:
    """Still being sent to the archive, or by it."""
    hospital.receives(SERIES)
    waiting: set[str] = getattr(hospital, reason)
    waiting.add(STUDY)
    story.looks(ATTEMPTS + 2)
    assert hospital.fetched == []

    waiting.clear()
    story.looks()

    assert hospital.fetched == [STUDY]


def test_a_study_that_is_arriving_is_left_alone(
    story: HospitalStory, hospital: Hospital
) -> None:
    """Until the images have ceased for a while: an association may have broken."""
    images = [build_instance(STUDY, SERIES, Modality="MR") for _ in range(3)]
    hospital.takes(images)
    story.looks()
    story.sends(images[0])
    story.watcher.tick(story.now)
    story.looks(1, every_s=SETTLE_S)
    assert hospital.fetched == []

    story.looks()

    assert hospital.fetched == [STUDY]


def test_only_the_series_that_lack_are_fetched(
    story: HospitalStory, hospital: Hospital
) -> None:
    """What was delivered is there."""
    hospital.takes(story.arrives(2))
    story.ends()
    hospital.receives(f"{SERIES}.9", 3)

    story.looks(2)

    assert hospital.wanted == [[f"{SERIES}.9"]]


def test_a_study_is_not_complete_while_it_is_fetched(
    story: HospitalStory, hospital: Hospital
) -> None:
    """One series is there as the archive counts it, the next is on its way."""
    hospital.receives(SERIES, 2)
    hospital.receives(f"{SERIES}.9", 2)
    verdicts = []

    def look() -> None:
        story.watcher.tick(story.now)
        verdicts.append(story.verdict())

    hospital.on_image = look
    story.looks(2)

    assert verdicts == [None] * 4
    assert story.verdict() is CONFIRMED
    assert len(story.ledger.jobs.listing(STUDY)) == ONE_JOB


def report(story: HospitalStory, series: str) -> None:
    """Let the node's job on the study end with an object in a series of its own."""
    job = story.ledger.jobs.claim(story.now)
    assert job is not None
    path = story.folder / "SR.dcm"
    made = ObjectFile("SR", "1.6", f"{series}.1", series, "1.9", path, "")
    result = Reported("identity", SERIES, story.now, (made,))
    story.ledger.jobs.report(job.job_id, result, [], story.now)


@pytest.mark.parametrize(("tells", "questions"), [("series", 0), ("number", 1)])
def test_results_of_the_node_are_not_fetched(
    story: HospitalStory, hospital: Hospital, tells: str, questions: int
) -> None:
    """An archive that cannot tell who stored them counts them; the ledger knows."""
    hospital.tells = tells
    hospital.receives(SERIES, 2)
    story.looks(2)
    hospital.fetched.clear()
    hospital.asked_to_hold.clear()
    report(story, "1.2.777")

    hospital.receives("1.2.777", modality="SR")
    story.looks(3)

    assert len(hospital.asked_to_hold) == questions
    assert hospital.fetched == []


def own_object() -> Dataset:
    """Return an object that a node of this kind made, in a series of its own."""
    purpose, equipment = Dataset(), Dataset()
    purpose.CodeValue = PROCESSING_EQUIPMENT
    equipment.Manufacturer = MANUFACTURER
    equipment.PurposeOfReferenceCodeSequence = Sequence([purpose])
    return build_instance(
        STUDY,
        "1.2.888",
        Modality="SR",
        ContributingEquipmentSequence=Sequence([equipment]),
    )


def test_results_of_an_earlier_ledger_are_not_taken_for_images(
    story: HospitalStory, hospital: Hospital
) -> None:
    """The spool knows them by their equipment; the images come, and none twice."""
    hospital.takes([own_object()])
    hospital.receives(SERIES, 2)

    story.looks(ATTEMPTS + 2)

    assert story.ledger.studies.series_counts(STUDY) == {SERIES: 2}
    assert story.verdict() is CONFIRMED
    assert hospital.fetched == [STUDY]
