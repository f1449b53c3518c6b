"""Retention: received images go when nobody needs them, and only then."""

from __future__ import annotations

import errno
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from structlog.testing import capture_logs

from node.config import RetentionSettings
from node.jobs.job import JobState, NotApplicable, ObjectFile, Reported
from node.jobs.ledger_retention import RetentionRecords
from node.retention import remove_received
from tests.node.inbound.archives import StoryArchive
from tests.node.inbound.objects import build_instance, encoded, files, sent
from tests.node.inbound.story import SERIES, STUDY, Story, knows

KEPT_H = 24
SETTINGS = RetentionSettings(keep_received_h=KEPT_H)


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    """Begin a story with an archive that gives back what it holds."""
    story = Story(tmp_path, StoryArchive())
    yield story
    story.ledger.close()


def receive(story: Story, number: int = 3) -> list[Dataset]:
    """Receive a study and complete it."""
    knows(story, number)
    images = story.arrives(number)
    story.ends()
    return images


def refuse(story: Story) -> None:
    """Let the job of the study end without a result."""
    job = story.ledger.jobs.claim(story.now)
    assert job is not None
    nothing = NotApplicable("no_series_accepted", "")
    story.ledger.jobs.refuse(job.job_id, nothing, story.now)


def remove(story: Story, **later: float) -> int:
    """Let time pass without a tick, and remove."""
    story.now += timedelta(**later)
    return remove_received(story.ledger, story.spool, SETTINGS, story.now)


def named_and_gone(story: Story) -> list[Path]:
    """Return the files that the ledger names although they are not there."""
    named = story.ledger.studies.files(STUDY)
    return [path for path in named if not path.exists()]


def test_images_stay_while_the_study_is_not_complete(story: Story) -> None:
    """Nothing is removed from a study that still receives, however old."""
    story.arrives(1)

    assert remove(story, days=365) == 0


def test_images_stay_while_a_job_waits_or_runs(story: Story) -> None:
    """A job without an outcome keeps its images."""
    receive(story)
    assert remove(story, days=365) == 0
    story.ledger.jobs.claim(story.now)

    assert remove(story, days=365) == 0


def test_images_go_a_day_after_the_outcome_and_digests_stay(story: Story) -> None:
    """At 23 hours they are there, at 25 they are gone; each is known by its digest."""
    [image] = receive(story, 1)
    refuse(story)

    assert remove(story, hours=23) == 0
    assert remove(story, hours=2) == 1

    assert not story.spool.study_folder(STUDY).exists()
    assert len(story.ledger.studies.digests(image.SOPInstanceUID)) == 1
    assert story.ledger.studies.without_file(STUDY) == 1
    assert remove(story, hours=1) == 0


def test_images_stay_while_a_delivery_waits(story: Story, tmp_path: Path) -> None:
    """An archive that is down keeps the images of what was not delivered."""
    receive(story)
    job = story.ledger.jobs.claim(story.now)
    assert job is not None
    made = ObjectFile("SR", "1.6", "1.7", "1.8", "1.9", tmp_path / "SR.dcm", "")
    reported = Reported("i", SERIES, story.now, (made,))
    story.ledger.jobs.report(job.job_id, reported, ["A@h:1"], story.now)

    assert remove(story, days=30) == 0
    (delivery,) = story.ledger.deliveries.of_job(job.job_id)
    story.ledger.deliveries.sent(delivery, 0, story.now)

    assert remove(story, hours=23) == 0
    assert remove(story, hours=2) == 1


def test_an_image_that_arrives_meanwhile_is_not_removed(story: Story) -> None:
    """Acknowledged but not yet in the ledger, it keeps its study."""
    receive(story)
    refuse(story)
    story.now += timedelta(hours=30)
    late = build_instance(STUDY, SERIES)
    story.sends(late)

    assert remove(story) == 0
    assert len(files(story.spool)) == 4


def test_images_that_are_sent_again_are_there_when_they_are_read(story: Story) -> None:
    """The archive sends the whole study with a late image; then the tick comes.

    The old ones lie there already and are acknowledged without being written again.
    """
    images = receive(story)
    refuse(story)
    story.now += timedelta(hours=30)
    for image in images:
        story.sends(image)
    removed = remove(story)
    story.sends(build_instance(STUDY, SERIES))
    knows(story, 4)
    story.ends()

    assert removed == 0
    assert len(story.ledger.studies.files(STUDY)) == 4
    assert named_and_gone(story) == []


def test_images_that_come_again_after_they_went_are_there_too(story: Story) -> None:
    """Whichever comes first, every acknowledged image has its file."""
    images = receive(story)
    refuse(story)
    assert remove(story, hours=30) == 1
    for image in images:
        story.sends(image)
    story.sends(build_instance(STUDY, SERIES))
    knows(story, 4)
    story.ends()

    assert len(story.ledger.studies.files(STUDY)) == 4
    assert named_and_gone(story) == []


def test_a_study_whose_job_was_queued_meanwhile_keeps_its_images(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was complete when retention made its list, and is so again."""
    receive(story)
    refuse(story)
    story.now += timedelta(hours=30)
    listed = RetentionRecords.removable

    def list_slowly(records: RetentionRecords, before: object) -> list[str]:
        studies = listed(records, before)  # type: ignore[arg-type]  # passed on
        story.arrives(1)
        knows(story, 4)
        story.ends()
        return studies

    monkeypatch.setattr(RetentionRecords, "removable", list_slowly)

    assert remove(story) == 0
    assert [job.state for job in story.ledger.jobs.listing()] == [JobState.QUEUED]
    assert len(files(story.spool)) == 4


def test_a_power_cut_between_forgetting_and_removing_loses_nothing(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is left is found at the next start, without a new job, and goes later."""
    receive(story)
    refuse(story)

    def cut(path: Path, missing_ok: bool = False) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", cut)
        with pytest.raises(KeyboardInterrupt):
            remove(story, hours=25)
    story.restart()

    assert len(story.ledger.studies.files(STUDY)) == 3
    assert story.verdict() is not None
    assert remove(story) == 1
    assert files(story.spool) == []


def test_an_image_that_cannot_be_removed_is_no_reason_to_stop(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others go; this one goes after the next start."""
    receive(story)
    refuse(story)
    stubborn = story.ledger.studies.files(STUDY)[0]
    unlink = Path.unlink

    def refuse_one(path: Path, missing_ok: bool = False) -> None:
        if path == stubborn:
            raise OSError(errno.EIO, "broken")
        unlink(path, missing_ok)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", refuse_one)
        remove(story, hours=25)
    assert files(story.spool) == [stubborn]
    story.restart()

    assert remove(story) == 1
    assert files(story.spool) == []


def test_a_study_that_fails_does_not_hold_up_the_others(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its folder cannot be listed: one line, that does not name it."""
    receive(story)
    knows(story, 1, "1.3", "1.3.1")
    story.arrives(1, "1.3", "1.3.1", association=2)
    story.ends(2)
    refuse(story)
    refuse(story)
    listed = Path.glob

    def refuse_one(path: Path, pattern: str) -> Iterator[Path]:
        if path == story.spool.study_folder(STUDY):
            raise OSError(errno.EIO, "broken", str(path))
        return listed(path, pattern)

    monkeypatch.setattr(Path, "glob", refuse_one)
    with capture_logs() as events:
        assert remove(story, hours=25) == 1

    assert not story.spool.study_folder("1.3").exists()
    [failed] = [e for e in events if e["event"] == "study_not_removed"]
    assert failed["error"] == "OSError"
    assert STUDY not in failed.values()


def test_senders_and_retention_at_once_lose_no_image(story: Story) -> None:
    """Two threads send the same images again and again while files are removed."""
    images = receive(story, 5)
    refuse(story)
    story.now += timedelta(hours=30)
    stop = threading.Event()
    missing: list[str] = []

    def send_again() -> None:
        while not stop.is_set():
            for ds in images:
                kept = story.spool.store(encoded(ds), sent(ds)).instance
                if not kept.path.exists():
                    missing.append(kept.sop_instance_uid)
                story.ledger.studies.record([kept], story.now)
                if not kept.path.exists():
                    missing.append(kept.sop_instance_uid)
                story.spool.recorded([kept])

    senders = [threading.Thread(target=send_again) for _ in range(2)]
    for sender in senders:
        sender.start()
    removed = sum(remove(story) for _ in range(50))
    stop.set()
    for sender in senders:
        sender.join()

    assert missing == []
    assert named_and_gone(story) == []
    assert removed + remove(story) > 0
