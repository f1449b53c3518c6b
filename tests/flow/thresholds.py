"""A stand-in model that reads the blocks by their brightness, and a job for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from pydicom import dcmread

import models
from models.contract import Context, Findings, Volume
from models.terms import Code, Measurement, Structure
from models.volume.bundle import Bundle
from models.volume.rule import Acceptance
from node.jobs.job import Completeness, JobRequest, Outcome
from node.jobs.worker import load_model, perform
from tests.flow.blocks import LEVELS, NAMES

NAME = "thresholds"
DESCRIPTION = "Blocks"
BRAIN = Code("12738006", "SCT", "Brain")
MM3 = Code("mm3", "UCUM", "cubic millimeter")
VOLUME = Code("118565006", "SCT", "Volume")


class Thresholds:
    """Reads MR series that are called ``Blocks``."""

    bundle = Bundle(
        folder=Path(),
        name=NAME,
        title="Thresholds",
        version="1.0",
        status="research",
        intended_use="Tests.",
        not_for="Anything else.",
        licence="Apache-2.0",
        acceptance=Acceptance("MR", DESCRIPTION, min_slices=2, min_matrix=4),
        weights=MappingProxyType({}),
        digest="3" * 64,
        weights_digest="4" * 64,
    )

    def predict(self, volume: Volume, context: Context) -> Findings:
        """Label by brightness and measure."""
        labels = np.digitize(volume.array.astype(np.float32), LEVELS).astype(np.uint8)
        anatomical = Code("91723000", "SCT", "Anatomical Structure")
        return Findings(
            label_map=labels,
            structures=tuple(
                Structure(name, (label,), anatomical, BRAIN, BRAIN)
                for label, name in NAMES.items()
            ),
            measurements=tuple(
                Measurement(
                    name,
                    VOLUME,
                    int((labels == label).sum()) * volume.voxel_mm3,
                    MM3,
                    decimals=2,
                )
                for label, name in NAMES.items()
            ),
            flags=volume.flags,
        )


def build(bundle: Path | None = None) -> Thresholds:
    """Return the model."""
    return Thresholds()


def register(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the model on the list of models."""
    monkeypatch.setitem(models.MODELS, NAME, f"{__name__}:build")
    load_model.cache_clear()


def read_by_thresholds(files: Sequence[Path], folder: Path) -> Outcome:
    """Do the whole job of a worker on the files of a study."""
    return perform(
        JobRequest(
            job_id=1,
            study_instance_uid=str(dcmread(files[0]).StudyInstanceUID),
            model=NAME,
            files=tuple(files),
            output_dir=folder / "results",
            completeness=Completeness.CONFIRMED,
            completeness_reason="the archive counts the same",
            version=1,
            replaces=None,
            previous_identity=None,
            completed_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
            installation_id="0" * 32,
            site_salt="salt",
        )
    )
