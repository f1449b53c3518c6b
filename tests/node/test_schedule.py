"""The periodic work is done without a call, and ends when it is told to."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from node.app import Node
from node.config import RetentionSettings, Settings
from node.jobs.job import Failed, NotApplicable
from node.schedule import Schedule
from tests.node.inbound.objects import eventually
from tests.node.inbound.story import STUDY, Story
from tests.node.jobs.ledger_stories import queue


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


def test_the_node_keeps_the_images_of_a_notice_that_is_due(tmp_path: Path) -> None:
    """Whatever retention says: a notice is made from them."""
    retention = {"keep_received_h": 0, "every_s": 0.05}
    node = Node(Settings(node={"data_dir": tmp_path / "var"}, retention=retention))  # type: ignore[arg-type]  # pydantic makes sections of them
    now = datetime.now(UTC) - timedelta(minutes=1)
    for study in ("1.1", "1.2"):
        queue(node.ledger, study, now=now)
    failed, refused = (node.ledger.jobs.claim(now) for _ in range(2))
    assert failed is not None
    assert refused is not None
    node.ledger.jobs.fail(failed.job_id, Failed("out_of_memory", ""), now)
    reason = NotApplicable("no_series_accepted", "")
    node.ledger.jobs.refuse(refused.job_id, reason, now)

    node.schedule.start()
    eventually(lambda: not node.ledger.studies.files("1.2"))
    node.schedule.stop()
    kept = node.ledger.studies.files("1.1")
    node.stop()

    assert len(kept) == 1
