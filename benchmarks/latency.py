"""From the last image in the archive to the last result in it, and where it goes.

Runs a real Orthanc (StableAge 1 s) and a warm node on loopback, sends the same study
several times under fresh UIDs, and prints the median of the whole and of each leg::

    python -m benchmarks.latency [STUDY_DIR] [--rounds 5]

Without a folder a phantom is sent.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from pydicom import dcmread
from pydicom.uid import generate_uid

from benchmarks.machine import processor
from models.hippocampus.phantom import write_study
from node.app import Node
from node.jobs.job import JobState
from tests.pacs.archive import Archive, free_settings, running_archive, until


def renewed(source: Path, folder: Path, number: int) -> str:
    """Copy a study under fresh UIDs into ``folder``; return its Study Instance UID."""
    fresh: dict[str, str] = {}
    study = ""
    for index, file in enumerate(sorted(p for p in source.rglob("*") if p.is_file())):
        ds = dcmread(file)
        for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
            old = str(getattr(ds, keyword))
            new = fresh.setdefault(old, generate_uid(entropy_srcs=[old, str(number)]))
            setattr(ds, keyword, new)
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
        study = str(ds.StudyInstanceUID)
        ds.save_as(folder / f"{index:04d}.dcm")
    return study


def one_round(
    archive: Archive, node: Node, folder: Path, study: str
) -> dict[str, float]:
    """Send one study and return seconds by leg, from the last image stored."""
    archive.store(folder)
    stored = datetime.now(UTC)

    def sent() -> bool:
        jobs = node.ledger.jobs.listing(study)
        return bool(jobs) and jobs[0].state is JobState.SENT

    until(sent, "the results", timeout_s=120)
    (job,) = node.ledger.jobs.listing(study)
    row = node.ledger.studies.get(study)
    assert row is not None
    assert row.completed_at is not None
    (attempt,) = node.ledger.jobs.attempts(job.job_id)
    claimed = datetime.fromisoformat(attempt["started_at"])
    reported = datetime.fromisoformat(attempt["ended_at"])
    assert job.ended_at is not None
    moments = [stored, row.first_received_at, row.last_received_at, row.completed_at]
    moments += [claimed, reported, job.ended_at]
    legs = ("stable and routed", "received", "complete", "claimed", "read", "sent")
    pairs = zip(legs, pairwise(moments), strict=True)
    seconds = {leg: (end - begin).total_seconds() for leg, (begin, end) in pairs}
    return {"whole": (job.ended_at - stored).total_seconds(), **seconds}


def rounds(source: Path, count: int) -> Iterator[dict[str, float]]:
    """Yield the legs of each round; the first, cold one is left out."""
    with tempfile.TemporaryDirectory() as scratch:
        settings = free_settings(Path(scratch) / "var")
        Path(scratch, "var").mkdir()
        with running_archive(settings) as archive:
            node = Node(settings)
            node.start()
            try:
                for number in range(count + 1):
                    folder = Path(scratch) / str(number)
                    folder.mkdir()
                    study = renewed(source, folder, number)
                    legs = one_round(archive, node, folder, study)
                    if number:
                        yield legs
                    time.sleep(2)
            finally:
                node.stop()


def main() -> None:
    """Print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", nargs="?", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        source = options.study
        if source is None:
            source = Path(scratch)
            write_study(source, 1)
        print(f"{processor()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.2f}")
        found = list(rounds(source, options.rounds))
    for leg in found[0]:
        values = [legs[leg] for legs in found]
        print(f"{leg:>18}  {statistics.median(values):6.3f} s  (max {max(values):.3f})")


if __name__ == "__main__":
    main()
