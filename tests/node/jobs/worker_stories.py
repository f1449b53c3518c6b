"""Small studies for the stand-in model, and first attempts to read them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from node.jobs.job import Completeness, Failed, JobRequest, Outcome, Reported
from tests.dicom_series import uid, write_series
from tests.node.jobs.ledger_stories import T0

STUDY = uid("study", "TEST-1")


def series(folder: Path, description: str = "crop", **tags: Any) -> tuple[Path, ...]:
    """Write four slices of 16 x 16 with a bright block of 32 voxels."""
    array = np.zeros((4, 16, 16), np.int16)
    array[1:3, 4:8, 4:8] = 200
    return tuple(
        write_series(folder / description, array, description=description, **tags)
    )


def request(tmp_path: Path, files: tuple[Path, ...], **changes: Any) -> JobRequest:
    """Return a first attempt on a confirmed study."""
    made = JobRequest(
        job_id=1,
        study_instance_uid=STUDY,
        model="stand_in",
        files=files,
        output_dir=tmp_path / "results" / "v1",
        completeness=Completeness.CONFIRMED,
        completeness_reason="the archive counts the same",
        version=1,
        replaces=None,
        previous_identity=None,
        completed_at=T0,
        installation_id="0" * 32,
        site_salt="salt",
    )
    return replace(made, **changes)


def reported(outcome: Outcome) -> Reported:
    """Return the outcome, which is a result."""
    assert isinstance(outcome, Reported), outcome
    return outcome


def failed(outcome: Outcome) -> Failed:
    """Return the outcome, which is a failure."""
    assert isinstance(outcome, Failed), outcome
    return outcome
