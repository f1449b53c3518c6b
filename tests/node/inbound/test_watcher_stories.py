"""Stories of studies that arrive, told in frozen time: when are they complete, and why.

A story steps the watcher by hand; nobody sleeps, and no thread runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from node.config import InboundSettings
from node.inbound.spool import Spool
from node.inbound.watcher import Watcher
from node.jobs.job import Completeness
from node.jobs.ledger import Ledger
from node.jobs.ledger_studies import StudyRow
from tests.node.inbound.archives import InlineExecutor, PatientExecutor, StoryArchive
from tests.node.inbound.objects import as_file, build_instance, encoded, sent

CONFIRMED, UNCONFIRMED = Completeness.CONFIRMED, Completeness.UNCONFIRMED
STUDY, SERIES = "1.2", "1.2.1"
QUIET_S, MAX_WAIT_S = 60.0, 3600.0


class Story:
    """A node whose clock the story moves, and whose archive says what it wants."""

    def __init__(self, folder: Path, archive: StoryArchive | None) -> None:
        self.archive = archive
        self.now = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
        self.settings = InboundSettings(
            min_free_mib=0, quiet_s=QUIET_S, max_wait_s=MAX_WAIT_S, durability="none"
        )
        self.folder = folder
        self.wakes = 0
        self.executor: InlineExecutor | PatientExecutor = InlineExecutor()
        self.start()

    def start(self) -> None:
        """Start the node, for the first time or again."""
        self.ledger = Ledger(self.folder)
        self.spool = Spool(self.folder / "spool", self.settings)
        self.watcher = Watcher(
            self.settings,
            self.ledger,
            self.spool,
            self.archive,
            models=("hippocampus",),
            on_complete=self._wake,
            clock=lambda: self.now,
            executor=self.executor,
        )
        self.watcher.recover()

    def restart(self) -> None:
        """Kill the node and start it again."""
        self.ledger.close()
        self.start()

    def _wake(self) -> None:
        self.wakes += 1

    def arrives(
        self,
        number: int = 1,
        study: str = STUDY,
        series: str = SERIES,
        association: int | None = 1,
    ) -> list[Dataset]:
        """Let so many new images arrive, and the watcher look."""
        images = [build_instance(study, series) for _ in range(number)]
        for ds in images:
            self.sends(ds, association)
        self.watcher.tick(self.now)
        return images

    def sends(self, ds: Dataset, association: int | None = 1) -> None:
        """Let one image arrive."""
        kept = self.spool.store(encoded(ds), sent(ds))
        self.watcher.stored(kept.instance, association)

    def ends(self, association: int = 1, *, aborted: bool = False) -> None:
        """Let an association end, and the watcher look."""
        self.watcher.released(association, aborted)
        self.watcher.tick(self.now)

    def after(self, seconds: float) -> None:
        """Let time pass, in steps as the watcher's thread makes them."""
        until = self.now + timedelta(seconds=seconds)
        while self.now < until:
            self.now = min(until, self.now + timedelta(seconds=5))
            self.watcher.tick(self.now)

    def study(self, uid: str = STUDY) -> StudyRow:
        """Return the study as the ledger knows it."""
        row = self.ledger.studies.get(uid)
        assert row is not None
        return row

    def verdict(self, uid: str = STUDY) -> Completeness | None:
        """Return how complete the study is; None while it is awaited."""
        row = self.study(uid)
        return row.completeness if row.state == "complete" else None

    def forget_images(self, uid: str = STUDY) -> None:
        """Remove the received images as retention does."""
        for path in self.ledger.studies.files(uid):
            path.unlink()
        self.ledger.studies.forget_files(uid)


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    """Begin a story with an archive that knows nothing yet."""
    story = Story(tmp_path, StoryArchive())
    yield story
    story.ledger.close()


def archive_of(story: Story) -> StoryArchive:
    """Return the story's archive."""
    assert story.archive is not None
    return story.archive


def knows(story: Story, count: int, study: str = STUDY, series: str = SERIES) -> None:
    """Let the archive hold so many images of a series."""
    archive_of(story).counts.setdefault(study, {})[series] = count


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
    """It counted two when two were here; now three are, and it has four."""
    executor = story.executor = PatientExecutor()
    story.restart()
    knows(story, 2)
    story.arrives(2)
    story.ends()
    executor.let_happen()
    knows(story, 4)
    story.arrives(1, association=2)  # before the watcher heard the answer
    story.ends(2)
    executor.let_happen()
    story.watcher.tick(story.now)

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


def test_images_that_cannot_be_fetched_are_waited_for(story: Story) -> None:
    """Then unconfirmed, with the number and the reason."""
    knows(story, 2)
    story.arrives(2)
    story.ends()
    story.forget_images()
    story.arrives(1, association=2)
    knows(story, 3)
    story.ends(2)
    story.after(MAX_WAIT_S - 10)
    assert story.verdict() is None
    story.after(10)

    assert story.verdict() is UNCONFIRMED
    assert story.study().completeness_reason == (
        "2 earlier images could not be fetched: the archive does not know the study"
    )
    assert 3 < len(archive_of(story).fetched) < 100


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
