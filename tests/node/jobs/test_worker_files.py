"""Files that are gone or damaged: a study is read whole, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import models
from models.contract import Context, Model, SeriesInfo
from node.jobs.worker import load_model, perform
from node.predict import fitting
from node.predict.run import Prediction, run
from tests.node.jobs.worker_stories import failed, reported, request, series


@pytest.fixture(autouse=True)
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register the stand-in as a folder of models would be."""
    monkeypatch.setitem(models.MODELS, "stand_in", "tests.node.jobs.stand_in:build")
    load_model.cache_clear()


def missing(file: Path) -> None:
    """Remove the file, as retention at the wrong moment would."""
    file.unlink()


def unreadable(file: Path) -> None:
    """Put a folder in its place, which no user can read as a file."""
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize("fault", [missing, unreadable])
@pytest.mark.parametrize("which", [0, 3, 4])
def test_a_study_without_one_of_its_files_is_not_read(
    tmp_path: Path, fault: Callable[[Path], None], which: int
) -> None:
    """Three of four slices are a volume too, but not this study; later, perhaps."""
    other = series(tmp_path, "localizer", SeriesNumber="2")
    asked = request(tmp_path, (*series(tmp_path), *other))
    fault(asked.files[which])

    outcome = failed(perform(asked))

    assert (outcome.reason, outcome.permanent) == ("file_missing", False)
    assert str(tmp_path) not in outcome.message


def test_a_file_that_vanishes_before_its_pixels_are_read_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the headers and the pixels lies time enough for it."""
    files = series(tmp_path)

    def run_too_late(
        model: Model, series: SeriesInfo, context: Context, *_: object
    ) -> Prediction:
        files[2].unlink()
        return run(model, series, context)

    monkeypatch.setattr(fitting, "run", run_too_late)

    outcome = failed(perform(request(tmp_path, files)))

    assert (outcome.reason, outcome.permanent) == ("file_missing", False)


@pytest.mark.parametrize("kept", [0, 150, 600])
def test_a_damaged_file_beside_the_series_fails_by_name(
    tmp_path: Path, kept: int
) -> None:
    """It may be the last slice, and without it the volume would be short."""
    files = series(tmp_path)
    files[3].write_bytes(files[3].read_bytes()[:kept])

    outcome = failed(perform(request(tmp_path, files)))

    assert (outcome.reason, outcome.permanent) == ("damaged_file", True)
    assert str(tmp_path) not in outcome.message


def test_a_slice_that_is_damaged_in_the_middle_fails_by_name(tmp_path: Path) -> None:
    """Without it there is a gap, and the study is not one of another kind."""
    files = series(tmp_path)
    files[1].write_bytes(files[1].read_bytes()[:150])

    outcome = failed(perform(request(tmp_path, files)))

    assert (outcome.reason, outcome.permanent) == ("damaged_file", True)


def test_files_that_never_were_images_of_the_series_do_no_harm(
    tmp_path: Path,
) -> None:
    """Notes among the images, and a damaged image of another series."""
    files = series(tmp_path)
    notes = files[0].with_name("notes.txt")
    notes.write_text("the patient moved")
    other, *_ = series(tmp_path, "localizer", SeriesNumber="2")
    other.write_bytes(other.read_bytes()[:150])

    outcome = reported(perform(request(tmp_path, (*files, notes, other))))

    assert outcome.summary["Bright volume"].startswith("32 mm3")
