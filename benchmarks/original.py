"""The peer of the batch: studies read the way of the original system.

Started anew for each study it is the original; given all studies at once it is the
original in one process that loads the model once::

    python -m benchmarks.original STUDY_DIR... --results DIR --precision fp32

Files are read whole, with their pixels, one by one, and the series is found by its
description. What follows is our own worker on the files of that series, so that the
objects are the same; it reads those few a second time. The network has every core,
as torch gives it by default. All other differences from the original favour the
peer: its network was larger, and of 2D slices.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydicom import Dataset, dcmread

from benchmarks.studies import CROP
from node.jobs.job import Completeness, JobRequest, Reported
from node.jobs.worker import perform


def read_one_by_one(study: Path) -> dict[Path, Dataset]:
    """Read every file of a study whole, one after another."""
    files = sorted(path for path in study.rglob("*") if path.is_file())
    return {path: dcmread(path) for path in files}


def request_of(
    number: int, datasets: dict[Path, Dataset], results: Path, precision: str
) -> JobRequest:
    """Return the job of the crop among ``datasets``."""
    crop = {path: ds for path, ds in datasets.items() if ds.SeriesDescription == CROP}
    uid = str(next(iter(crop.values())).StudyInstanceUID)
    return JobRequest(
        job_id=number,
        study_instance_uid=uid,
        model="hippocampus",
        files=tuple(crop),
        output_dir=results / uid,
        completeness=Completeness.UNCONFIRMED,
        completeness_reason="read from a folder",
        version=1,
        replaces=None,
        previous_identity=None,
        completed_at=datetime.now(UTC),
        installation_id="0" * 32,
        site_salt="benchmark",
        precision=precision,
        threads=len(os.sched_getaffinity(0)),
        in_order=False,
    )


def make(studies: Sequence[Path], results: Path, precision: str) -> None:
    """Make the objects of each study, one after another.

    Raises
    ------
    SystemExit
        A study was not reported.
    """
    for number, study in enumerate(studies, start=1):
        datasets = read_one_by_one(study)
        outcome = perform(request_of(number, datasets, results, precision))
        if not isinstance(outcome, Reported):
            raise SystemExit(f"study {number} was not reported: {outcome}")


def main() -> None:
    """Make what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("studies", nargs="+", type=Path)
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--precision", default="fp32")
    options = parser.parse_args()
    make(options.studies, options.results, options.precision)


if __name__ == "__main__":
    main()
