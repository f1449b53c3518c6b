"""The outbox stepped by hand against a real ledger and real associations."""

from __future__ import annotations

import errno
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import dcmread

from models.volume.bundle import sha256_file
from node.config import Destination, SendSettings
from node.jobs.job import Completeness, JobState, ObjectFile, Reported
from node.jobs.ledger import Ledger
from node.jobs.ledger_deliveries import PATIENCE, Delivery
from node.jobs.ledger_studies import ReceivedInstance
from node.send.outbox import RESULT_DAMAGED, Outbox, destination_name
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
            sha256_file(path),
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


def test_an_object_waits_for_those_before_it(
    archive: StandInArchive, tmp_path: Path
) -> None:
    """A full archive is not offered the rest; the rest is due with the first."""
    ledger = build_ledger(tmp_path, place(archive))
    outbox = build_outbox(archive, ledger, backoff_s=10.0)
    archive.status = 0xA700
    outbox.tick(NOW)
    archive.status = 0x0000

    assert not outbox.tick(NOW + timedelta(seconds=9))
    assert [d.attempts for d in ledger.deliveries.of_job(1)] == [1, 0, 0]
    assert outbox.tick(NOW + timedelta(seconds=15))
    first, *rest = archive.received
    assert rest == [d.sop_instance_uid for d in ledger.deliveries.of_job(1)]
    assert first == rest[0]


def test_an_object_that_is_never_taken_does_not_hold_up_the_rest_for_ever(
    archive: StandInArchive, tmp_path: Path
) -> None:
    """After some attempts the others are offered, whatever becomes of the first."""
    ledger = build_ledger(tmp_path, place(archive))
    outbox = build_outbox(archive, ledger)
    first = ledger.deliveries.of_job(1)[0]
    archive.statuses[first.sop_instance_uid] = 0x0110

    for attempt in range(PATIENCE):
        assert not set(archive.received) - {first.sop_instance_uid}
        outbox.tick(NOW + timedelta(hours=attempt))

    states = [d.state for d in ledger.deliveries.of_job(1)]
    assert states == ["pending", "sent", "sent"]


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


@pytest.mark.parametrize("damage", ["altered", "cut", "emptied", "removed"])
def test_a_damaged_result_is_never_offered(
    archive: StandInArchive, tmp_path: Path, damage: str
) -> None:
    """Its delivery fails by name; the other objects of the result are sent."""
    ledger = build_ledger(tmp_path, place(archive))
    first, *_ = ledger.deliveries.of_job(1)
    spoil(first.path, damage)

    build_outbox(archive, ledger).tick(NOW)

    failed, *others = ledger.deliveries.of_job(1)
    assert (failed.state, failed.detail) == ("failed", RESULT_DAMAGED)
    assert {d.state for d in others} == {"sent"}
    assert first.sop_instance_uid not in archive.received
    assert ledger.jobs.get(1).state is JobState.REPORTED


def spoil(path: Path, damage: str) -> None:
    """Do to a file what disks and people do."""
    content = path.read_bytes()
    match damage:
        case "altered":
            path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        case "cut":
            path.write_bytes(content[:200])  # within the meta information
        case "emptied":
            path.write_bytes(b"")
        case _:
            path.unlink()


def test_nobody_is_called_for_results_that_are_all_damaged(tmp_path: Path) -> None:
    """The comparison comes before the association: nothing listens at this port."""
    nowhere = Destination(ae_title="X", host="127.0.0.1", port=1)
    ledger = build_ledger(tmp_path, nowhere)
    for delivery in ledger.deliveries.of_job(1):
        spoil(delivery.path, "cut")

    assert Outbox(SendSettings(timeout_s=1.0), nowhere, ledger, "NODE").tick(NOW)

    assert {d.detail for d in ledger.deliveries.of_job(1)} == {RESULT_DAMAGED}


def test_a_file_that_cannot_be_read_now_is_sent_later(
    archive: StandInArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too many open files, or a disk that hiccups, is no damage."""
    ledger = build_ledger(tmp_path, place(archive))
    outbox = build_outbox(archive, ledger)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", _too_many_files)
        patched.setattr("node.send.scu.dcmread", _too_many_files)
        outbox.tick(NOW)
    assert {d.state for d in ledger.deliveries.of_job(1)} == {"pending"}

    outbox.tick(NOW + timedelta(hours=1))

    assert ledger.jobs.get(1).state is JobState.SENT


def _too_many_files(*_: Any, **__: Any) -> Any:
    raise OSError(errno.EMFILE, "Too many open files")


def test_a_host_without_an_address_is_given_up_in_the_end(tmp_path: Path) -> None:
    """A name that does not resolve costs an attempt, and give_up_after_h applies."""
    nowhere = Destination(ae_title="X", host="archive.invalid", port=104)
    ledger = build_ledger(tmp_path, nowhere)
    outbox = Outbox(SendSettings(timeout_s=1.0), nowhere, ledger, "NODE")

    outbox.tick(NOW)
    first = ledger.deliveries.of_job(1)[0]
    outbox.tick(NOW + timedelta(days=4))

    assert (first.state, first.attempts) == ("pending", 1)
    assert "archive.invalid" in first.detail
    assert {d.state for d in ledger.deliveries.of_job(1)} == {"failed"}


def test_each_answer_is_recorded_while_the_next_object_is_on_its_way(
    archive: StandInArchive, tmp_path: Path
) -> None:
    """Whoever is killed between two objects sends the first one no second time."""
    ledger = build_ledger(tmp_path, place(archive))
    seen: list[list[str]] = []
    archive.on_store = lambda: seen.append(
        [d.state for d in ledger.deliveries.of_job(1)]
    )

    build_outbox(archive, ledger).tick(NOW)

    assert seen == [
        ["pending", "pending", "pending"],
        ["sent", "pending", "pending"],
        ["sent", "sent", "pending"],
    ]


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


@pytest.mark.parametrize(
    "fault", [sqlite3.OperationalError("database is locked"), ValueError("foreseen?")]
)
def test_the_thread_survives_every_fault(
    archive: StandInArchive,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: Exception,
) -> None:
    """A locked ledger, or what nobody foresaw; it is logged, then it delivers."""
    ledger = build_ledger(tmp_path, place(archive))
    outbox = build_outbox(archive, ledger)
    due = ledger.deliveries.due
    failures = iter([True, True])

    def sometimes(destination: str, now: datetime) -> list[Delivery]:
        if next(failures, False):
            raise fault
        return due(destination, now)

    monkeypatch.setattr(ledger.deliveries, "due", sometimes)
    monkeypatch.setattr("node.send.outbox.RETRY_S", 0.01)

    with structlog.testing.capture_logs() as logged:
        outbox.start()
        for _ in range(200):
            if ledger.jobs.get(1).state is JobState.SENT:
                break
            time.sleep(0.02)
        outbox.stop()

    assert ledger.jobs.get(1).state is JobState.SENT
    held_up = [event for event in logged if event["event"] == "outbox_held_up"]
    assert [event["error"] for event in held_up] == [type(fault).__name__] * 2


@settings(max_examples=6)
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
