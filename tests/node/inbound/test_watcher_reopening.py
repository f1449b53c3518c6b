"""Stories of studies that were complete, and of what comes after."""

from __future__ import annotations

import pytest

from node.config import Settings
from node.errors import JobError
from node.jobs.request import request_of
from tests.node.inbound.archives import PatientExecutor
from tests.node.inbound.objects import as_file, build_instance
from tests.node.inbound.story import (
    CONFIRMED,
    MAX_WAIT_S,
    QUIET_S,
    SERIES,
    STUDY,
    UNCONFIRMED,
    Story,
    archive_of,
    knows,
)


def test_a_late_image_opens_the_study_again(story: Story) -> None:
    """Its job is queued a second time when it is complete again."""
    knows(story, 2)
    story.arrives(2)
    story.ends()
    knows(story, 3)
    story.arrives(1, association=2)
    assert story.verdict() is None
    story.ends(2)

    assert story.verdict() is CONFIRMED
    assert story.wakes == 2


def test_the_same_images_again_change_nothing(story: Story) -> None:
    """An archive that sends a study twice gets no second report."""
    knows(story, 2)
    images = story.arrives(2)
    story.ends()
    for ds in images:
        story.sends(ds, 2)
    story.ends(2)
    story.after(QUIET_S)

    assert story.verdict() is CONFIRMED
    assert story.wakes == 1


def test_the_same_uid_with_other_bytes_opens_the_study_again(story: Story) -> None:
    """Both versions lie there; the worker judges."""
    knows(story, 1)
    (ds,) = story.arrives(1)
    story.ends()
    ds.PatientID = "CORRECTED"
    story.sends(ds, 2)
    story.ends(2)

    assert story.wakes == 2
    assert len(story.ledger.studies.files(STUDY)) == 2


def test_a_late_image_after_retention_has_the_rest_fetched(story: Story) -> None:
    """The job finds every file."""
    knows(story, 2)
    images = story.arrives(2)
    story.ends()
    story.forget_images()
    archive_of(story).files[STUDY] = [as_file(ds) for ds in images]
    knows(story, 3)
    story.arrives(1, association=2)
    story.ends(2)
    story.after(5)

    assert story.verdict() is CONFIRMED
    assert len(story.ledger.studies.files(STUDY)) == 3
    assert archive_of(story).fetched == [STUDY]


def test_images_that_come_back_with_other_bytes_end_the_wait_too(story: Story) -> None:
    """An archive may encode a data set anew; it is asked once, not for ever."""
    knows(story, 1)
    (ds,) = story.arrives(1)
    story.ends()
    story.forget_images()
    ds.InstitutionName = "added by the archive"
    archive_of(story).files[STUDY] = [as_file(ds)]
    knows(story, 2)
    story.arrives(1, association=2)
    story.ends(2)
    story.after(5)

    assert story.verdict() is CONFIRMED
    assert archive_of(story).fetched == [STUDY]
    assert len(story.ledger.studies.files(STUDY)) == 2


def test_a_fetch_that_brings_some_is_none(story: Story) -> None:
    """The rest of a study might look whole: it is asked for again."""
    knows(story, 3)
    images = [as_file(ds) for ds in story.arrives(3)]
    story.ends()
    story.forget_images()
    archive_of(story).files[STUDY] = images[:2]
    knows(story, 4)
    story.arrives(1, association=2)
    story.ends(2)
    story.after(QUIET_S)
    assert story.verdict() is None
    archive_of(story).files[STUDY] = images
    story.after(60)

    assert story.verdict() is CONFIRMED
    assert story.ledger.studies.without_file(STUDY) == 0


def test_files_that_go_after_a_fetch_are_fetched_too(story: Story) -> None:
    """One fetch that went well does not answer for what is lost after it."""
    story.executor = executor = PatientExecutor()
    story.restart()
    images = [as_file(ds) for ds in story.arrives(2)]
    story.forget_images()
    archive_of(story).files[STUDY] = images
    story.ends()
    while not archive_of(story).fetched:
        story.after(QUIET_S)
        executor.let_happen()
    story.arrives(1, association=2)  # the fetch is heard of; the study receives on
    story.forget_images()
    story.ends(2)
    story.after(QUIET_S)

    assert story.verdict() is None


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (0, "2 earlier images {}: the archive does not know the study"),
        (1, "1 earlier images {}: the archive gave back the others"),
    ],
)
def test_images_that_cannot_be_fetched_are_waited_for(
    story: Story, given: int, reason: str
) -> None:
    """Then unconfirmed, with the number and the reason, and never read in part."""
    knows(story, 2)
    images = story.arrives(2)
    story.ends()
    story.forget_images()
    archive_of(story).files[STUDY] = [as_file(ds) for ds in images[:given]]
    story.arrives(1, association=2)
    knows(story, 3)
    story.ends(2)
    story.after(MAX_WAIT_S - 10)
    assert story.verdict() is None
    story.after(10)

    assert story.verdict() is UNCONFIRMED
    assert story.study().completeness_reason == reason.format("could not be fetched")
    assert 3 < len(archive_of(story).fetched) < 100
    job = story.ledger.jobs.claim(story.now)
    assert job is not None
    with pytest.raises(JobError) as caught:
        request_of(job, story.ledger, Settings(), story.folder / "results")
    assert caught.value.reason == "file_missing"


def test_retention_forgot_and_the_sender_sends_everything_again(story: Story) -> None:
    """Then nothing need be fetched."""
    knows(story, 2)
    images = story.arrives(2)
    story.ends()
    story.forget_images()
    knows(story, 3)
    for ds in images:
        story.sends(ds, 2)
    story.arrives(1, association=2)
    story.ends(2)

    assert story.verdict() is CONFIRMED
    assert archive_of(story).fetched == []


def test_the_nodes_own_results_come_back(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By whatever door, they are no input: not kept, and no study of their own."""
    result = build_instance(STUDY, "1.2.77")
    monkeypatch.setattr(
        story.watcher._studies, "is_own", lambda uid: uid == result.SOPInstanceUID
    )
    (story.spool.drop / "result.dcm").write_bytes(as_file(result))
    story.sends(result)
    story.after(60)

    assert story.ledger.studies.get(STUDY) is None
    assert [p for p in story.spool.root.rglob("*.dcm") if p.is_file()] == []
    assert list(story.spool.drop.iterdir()) == []


def test_a_dropped_file_is_a_study_like_any_other(story: Story) -> None:
    """Taken when it has stood still; then the quiet time decides."""
    ds = build_instance(STUDY, SERIES)
    (story.spool.drop / "a").mkdir()
    (story.spool.drop / "a" / "1.dcm").write_bytes(as_file(ds))
    story.after(20)
    assert story.verdict() is None
    story.after(QUIET_S)

    assert story.verdict() is UNCONFIRMED
    assert story.study().calling_ae_title == "DROP"
