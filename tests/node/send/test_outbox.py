"""The outbox stepped by hand against a real ledger and real associations."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import dcmread

from node.config import Destination, SendSettings
from node.jobs.job import Completeness, JobState, ObjectFile, Reported
from node.jobs.ledger import Ledger
from node.jobs.ledger_deliveries import Delivery
from node.jobs.ledger_studies import ReceivedInstance
from node.send.outbox import Outbox, destination_name
from tests.dicom_series import write_series
from tests.node.send.test_scu import StandInArchive

NOW = datetime(2020, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def archive() -> Iterator[StandInArchive]:
    """Start a stand-in archive on a free port."""
    stand_in = StandInArchive()
    yield stand_in
    stand_in.server.shutdown()


def build_outbox(archive: StandInArchive, ledger: Ledger, **changes: float) -> Outbox:
    """Return an outbox towards the stand-in archive."""
    settings = SendSettings(timeout_s=2.0).model_copy(update=changes)
    return Outbox(settings, place(archive), ledger, "NODE")


def place(archive: StandInArchive) -> Destination:
    """Return the stand-in archive as a destination."""
    peer = archive.peer
    return Destination(ae_title=peer.ae_title, host=peer.host, port=peer.port)


def build_ledger(folder: Path, *destinations: Destination, objects: int = 3) -> Ledger:
    """Return a ledger with one reported job whose objects wait for delivery."""
    folder.mkdir(parents=True, exist_ok=True)
    ledger = Ledger(folder)
    paths = write_series(
        folder / "objects", np.zeros((objects, 8, 8), np.int16), modality="MR"
    )
    headers = [dcmread(path) for path in paths]
    study = str(headers[0].StudyInstanceUID)
    source = ReceivedInstance(study, "1.2", "1.3", "1.4", "d", folder / "x", "SCANNER")
    ledger.studies.record([source], NOW)
    ledger.studies.complete(
        study,
        completeness=Completeness.CONFIRMED,
        reason="counted",
        archive_counts={},
        models=["hippocampus"],
        now=NOW,
    )
    job = ledger.jobs.claim(NOW)
    assert job is not None
    made = tuple(
        ObjectFile(
            "SR",
            str(ds.SOPClassUID),
            str(ds.SOPInstanceUID),
            str(ds.SeriesInstanceUID),
            str(ds.file_meta.TransferSyntaxUID),
            path,
            "",
        )
        for ds, path in zip(headers, paths, strict=True)
    )
    names = [destination_name(d) for d in destinations]
    ledger.jobs.report(job.job_id, Reported("i", "1.2", NOW, made), names, NOW)
    return ledger


def test_a_job_is_sent_when_every_object_is_stored(
    archive: StandInArchive, tmp_path: Path
) -> None:
    """One tick delivers all objects of a job and advances it."""
    ledger = build_ledger(tmp_path, place(archive))

    assert build_outbox(archive, ledger).tick(NOW)

    assert ledger.jobs.get(1).state is JobState.SENT
    assert len(archive.received) == 3


def test_nothing_is_due_after_everything_was_sent(
    archive: StandInArchive, tmp_path: Path
) -> None:
    """An object that was stored is not sent a second time."""
    ledger = build_ledger(tmp_path, place(archive))
    outbox = build_outbox(archive, ledger)
    outbox.tick(NOW)

    assert not outbox.tick(NOW + timedelta(days=1))
    assert len(archive.received) == 3


def test_a_transient_status_is_tried_again_after_the_back_off(
    archive: StandInArchive, tmp_path: Path
) -> None:
    """0xA700 keeps the delivery pending, not before its time, then it succeeds."""
    ledger = build_ledger(tmp_path, place(archive))
    outbox = build_outbox(archive, ledger, backoff_s=10.0)
    archive.status = 0xA700
    outbox.tick(NOW)
    archive.status = 0x0000

    assert not outbox.tick(NOW + timedelta(seconds=9))
    assert outbox.tick(NOW + timedelta(seconds=15))
    assert ledger.jobs.get(1).state is JobState.SENT


def test_a_permanent_status_is_shown_at_once_and_never_retried(
    archive: StandInArchive, tmp_path: Path
) -> None:
    """The delivery has failed with its status; the job stays reported."""
    ledger = build_ledger(tmp_path, place(archive))
    outbox = build_outbox(archive, ledger)
    archive.status = 0xC000
    outbox.tick(NOW)

    deliveries = ledger.deliveries.of_job(1)

    assert {d.state for d in deliveries} == {"failed"}
    assert {d.status for d in deliveries} == {0xC000}
    assert ledger.jobs.get(1).state is JobState.REPORTED
    assert not outbox.tick(NOW + timedelta(days=30))


def test_transient_failures_end_after_the_limit(
    archive: StandInArchive, tmp_path: Path
) -> None:
    """After give_up_after_h a transient failure is a failure that can be seen."""
    ledger = build_ledger(tmp_path, place(archive))
    archive.status = 0xA700

    build_outbox(archive, ledger, give_up_after_h=1.0).tick(NOW + timedelta(hours=2))

    assert {d.state for d in ledger.deliveries.of_job(1)} == {"failed"}


def test_an_abort_in_the_middle_loses_and_repeats_nothing_wrongly(
    archive: StandInArchive, tmp_path: Path
) -> None:
    """What was answered is sent; the rest is pending and goes next time."""
    ledger = build_ledger(tmp_path, place(archive))
    outbox = build_outbox(archive, ledger, backoff_s=1.0)
    archive.abort_after = 1
    outbox.tick(NOW)
    states = [d.state for d in ledger.deliveries.of_job(1)]
    archive.abort_after = None

    outbox.tick(NOW + timedelta(seconds=5))

    assert states == ["sent", "pending", "pending"]
    assert len(archive.received) == len(set(archive.received)) == 3
    assert ledger.jobs.get(1).state is JobState.SENT


def test_a_dead_destination_delays_no_other(
    archive: StandInArchive, tmp_path: Path
) -> None:
    """Each destination has its own outbox; the job is sent when both hold it."""
    dead = Destination(ae_title="DEAD", host="127.0.0.1", port=1)
    ledger = build_ledger(tmp_path, dead, place(archive))
    Outbox(SendSettings(timeout_s=1.0), dead, ledger, "NODE").tick(NOW)

    build_outbox(archive, ledger).tick(NOW)

    states = {(d.destination, d.state) for d in ledger.deliveries.of_job(1)}
    assert states == {
        (destination_name(dead), "pending"),
        (destination_name(place(archive)), "sent"),
    }
    assert ledger.jobs.get(1).state is JobState.REPORTED


def test_the_thread_delivers_and_stops(archive: StandInArchive, tmp_path: Path) -> None:
    """Started, it delivers what is due without being told, and ends when stopped."""
    ledger = build_ledger(tmp_path, place(archive))
    outbox = build_outbox(archive, ledger)

    outbox.start()
    outbox.wake()
    for _ in range(200):
        if ledger.jobs.get(1).state is JobState.SENT:
            break
        outbox.wake()
        time.sleep(0.02)
    outbox.stop()

    assert ledger.jobs.get(1).state is JobState.SENT


def test_the_thread_survives_a_ledger_that_cannot_be_used(
    archive: StandInArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A locked or full ledger holds the outbox up; afterwards it delivers."""
    ledger = build_ledger(tmp_path, place(archive))
    outbox = build_outbox(archive, ledger)
    due = ledger.deliveries.due
    failures = iter([True, True])

    def sometimes(destination: str, now: datetime) -> list[Delivery]:
        if next(failures, False):
            raise sqlite3.OperationalError("database is locked")
        return due(destination, now)

    monkeypatch.setattr(ledger.deliveries, "due", sometimes)
    monkeypatch.setattr("node.send.outbox.RETRY_S", 0.01)

    outbox.start()
    for _ in range(200):
        if ledger.jobs.get(1).state is JobState.SENT:
            break
        time.sleep(0.02)
    outbox.stop()

    assert ledger.jobs.get(1).state is JobState.SENT


@settings(max_examples=15, deadline=None)
@given(statuses=st.lists(st.sampled_from([0x0000, 0xA700, 0xB000]), max_size=6))
def test_whatever_the_order_of_answers_every_object_arrives_once_it_is_taken(
    statuses: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Transient answers in any order end in sent after the archive recovers."""
    archive = StandInArchive()
    ledger = build_ledger(tmp_path_factory.mktemp("box"), place(archive), objects=2)
    outbox = build_outbox(archive, ledger)
    try:
        for step, status in enumerate([*statuses, 0x0000]):
            archive.status = status
            outbox.tick(NOW + timedelta(hours=step + 1))

        assert ledger.jobs.get(1).state is JobState.SENT
    finally:
        archive.server.shutdown()
        ledger.close()
