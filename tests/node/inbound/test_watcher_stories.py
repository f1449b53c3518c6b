"""Stories of studies that arrive, told in frozen time: when are they complete, and why.

A story steps the watcher by hand; nobody sleeps, and no thread runs.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from tests.node.inbound.archives import PatientExecutor
from tests.node.inbound.objects import build_instance
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


def test_the_archive_counts_the_same_at_the_release(story: Story) -> None:
    """Confirmed at once, with one job per model, the counts and the reason kept."""
    knows(story, 3)
    story.arrives(3)
    assert story.verdict() is None
    story.ends()

    assert story.verdict() is CONFIRMED
    assert story.study().completeness_reason == (
        "the archive counts the same images in 1 series"
    )
    assert [job.model for job in story.ledger.jobs.listing(STUDY)] == ["hippocampus"]
    assert story.wakes == 1


def test_an_open_association_is_waited_for_without_asking(story: Story) -> None:
    """What it has not yet sent is not missing."""
    knows(story, 3)
    story.arrives(3)
    story.after(QUIET_S * 5)

    assert story.verdict() is None
    assert archive_of(story).asked == []


def test_an_association_that_is_open_for_ever_is_given_up(story: Story) -> None:
    """Silence of the longest wait: unconfirmed, and the reason says so."""
    story.arrives(3)
    story.after(MAX_WAIT_S)

    assert story.verdict() is UNCONFIRMED
    assert "open but silent" in story.study().completeness_reason


def test_the_archive_has_more_and_the_rest_comes(story: Story) -> None:
    """Waited for beyond the quiet time; the second association confirms."""
    knows(story, 5)
    story.arrives(3)
    story.ends()
    story.after(QUIET_S * 3)
    assert story.verdict() is None

    story.arrives(2, association=2)
    story.ends(2)
    assert story.verdict() is CONFIRMED


def test_the_archive_has_more_and_the_rest_never_comes(story: Story) -> None:
    """Unconfirmed after the longest wait, with the number that is missing."""
    knows(story, 5)
    story.arrives(3)
    story.ends()
    story.after(MAX_WAIT_S - 5)
    assert story.verdict() is None
    story.after(5)

    assert story.verdict() is UNCONFIRMED
    assert "2 images of the archive" in story.study().completeness_reason


def test_the_archive_is_asked_again_with_longer_and_longer_waits(story: Story) -> None:
    """Not twice a second for an hour."""
    knows(story, 5)
    story.arrives(3)
    story.ends()
    story.after(600)

    assert 10 < len(archive_of(story).asked) < 20


def test_the_archive_drops_an_image_and_then_counts_the_same(story: Story) -> None:
    """Its next answer confirms, though nothing more came."""
    knows(story, 4)
    story.arrives(3)
    story.ends()
    knows(story, 3)
    story.after(10)

    assert story.verdict() is CONFIRMED


def test_only_the_series_that_came_are_compared(story: Story) -> None:
    """Others of the study were never routed here."""
    knows(story, 3)
    knows(story, 100, series="1.2.9")
    story.arrives(3)
    story.ends()

    assert story.verdict() is CONFIRMED


def test_every_series_that_came_is_compared(story: Story) -> None:
    """One complete series does not make the study complete."""
    knows(story, 1)
    knows(story, 2, series="1.2.9")
    story.arrives(1)
    story.arrives(1, series="1.2.9")
    story.ends()
    assert story.verdict() is None

    story.arrives(1, series="1.2.9", association=2)
    story.ends(2)
    assert story.verdict() is CONFIRMED


def test_the_archive_does_not_know_the_study(story: Story) -> None:
    """A scanner sends here directly: the quiet time decides."""
    story.arrives(3)
    story.ends()
    story.after(QUIET_S - 1)
    assert story.verdict() is None
    story.after(1)

    assert story.verdict() is UNCONFIRMED
    assert "does not know the study" in story.study().completeness_reason


def test_the_archive_has_fewer_images(story: Story) -> None:
    """It is not yet ready itself: asked again, and quiet time decides."""
    knows(story, 2)
    story.arrives(3)
    story.ends()
    story.after(QUIET_S)

    assert story.verdict() is UNCONFIRMED
    assert "fewer" in story.study().completeness_reason


def test_the_archive_learns_of_the_study_a_moment_later(story: Story) -> None:
    """Asked again within the quiet time, it confirms."""
    story.arrives(3)
    story.ends()
    knows(story, 3)
    story.after(5)

    assert story.verdict() is CONFIRMED


def test_the_archive_is_down(story: Story) -> None:
    """The quiet time decides, and the reason names the error."""
    archive_of(story).error = "ORTHANC@host:4242 does not answer"
    story.arrives(3)
    story.ends()
    story.after(QUIET_S - 1)
    assert story.verdict() is None
    story.after(1)

    assert story.verdict() is UNCONFIRMED
    assert story.study().completeness_reason == "ORTHANC@host:4242 does not answer"


def test_the_archive_comes_back_within_the_quiet_time(story: Story) -> None:
    """It is probed, and then everybody is asked about again."""
    archive_of(story).error = "down"
    for study in ("1.2", "1.3"):
        knows(story, 2, study=study)
        story.arrives(2, study=study)
    story.ends()
    story.after(20)
    archive_of(story).error = ""
    story.after(39)

    assert story.verdict("1.2") is CONFIRMED
    assert story.verdict("1.3") is CONFIRMED


def test_a_dead_archive_is_not_asked_for_every_study(story: Story) -> None:
    """One probe serves all that wait."""
    archive_of(story).error = "down"
    for number in range(20):
        story.arrives(1, study=f"1.2.{number}")
    story.ends()
    first = len(archive_of(story).asked)
    story.after(QUIET_S)

    assert first <= 20
    assert len(archive_of(story).asked) - first < 20
    assert all(story.verdict(f"1.2.{number}") for number in range(20))


def test_there_is_no_archive(tmp_path: Path) -> None:
    """The quiet time decides alone."""
    story = Story(tmp_path, None)
    story.arrives(3)
    story.ends()
    story.after(QUIET_S)

    assert story.verdict() is UNCONFIRMED
    assert story.study().completeness_reason == "no archive is configured"
    story.ledger.close()


def test_an_archive_that_hangs_does_not_hold_up_the_quiet_time(story: Story) -> None:
    """The question is still open; the decision is not."""
    story.executor = PatientExecutor()
    story.restart()
    story.arrives(3)
    story.ends()
    story.after(QUIET_S)

    assert story.verdict() is UNCONFIRMED
    assert "has not answered" in story.study().completeness_reason


def test_an_answer_that_is_older_than_the_last_image_counts_for_nothing(
    story: Story,
) -> None:
    """It counted three when two were here; now three are, and it has four."""
    executor = story.executor = PatientExecutor()
    story.restart()
    knows(story, 3)
    story.arrives(2)
    story.ends()
    executor.let_happen()  # the watcher has not heard the answer yet
    knows(story, 4)
    story.sends(build_instance(STUDY, SERIES), 2)
    story.ends(2)

    assert story.verdict() is None


def test_an_aborted_association_is_no_release(story: Story) -> None:
    """Without evidence the quiet time decides, and the reason tells of the abort."""
    story.arrives(3)
    story.ends(aborted=True)
    assert story.verdict() is None
    story.after(QUIET_S)

    assert story.verdict() is UNCONFIRMED
    assert "the last association was aborted" in story.study().completeness_reason


def test_an_aborted_association_whose_images_the_archive_confirms(story: Story) -> None:
    """Evidence counts, however the association ended."""
    knows(story, 3)
    story.arrives(3)
    story.ends(aborted=True)

    assert story.verdict() is CONFIRMED


def test_two_associations_send_one_study(story: Story) -> None:
    """Both must have ended before anybody is asked."""
    knows(story, 4)
    story.arrives(2, association=1)
    story.arrives(2, association=2)
    story.ends(1)
    assert archive_of(story).asked == []
    story.ends(2)

    assert story.verdict() is CONFIRMED


def test_one_association_sends_two_studies(story: Story) -> None:
    """Each is decided by itself."""
    knows(story, 2, study="1.2")
    story.arrives(2, study="1.2")
    story.arrives(2, study="1.3")
    story.ends()

    assert story.verdict("1.2") is CONFIRMED
    assert story.verdict("1.3") is None


def test_the_quiet_time_begins_with_the_last_image(story: Story) -> None:
    """Every image begins it anew."""
    for association in range(5):
        story.arrives(1, association=association)
        story.ends(association)
        story.after(QUIET_S - 5)
        assert story.verdict() is None
    story.after(5)

    assert story.verdict() is UNCONFIRMED


def test_the_quiet_time_of_dropped_images_begins_with_the_last(story: Story) -> None:
    """No association tells of their end."""
    story.arrives(1, association=None)
    story.after(QUIET_S - 5)
    story.arrives(1, association=None)
    story.after(QUIET_S - 5)
    assert story.verdict() is None
    story.after(5)

    assert story.verdict() is UNCONFIRMED


def test_a_sender_idles_before_it_releases(story: Story) -> None:
    """The archive is asked first; the idle time was not the quiet time."""
    story.arrives(3)
    story.after(QUIET_S * 2)
    story.ends()
    assert story.verdict() is None
    knows(story, 3)
    story.after(5)

    assert story.verdict() is CONFIRMED


def test_the_node_is_killed_while_it_waits(story: Story) -> None:
    """After the start it asks, and goes on."""
    story.arrives(3)
    knows(story, 3)
    story.restart()
    story.watcher.tick(story.now)

    assert story.verdict() is CONFIRMED


def test_the_node_is_killed_before_the_ledger_knew(story: Story) -> None:
    """The files alone say what was received."""
    for _ in range(3):
        story.sends(build_instance(STUDY, SERIES))
    knows(story, 3)
    story.restart()
    story.watcher.tick(story.now)

    assert story.verdict() is CONFIRMED
    assert story.study().calling_ae_title == "SCANNER"


def test_the_node_was_down_for_a_day(story: Story) -> None:
    """The archive is asked before the quiet time is over, not after."""
    story.arrives(3)
    story.now += timedelta(days=1)
    story.restart()
    story.watcher.tick(story.now)
    assert story.verdict() is None
    knows(story, 3)
    story.after(5)

    assert story.verdict() is CONFIRMED
