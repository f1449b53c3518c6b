"""Notices through the real pool: a study that cannot be read is answered for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread

from models.volume.bundle import sha256_file
from node.config import Settings
from node.jobs.job import Failed, JobState, Noticed, NoticeRequest, Unread
from node.jobs.ledger import Ledger
from node.jobs.ledger_studies import ReceivedInstance
from node.jobs.notices import Notices
from node.jobs.notify import notify
from node.jobs.pool import Pool
from node.jobs.slot import Perform
from tests.dicom_series import write_series
from tests.node.jobs.ledger_stories import T0, complete, queue, request, result
from tests.node.jobs.performers import fail
from tests.node.jobs.pools import ended, finish, jobs_settings, step, wait_until

ARCHIVE = "ARCHIVE@127.0.0.1:4242"
STUDY = "1.1"
BROKEN = Failed("internal_error", "")


def receive(ledger: Ledger, paths: list[Path]) -> None:
    """Note files as the images of one study, and call it complete."""
    ledger.studies.record(
        [
            ReceivedInstance(STUDY, "1.1.1", f"1.1.1.{n}", "1.2.3", path.name, path, "")
            for n, path in enumerate(paths)
        ],
        T0,
    )


@pytest.fixture
def images(tmp_path: Path) -> list[Path]:
    """Return the files of a small series."""
    folder = tmp_path / "in"
    write_series(folder, np.zeros((2, 8, 8), np.int16))
    return sorted(folder.iterdir())


@pytest.fixture
def pool(ledger: Ledger, tmp_path: Path) -> Iterator[Pool]:
    """Return a pool that makes notices."""
    pool = pool_of(ledger, tmp_path, Settings())
    yield pool
    pool.stop(patience_s=0)


def pool_of(
    ledger: Ledger, folder: Path, settings: Settings, perform: Perform = fail
) -> Pool:
    """Return a pool that makes the notices that the settings want."""
    return Pool(
        jobs_settings(attempts=1),
        ledger,
        make_request=lambda job: request(job, ledger, folder / "results"),
        destinations=[ARCHIVE],
        perform=perform,
        notices=Notices(settings, ledger, folder / "results", (ARCHIVE,)),
    )


def notices(ledger: Ledger) -> list[Path]:
    """Return the files of the notices that are to be delivered."""
    jobs = ledger.jobs.listing()
    deliveries = [d for job in jobs for d in ledger.deliveries.of_job(job.job_id)]
    return [delivery.path for delivery in deliveries if delivery.kind == "NOTICE"]


def test_a_study_that_fails_has_one_notice_on_its_way(
    ledger: Ledger, pool: Pool, images: list[Path]
) -> None:
    """It is made once, in the study, by the same workers."""
    receive(ledger, images)
    complete(ledger)

    job = finish(ledger, pool)["hippocampus"]
    wait_until(lambda: bool(notices(ledger)))

    assert job.state is JobState.FAILED
    [path] = notices(ledger)
    assert dcmread(path).StudyInstanceUID == STUDY
    assert sha256_file(path) == ledger.deliveries.of_job(job.job_id)[0].sha256


def test_a_study_of_which_nobody_knows_whose_it_is_has_none(
    ledger: Ledger, pool: Pool, tmp_path: Path
) -> None:
    """After as many attempts as a job has, that is that."""
    junk = tmp_path / "junk"
    junk.write_bytes(b"no header")
    receive(ledger, [junk])
    complete(ledger)
    job = finish(ledger, pool)["hippocampus"]

    def tried() -> bool:
        outcomes = [a["outcome"] for a in ledger.jobs.attempts(job.job_id)]
        return "notice_failed" in outcomes

    wait_until(tried)
    assert notices(ledger) == []


def test_a_damaged_image_does_not_hold_the_notice_up(
    ledger: Ledger, pool: Pool, images: list[Path]
) -> None:
    """Another one says whose study it is."""
    images[-1].write_bytes(b"no header")
    receive(ledger, images)
    complete(ledger)

    finish(ledger, pool)
    wait_until(lambda: bool(notices(ledger)))

    [path] = notices(ledger)
    assert dcmread(path).PatientID == dcmread(images[0]).PatientID


@pytest.mark.parametrize("corrected", [2, 1], ids=["all", "one of two"])
def test_the_image_received_last_says_whose_study_it_is(
    tmp_path: Path, corrected: int
) -> None:
    """A hospital corrects the patient and sends again: that one, not the first.

    Also when it has corrected one image only, and two patients lie in the study.
    """
    wrong, right = (
        write_series(
            tmp_path / who,
            np.zeros((2, 8, 8), np.int16),
            study_uid=STUDY,
            series_uid="1.1.1",
            PatientID=who,
        )
        for who in ("WRONG", "RIGHT")
    )
    asked = NoticeRequest(
        STUDY,
        (Unread("hippocampus", "identity_conflict"),),
        (*wrong, *right[:corrected]),
        tmp_path / "notice",
        T0,
        "0" * 32,
    )

    ending = notify(asked)

    assert isinstance(ending, Noticed)
    assert dcmread(ending.made.path).PatientID == "RIGHT"


@pytest.mark.parametrize("enabled", [True, False])
def test_notices_can_be_switched_off(
    ledger: Ledger, tmp_path: Path, images: list[Path], enabled: bool
) -> None:
    """``[notices] enabled``."""
    settings = Settings.model_validate({"notices": {"enabled": enabled}})
    policy = Notices(settings, ledger, tmp_path / "results", (ARCHIVE,))
    receive(ledger, images)
    complete(ledger)
    job = ledger.jobs.claim(T0)
    assert job is not None
    now = datetime.now(UTC)
    ledger.jobs.fail(job.job_id, fail(request(job, ledger, tmp_path)), now)  # type: ignore[arg-type]  # this performer fails

    assert (policy.next(now) is not None) is enabled


def test_a_worker_that_dies_over_a_notice_is_tried_again(
    ledger: Ledger, images: list[Path], tmp_path: Path
) -> None:
    """A notice is given up only after as many attempts as a job has."""
    settings = Settings.model_validate({"jobs": {"attempts": 2}})
    policy = Notices(settings, ledger, tmp_path / "results", (ARCHIVE,))
    receive(ledger, images)
    complete(ledger)
    job = ledger.jobs.claim(T0)
    assert job is not None
    now = datetime.now(UTC)
    ledger.jobs.fail(job.job_id, fail(request(job, ledger, tmp_path)), now)  # type: ignore[arg-type]  # this performer fails
    for _ in range(2):
        due = policy.next(now)
        assert due is not None
        assert policy.next(now) is None, "it is being made"
        policy.record(due, None, now)

    assert policy.next(now) is None


def test_a_notice_that_came_too_late_is_removed(
    ledger: Ledger, images: list[Path], tmp_path: Path
) -> None:
    """The study is read again while it is made; should that fail, another is due."""
    policy = Notices(Settings(), ledger, tmp_path / "results", (ARCHIVE,))
    receive(ledger, images[:1])
    complete(ledger)
    job = ledger.jobs.claim(T0)
    assert job is not None
    ledger.jobs.fail(job.job_id, BROKEN, T0)
    asked = policy.next(T0)
    assert asked is not None
    receive(ledger, images)
    complete(ledger, STUDY)
    ending = notify(asked)
    assert isinstance(ending, Noticed)

    assert not policy.record(asked, ending, T0)

    assert not ending.made.path.exists()
    assert notices(ledger) == []
    assert policy.next(T0) is None
    assert ledger.jobs.claim(T0)
    ledger.jobs.fail(job.job_id, BROKEN, T0)
    policy.job_ended()
    assert policy.next(T0) is not None


def test_a_notice_names_its_model_when_another_has_a_result(
    ledger: Ledger, images: list[Path], tmp_path: Path
) -> None:
    """From the ledger to the words of the document."""
    policy = Notices(Settings(), ledger, tmp_path / "results", (ARCHIVE,))
    receive(ledger, images)
    complete(ledger, models=["other", "hippocampus"])
    job = ledger.jobs.claim(T0)
    assert job is not None
    ledger.jobs.report(job.job_id, result(), [ARCHIVE], T0)
    job = ledger.jobs.claim(T0)
    assert job is not None
    ledger.jobs.fail(job.job_id, BROKEN, T0)
    asked = policy.next(T0)
    assert asked is not None

    ending = notify(asked)

    assert isinstance(ending, Noticed)
    [summary, *_] = dcmread(ending.made.path).ContentSequence
    assert summary.TextValue.endswith("did not read this study")


def test_a_notice_does_not_wait_behind_jobs(
    ledger: Ledger, images: list[Path], tmp_path: Path
) -> None:
    """It takes a moment; where a result never ends coming it would wait for ever."""
    receive(ledger, images)
    complete(ledger)
    job = ledger.jobs.claim(T0)
    assert job is not None
    ledger.jobs.fail(job.job_id, BROKEN, T0)
    queue(ledger, "1.2")
    pool = pool_of(ledger, tmp_path, Settings())
    pool.open()

    pool.tick(T0)

    [slot] = pool.slots
    assert isinstance(slot.task, NoticeRequest)
    step(pool, lambda: ended(ledger), T0)
    assert len(notices(ledger)) == 1
    pool.stop(patience_s=0)


def test_a_weekend_is_no_reason_to_say_nothing(
    ledger: Ledger, images: list[Path], tmp_path: Path
) -> None:
    """The node was off, or had much to do."""
    policy = Notices(Settings(), ledger, tmp_path / "results", (ARCHIVE,))
    receive(ledger, images)
    complete(ledger)
    job = ledger.jobs.claim(T0)
    assert job is not None
    ledger.jobs.fail(job.job_id, BROKEN, T0)

    assert policy.next(T0 + timedelta(days=3)) is not None


def test_nothing_is_said_of_a_model_that_is_silent(
    ledger: Ledger, images: list[Path], tmp_path: Path
) -> None:
    """Not even that it did not read; others are answered for."""
    receive(ledger, images)
    complete(ledger)
    (job,) = ledger.jobs.listing()
    ledger.jobs.claim(T0)
    ledger.jobs.fail(job.job_id, BROKEN, T0)
    results = tmp_path / "results"

    def unread(silent: str) -> list[str]:
        policy = Notices(Settings(), ledger, results, (ARCHIVE,), silent={silent})
        due = policy.next(T0)
        return [each.model for each in due.unread] if due else []

    assert unread("another") == ["hippocampus"]
    assert unread("hippocampus") == []
