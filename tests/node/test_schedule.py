"""The periodic work is done without a call, and ends when it is told to."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from node.config import RetentionSettings
from node.jobs.job import NotApplicable
from node.schedule import Schedule
from tests.node.inbound.objects import eventually
from tests.node.inbound.story import STUDY, Story


def test_the_schedule_starts_and_stops(tmp_path: Path) -> None:
    """An outcome long ago is cleaned up by itself."""
    story = Story(tmp_path, None)
    story.now = datetime.now(UTC) - timedelta(days=3)
    story.arrives()
    story.ends()
    story.after(60)
    job = story.ledger.jobs.claim(story.now)
    assert job is not None
    story.ledger.jobs.refuse(
        job.job_id, NotApplicable("no_series_accepted", ""), story.now
    )
    schedule = Schedule(RetentionSettings(every_s=0.05), story.ledger, story.spool)

    schedule.start()
    eventually(lambda: not story.spool.study_folder(STUDY).exists())
    schedule.stop()
    story.ledger.close()


def test_work_begins_at_once_where_that_is_wanted(tmp_path: Path) -> None:
    """Also when the start came long after the schedule was made; the rest waits."""
    story = Story(tmp_path, None)
    schedule = Schedule(RetentionSettings(), story.ledger, story.spool)
    done: list[str] = []
    schedule.repeat(lambda: done.append("now"), 3600, at_once=True)
    schedule.repeat(lambda: done.append("later"), 3600)
    time.sleep(1.2)  # after one second a scheduler calls work missed, if it may

    schedule.start()
    eventually(lambda: done)
    schedule.stop()
    story.ledger.close()

    assert done == ["now"]


def test_work_that_fails_is_one_line_and_is_done_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The scheduler's own log would quote the error, which may name a study."""
    story = Story(tmp_path, None)
    schedule = Schedule(RetentionSettings(), story.ledger, story.spool)
    done: list[str] = []

    def fail() -> None:
        done.append("tried")
        raise OSError(5, "broken", STUDY)

    schedule.repeat(fail, 0.05, at_once=True)
    with capture_logs() as events:
        schedule.start()
        eventually(lambda: len(done) > 1)
        schedule.stop()
    story.ledger.close()

    failed = {"event": "work_failed", "log_level": "error"}
    assert failed | {"stage": "schedule", "error": "OSError"} in events
    assert not [each for each in caplog.records if each.name.startswith("apscheduler")]
