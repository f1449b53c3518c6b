"""Retention: received images go when nobody needs them, and only then."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from node.config import InboundSettings, RetentionSettings
from node.inbound.spool import Spool
from node.jobs.job import Completeness, NotApplicable, ObjectFile, Reported
from node.jobs.ledger import Ledger
from node.jobs.ledger_studies import ReceivedInstance
from node.schedule import Schedule, remove_received

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DAY = RetentionSettings(keep_received_h=24)


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """Make a spool."""
    return Spool(tmp_path / "spool", InboundSettings(min_free_mib=0))


@pytest.fixture
def ledger(tmp_path: Path, spool: Spool) -> Ledger:
    """Make a ledger with one received study of one file, not yet complete."""
    ledger = Ledger(tmp_path)
    path = spool.study_folder("1.2") / "1.3" / "1.4.dcm"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"image")
    received = ReceivedInstance("1.2", "1.3", "1.4", "1.5", "digest", path, "SCANNER")
    ledger.studies.record([received], NOW)
    return ledger


def complete(ledger: Ledger) -> int:
    """Complete the study, claim its job, and return its number."""
    ledger.studies.complete(
        "1.2",
        completeness=Completeness.CONFIRMED,
        reason="counted",
        archive_counts={"1.3": 1},
        models=["hippocampus"],
        now=NOW,
    )
    job = ledger.jobs.claim(NOW)
    assert job is not None
    return job.job_id


def remove(ledger: Ledger, spool: Spool, **later: float) -> int:
    """Run the clean-up some time later."""
    return remove_received(ledger, spool, DAY, NOW + timedelta(**later))


def test_images_stay_while_the_study_is_not_complete(
    ledger: Ledger, spool: Spool
) -> None:
    """Nothing is removed from a study that still receives, however old."""
    assert remove(ledger, spool, days=365) == 0


def test_images_stay_while_a_job_runs(ledger: Ledger, spool: Spool) -> None:
    """A job without an outcome keeps its images."""
    complete(ledger)

    assert remove(ledger, spool, days=365) == 0


def test_images_go_a_day_after_the_outcome_and_digests_stay(
    ledger: Ledger, spool: Spool
) -> None:
    """At 23 hours they are there, at 25 they are gone; the ledger knows the digest."""
    job_id = complete(ledger)
    ledger.jobs.refuse(job_id, NotApplicable("no_series_accepted", ""), NOW)

    assert remove(ledger, spool, hours=23) == 0
    assert remove(ledger, spool, hours=25) == 1

    assert not spool.study_folder("1.2").exists()
    assert ledger.studies.digests("1.4") == {"digest"}
    assert ledger.studies.without_file("1.2") == 1
    assert remove(ledger, spool, hours=26) == 0


def test_images_stay_while_a_delivery_waits(
    ledger: Ledger, spool: Spool, tmp_path: Path
) -> None:
    """An archive that is down keeps the images of what was not delivered."""
    job_id = complete(ledger)
    made = ObjectFile("SR", "1.6", "1.7", "1.8", "1.9", tmp_path / "SR.dcm", "")
    ledger.jobs.report(job_id, Reported("i", "1.3", NOW, (made,)), ["A@h:1"], NOW)

    assert remove(ledger, spool, days=30) == 0
    (delivery,) = ledger.deliveries.of_job(job_id)
    ledger.deliveries.sent(delivery, 0, NOW + timedelta(days=30))

    assert remove(ledger, spool, days=30, hours=23) == 0
    assert remove(ledger, spool, days=31, hours=1) == 1


def test_an_image_that_arrives_meanwhile_is_not_removed(
    ledger: Ledger, spool: Spool
) -> None:
    """Acknowledged but not yet in the ledger, it stays where the others go."""
    job_id = complete(ledger)
    ledger.jobs.refuse(job_id, NotApplicable("no_series_accepted", ""), NOW)
    late = spool.study_folder("1.2") / "1.3" / "1.44.dcm"
    late.write_bytes(b"late image")

    assert remove(ledger, spool, hours=25) == 1

    assert late.read_bytes() == b"late image"
    assert not (late.parent / "1.4.dcm").exists()


def test_the_schedule_starts_and_stops(ledger: Ledger, spool: Spool) -> None:
    """It runs by itself: an outcome long ago is cleaned up without a call."""
    job_id = complete(ledger)
    ledger.jobs.refuse(job_id, NotApplicable("no_series_accepted", ""), NOW)
    schedule = Schedule(RetentionSettings(every_s=0.05), ledger, spool)

    schedule.start()
    deadline = datetime.now(UTC) + timedelta(seconds=10)
    while spool.study_folder("1.2").exists() and datetime.now(UTC) < deadline:
        time.sleep(0.01)
    schedule.stop()

    assert not spool.study_folder("1.2").exists()
