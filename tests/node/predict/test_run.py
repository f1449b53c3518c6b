"""A model is called, and what it says is checked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.contract import Context, SeriesInfo
from models.volume.series import read_study
from node.errors import JobError
from node.predict.run import run
from tests.dicom_series import write_series
from tests.node.jobs.stand_in import StandIn

CONTEXT = Context()


def crop(folder: Path, description: str = "crop") -> SeriesInfo:
    """Write a small MR series with a bright block; return what its headers say."""
    array = np.zeros((4, 16, 16), np.int16)
    array[1:3, 4:8, 4:8] = 200
    paths = write_series(folder, array, description=description)
    return read_study(paths).series[0]


def test_a_prediction_holds_volume_findings_and_times(tmp_path: Path) -> None:
    """The model's own stages are timed below ``predict``."""
    prediction = run(StandIn(), crop(tmp_path), CONTEXT)

    assert prediction.volume.shape == (4, 16, 16)
    assert prediction.findings.measurements[0].printed == "32"
    assert set(prediction.timings_s) == {"load", "predict", "predict.network"}


@pytest.mark.parametrize(
    ("description", "reason", "permanent"),
    [
        ("crop unfit", "constant_image", True),
        ("crop value", "invalid_findings", True),
        ("crop grid", "invalid_findings", True),
        ("crop undrawn", "invalid_findings", True),
        ("crop memory", "out_of_memory", False),
    ],
)
def test_what_goes_wrong_has_a_reason(
    tmp_path: Path, description: str, reason: str, permanent: bool
) -> None:
    """Only want of memory is worth another attempt; no foreign text comes along."""
    with pytest.raises(JobError) as caught:
        run(StandIn(), crop(tmp_path, description), CONTEXT)

    assert (caught.value.reason, caught.value.permanent) == (reason, permanent)
    assert "Doe" not in str(caught.value)


def test_images_that_cannot_be_loaded_keep_their_reason(tmp_path: Path) -> None:
    """The series reader says why, the job carries it on."""
    series = crop(tmp_path)
    for instance in series.instances:
        content = instance.path.read_bytes()
        instance.path.write_bytes(content[: len(content) // 2])

    with pytest.raises(JobError) as caught:
        run(StandIn(), series, CONTEXT)

    assert caught.value.permanent
    assert caught.value.reason not in {"internal_error", "invalid_findings"}


def test_an_unforeseen_error_is_not_translated_here(tmp_path: Path) -> None:
    """A bug of a model is no verdict on the images: the worker names its type."""
    with pytest.raises(RuntimeError):
        run(StandIn(), crop(tmp_path, "crop error"), CONTEXT)
