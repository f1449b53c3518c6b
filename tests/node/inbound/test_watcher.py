"""The watcher as it runs: its thread, its latency, its failures."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from node.config import InboundSettings
from node.inbound.spool import Spool
from node.inbound.watcher import Watcher
from node.jobs.job import Completeness
from node.jobs.ledger import Ledger
from tests.node.inbound.archives import StoryArchive
from tests.node.inbound.conftest import StartReceiver
from tests.node.inbound.objects import (
    as_file,
    build_instance,
    encoded,
    eventually,
    sent,
)

SETTINGS = InboundSettings(min_free_mib=0, quiet_s=0.3, durability="none")


class Running:
    """A running watcher with its archive, and a door to the spool."""

    def __init__(self, folder: Path, ledger: Ledger, archive: StoryArchive) -> None:
        self.ledger = ledger
        self.archive = archive
        self.spool = Spool(folder / "spool", SETTINGS)
        self.completed = threading.Event()
        self.watcher = Watcher(
            SETTINGS,
            ledger,
            self.spool,
            archive,
            models=("hippocampus",),
            on_complete=self.completed.set,
        )

    def arrives(self, study: str = "1.2", association: int = 1) -> None:
        """Let one image arrive."""
        ds = build_instance(study, f"{study}.1")
        kept = self.spool.store(encoded(ds), sent(ds))
        self.watcher.stored(kept.instance, association)

    def is_complete(self, study: str = "1.2") -> bool:
        """Tell whether the study is complete."""
        row = self.ledger.studies.get(study)
        return row is not None and row.state == "complete"


@pytest.fixture
def running(tmp_path: Path, ledger: Ledger) -> Iterator[Running]:
    """Start a watcher whose archive knows one image of study 1.2."""
    running = Running(tmp_path, ledger, StoryArchive({"1.2": {"1.2.1": 1}}))
    running.watcher.start()
    yield running
    running.watcher.stop()


def test_a_release_is_decided_in_milliseconds(running: Running) -> None:
    """By an event, not by the next look at the clock."""
    took = []
    for number in range(5):
        study = f"1.3.{number}"
        running.archive.counts[study] = {f"{study}.1": 1}
        running.arrives(study, number)
        time.sleep(0.05)
        running.completed.clear()
        begun = time.monotonic()
        running.watcher.released(number, False)
        assert running.completed.wait(5)
        took.append(time.monotonic() - begun)

    assert sorted(took)[2] < 0.1


def test_a_dropped_file_is_taken_by_its_event(running: Running) -> None:
    """And ends as a study."""
    ds = build_instance("1.2", "1.2.1")
    (running.spool.drop / "1.dcm").write_bytes(as_file(ds))

    assert running.completed.wait(5)
    row = running.ledger.studies.get("1.2")
    assert row is not None
    assert row.completeness is Completeness.CONFIRMED


def test_a_hanging_archive_holds_up_nobody(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten studies wait for an answer that does not come; all end by the quiet time."""
    hang = threading.Event()

    def series_counts(study: str) -> None:
        hang.wait(20)

    monkeypatch.setattr(running.archive, "series_counts", series_counts)
    try:
        for number in range(10):
            running.arrives(f"1.3.{number}")
        running.watcher.released(1, False)
        eventually(
            lambda: all(running.is_complete(f"1.3.{n}") for n in range(10)), within_s=5
        )
    finally:
        hang.set()


def test_a_ledger_that_fails_for_a_moment_loses_nothing(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was noted is written at the next tick."""
    record = running.ledger.studies.record
    failures = [sqlite3.OperationalError("database or disk is full")] * 2

    def fail_twice(*arguments: Any) -> set[str]:
        if failures:
            raise failures.pop()
        return record(*arguments)

    monkeypatch.setattr(running.ledger.studies, "record", fail_twice)
    running.arrives()
    running.watcher.released(1, False)

    assert running.completed.wait(5)
    assert not failures
    assert running.is_complete()


def test_stopping_brings_the_last_notes_into_the_ledger(running: Running) -> None:
    """What is noted at the last moment is not left to the next start."""
    running.arrives("1.9")
    running.watcher.stop()

    assert running.ledger.studies.series_counts("1.9") == {"1.9.1": 1}
    assert not [t for t in threading.enumerate() if t.name == "watcher"]


def test_from_the_wire_to_the_job(
    start_receiver: StartReceiver, ledger: Ledger
) -> None:
    """SCP, spool, watcher and ledger together, over a real association."""
    receiver = start_receiver()
    archive = StoryArchive({"1.2": {"1.2.1": 5}})
    completed = threading.Event()
    watcher = Watcher(SETTINGS, ledger, receiver.spool, archive,
                      models=("hippocampus",), on_complete=completed.set)  # fmt: skip
    receiver.told = watcher
    watcher.start()
    association = receiver.associate()
    for _ in range(5):
        ds = build_instance("1.2", "1.2.1")
        assert association.send_c_store(ds).Status == 0x0000
    association.release()

    assert completed.wait(5)
    watcher.stop()
    assert len(ledger.studies.files("1.2")) == 5
    assert [job.model for job in ledger.jobs.listing("1.2")] == ["hippocampus"]
