"""A node in one thread, from spool to worker, with a clock that a test moves."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from pydicom import Dataset, dcmread
from pydicom.uid import ExplicitVRLittleEndian

import models
from node.config import InboundSettings, JobsSettings, Settings
from node.errors import JobError
from node.inbound.spool import Spool
from node.inbound.watcher import Watcher
from node.jobs.job import Failed, NotApplicable, Outcome, Reported, Unchanged
from node.jobs.ledger import Ledger
from node.jobs.ledger_jobs import JobRow
from node.jobs.request import request_of
from node.jobs.worker import load_model, perform
from tests.dicom_series import save
from tests.node.inbound.archives import InlineExecutor

QUIET_S = 60.0
SETTINGS = Settings(
    inbound=InboundSettings(min_free_mib=0, quiet_s=QUIET_S, durability="none"),
    jobs=JobsSettings(device="cpu", precision="fp32", threads=1),
)


MODEL = "hippocampus"
"""Of all names the one that the settings know; ``use_stand_in`` puts another to it."""


def use_stand_in() -> None:
    """Let ``MODEL`` be the model of ``tests.node.jobs.stand_in`` in this process."""
    models.MODELS[MODEL] = "tests.node.jobs.stand_in:build"
    load_model.cache_clear()


KINDS = ("SEG", "SR", "SC")


class OneNode:
    """A node that reads what it receives with one model."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
        folder.mkdir(parents=True, exist_ok=True)
        self.start()

    def start(self) -> None:
        """Open the ledger and the spool, for the first time or again."""
        self.ledger = Ledger(self.folder)
        self.spool = Spool(self.folder / "spool", SETTINGS.inbound)
        self.watcher = Watcher(
            SETTINGS.inbound,
            self.ledger,
            self.spool,
            archive=None,
            models=[MODEL],
            clock=lambda: self.now,
            executor=InlineExecutor(),
        )
        self.watcher.recover()

    def restart(self) -> None:
        """End without a farewell, and start again."""
        self.ledger.close()
        self.start()

    def receive(self, files: Iterable[Path]) -> None:
        """Keep the files in this order, and wait until the study counts as complete."""
        for file in files:
            kept = self.spool.store_file(file.read_bytes(), "SCANNER")
            self.watcher.stored(kept.instance)
            self.watcher.tick(self.now)
        self.now += timedelta(seconds=QUIET_S + 1)
        self.watcher.tick(self.now)

    def attempt(self) -> tuple[JobRow, Outcome]:
        """Do the next attempt, without a word of it in the ledger."""
        job = self.ledger.jobs.claim(self.now)
        assert job is not None, "no job is queued"
        results = self.folder / "results"
        try:
            return job, perform(request_of(job, self.ledger, SETTINGS, results))
        except JobError as error:
            return job, Failed(error.reason, str(error), permanent=error.permanent)

    def read(self) -> JobRow:
        """Do the next job and note how it ended."""
        job, outcome = self.attempt()
        match outcome:
            case Reported():
                self.ledger.jobs.report(job.job_id, outcome, [], self.now)
            case Unchanged():
                self.ledger.jobs.unchanged(job.job_id, outcome, self.now)
            case NotApplicable():
                self.ledger.jobs.refuse(job.job_id, outcome, self.now)
            case Failed():
                self.ledger.jobs.fail(job.job_id, outcome, self.now)
        return self.ledger.jobs.get(job.job_id)

    def is_idle(self) -> bool:
        """Tell whether no study is awaited and no job is queued."""
        return not self.ledger.studies.receiving() and (
            self.ledger.jobs.claim(self.now + timedelta(days=1)) is None
        )

    def objects(self) -> dict[str, bytes]:
        """Return every object that was written, by version and kind."""
        return {
            f"{path.parent.name}/{path.stem}": path.read_bytes()
            for path in sorted((self.folder / "results").rglob("*.dcm"))
        }

    def dataset(self, name: str) -> Dataset:
        """Return one object, such as ``v1/SR``."""
        (path,) = (self.folder / "results").rglob(f"{name}.dcm")
        return dcmread(path)


def altered(
    files: Iterable[Path],
    folder: Path,
    change: Callable[[Dataset], None] = lambda _: None,
    transfer_syntax: str = ExplicitVRLittleEndian,
) -> list[Path]:
    """Write the files anew into ``folder``, changed; their UIDs stay."""
    folder.mkdir()
    written = []
    for number, file in enumerate(files):
        dataset = dcmread(file)
        change(dataset)
        written.append(save(dataset, folder / f"{number}.dcm", transfer_syntax))
    return written


def bright(value: int = 200) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    """Return ``(4, 16, 16)`` with a block of 32 voxels."""
    array = np.zeros((4, 16, 16), np.int16)
    array[1:3, 4:8, 4:8] = value
    return array


def uids(node: OneNode, version: int) -> set[str]:
    """Return the SOP Instance UIDs of one version."""
    return {str(node.dataset(f"v{version}/{k}").SOPInstanceUID) for k in KINDS}
