"""What was in the archive before the first start of the node is left alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from node.config import ReconcileSettings
from tests.node.inbound.hospital import ATTEMPTS, Hospital, HospitalStory
from tests.node.inbound.objects import build_instance
from tests.node.inbound.story import CONFIRMED, SERIES, STUDY

LATER = "1.2.9"
"""A study that comes when the node has begun."""


@pytest.fixture
def hospital() -> Hospital:
    """Return an archive with two images of a study, all on one page."""
    hospital = Hospital(page=100)
    hospital.receives(SERIES, 2)
    return hospital


@pytest.fixture
def story(tmp_path: Path, hospital: Hospital) -> Iterator[HospitalStory]:
    """Begin a story with a node that is not told to look back."""
    days = ReconcileSettings().look_back_days
    story = HospitalStory(tmp_path, hospital, look_back_days=days)
    yield story
    story.ledger.close()


def look_for_days(story: HospitalStory, hospital: Hospital) -> None:
    """Look often, and find the same studies by date every time."""
    for _ in range(ATTEMPTS + 10):
        hospital.changes.append(STUDY)
        story.looks(1, every_s=3600)


@pytest.mark.parametrize("tells", ["series", "number", "nothing"])
def test_what_was_there_is_not_even_asked_for(
    story: HospitalStory, hospital: Hospital, tells: str
) -> None:
    """However often it is found, and whatever the archive tells."""
    hospital.tells = tells

    look_for_days(story, hospital)

    assert hospital.asked_to_hold == hospital.fetched == []


def test_a_job_of_it_that_failed_is_left_alone_too(
    story: HospitalStory, hospital: Hospital
) -> None:
    """Nobody asked this node."""
    hospital.failed[STUDY] = "job"

    look_for_days(story, hospital)

    assert hospital.sent_again == hospital.fetched == []


@pytest.mark.parametrize("tells", ["series", "number", "nothing"])
def test_what_comes_later_is_fetched(
    story: HospitalStory, hospital: Hospital, tells: str
) -> None:
    """On the same day."""
    hospital.tells = tells
    story.looks()
    hospital.takes([build_instance(LATER, f"{LATER}.1", Modality="MR")])

    look_for_days(story, hospital)

    assert set(hospital.fetched) == {LATER}


def test_a_study_that_grows_later_is_fetched_whole(
    story: HospitalStory, hospital: Hospital
) -> None:
    """It was still coming, or somebody works on it."""
    story.looks()
    hospital.receives(SERIES)

    story.looks(2)

    assert story.verdict() is CONFIRMED
    assert story.ledger.studies.series_counts(STUDY) == {SERIES: 3}


def test_a_restart_goes_on_from_the_position(
    story: HospitalStory, hospital: Hospital
) -> None:
    """What was there stays left alone; what came meanwhile is fetched."""
    story.looks()
    hospital.takes([build_instance(LATER, f"{LATER}.1", Modality="MR")])
    story.now += timedelta(days=3)
    story.restart()

    look_for_days(story, hospital)

    assert hospital.fetched == [LATER]


def test_another_model_makes_no_news_of_what_was_there(
    tmp_path: Path, hospital: Hospital
) -> None:
    """Nor does the permission to fetch, given after the first look."""
    story = HospitalStory(tmp_path, hospital, fetch=False, look_back_days=0)
    story.looks()
    story.ledger.close()

    story = HospitalStory(tmp_path, hospital, look_back_days=0)
    look_for_days(story, hospital)

    assert hospital.fetched == []
    story.ledger.close()


def test_what_is_being_brought_goes_on_when_the_archive_moves(
    story: HospitalStory, hospital: Hospital
) -> None:
    """The first look under another name takes nothing back."""
    story.looks()
    hospital.takes([build_instance(LATER, f"{LATER}.1", Modality="MR")])
    story.looks()
    hospital.source = "hospital, moved"

    story.looks(2)

    assert hospital.fetched == [LATER]


def test_with_days_to_look_back_what_was_there_is_fetched(
    tmp_path: Path, hospital: Hospital
) -> None:
    """As the setting says."""
    story = HospitalStory(tmp_path, hospital, look_back_days=1)

    story.looks(2)

    assert hospital.fetched == [STUDY]
    story.ledger.close()
