"""A study that failed is sent again, as its notice advises: that is another attempt."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from node.jobs.job import Failed, JobState
from tests.node.inbound.archives import StoryArchive
from tests.node.inbound.objects import encoded, files
from tests.node.inbound.story import STUDY, Story, knows

DAMAGED = Failed("damaged_file", "1 damaged file")


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    """Begin a story with an archive that confirms what was sent."""
    story = Story(tmp_path, StoryArchive())
    yield story
    story.ledger.close()


def failed(story: Story) -> list[Dataset]:
    """Receive a study of two images, and let its job fail."""
    knows(story, 2)
    images = story.arrives(2)
    story.ends()
    job = story.ledger.jobs.claim(story.now)
    assert job is not None
    story.ledger.jobs.fail(job.job_id, DAMAGED, story.now)
    return images


def state(story: Story) -> JobState:
    """Return where the one job stands."""
    [job] = story.ledger.jobs.listing(STUDY)
    return job.state


def test_over_the_wire(story: Story) -> None:
    """A file that was damaged on the disk is replaced by the one that comes."""
    images = failed(story)
    damaged = story.ledger.studies.files(STUDY)[0]
    damaged.write_bytes(damaged.read_bytes()[:200])

    for image in images:
        story.sends(image)
    story.ends()
    story.after(60)

    assert state(story) is JobState.QUEUED
    assert damaged not in story.ledger.studies.files(STUDY)
    assert len(story.ledger.studies.files(STUDY)) == 2


def test_through_the_drop_folder(story: Story) -> None:
    """Who lays the study there again wants the same."""
    images = failed(story)

    for number, image in enumerate(images):
        (story.spool.drop / f"{number}.dcm").write_bytes(encoded(image))
    story.after(120)

    assert list(story.spool.drop.iterdir()) == []
    assert state(story) is JobState.QUEUED


def test_a_restart_sends_nothing(story: Story) -> None:
    """Files that are found again, and known, are no second attempt."""
    failed(story)
    for path in files(story.spool):
        story.ledger.studies.forget_files([path])

    story.restart()
    story.after(120)

    assert len(story.ledger.studies.files(STUDY)) == 2
    assert state(story) is JobState.FAILED


def test_nor_does_what_is_fetched(story: Story) -> None:
    """The archive gives back images that are known: nobody asked for an attempt."""
    [image, _] = failed(story)

    story.watcher._store_fetched(encoded(image))
    story.after(120)

    assert state(story) is JobState.FAILED
