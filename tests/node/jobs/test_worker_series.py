"""Which series of a study a job reads: the next, the only, a multi-frame one."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom import dcmread

import models
from node.jobs.job import NotApplicable, Outcome
from node.jobs.worker import load_model, perform
from tests.enhanced_series import write_enhanced
from tests.node.jobs.worker_stories import failed, reported, request, series


@pytest.fixture(autouse=True)
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register the stand-in as a folder of models would be."""
    monkeypatch.setitem(models.MODELS, "stand_in", "tests.node.jobs.stand_in:build")
    load_model.cache_clear()


def test_a_model_that_was_not_meant_for_the_pixels_is_not_applicable(
    tmp_path: Path,
) -> None:
    """That is no failure of the study, and each series says what became of it."""
    files = series(tmp_path, "crop of another kind")

    outcome = perform(request(tmp_path, files))

    assert isinstance(outcome, NotApplicable)
    assert outcome.reason == "not_a_crop"
    assert outcome.detail == "series 1: not_a_crop"
    assert [(v.chosen, v.detail) for v in outcome.verdicts] == [(False, "no crop")]


def test_the_only_series_that_is_asked_for_is_read_or_none(tmp_path: Path) -> None:
    """No other takes its place, and of no other is anything said."""
    files = (
        *series(tmp_path, "crop", SeriesNumber="1"),
        *(unfit := series(tmp_path, "crop unfit", SeriesNumber="2")),
        *(last := series(tmp_path, "crop last", SeriesNumber="3")),
        *(other := series(tmp_path, "localizer", SeriesNumber="4")),
    )

    def read(only: tuple[Path, ...]) -> Outcome:
        uid = str(dcmread(only[0]).SeriesInstanceUID)
        return perform(request(tmp_path, files, only_series=uid))

    outcome, refused = reported(read(last)), read(other)
    assert [v.series_number for v in outcome.verdicts] == [3]
    assert failed(read(unfit)).reason == "constant_image"
    assert isinstance(refused, NotApplicable)
    assert refused.reason == "series_not_accepted"
    assert refused.detail == "series 4: description"


def test_the_next_series_is_read_where_pixels_are_unfit(tmp_path: Path) -> None:
    """The report says which was read and after which; a second reading is equal."""
    unfit = series(tmp_path, "crop unfit", SeriesNumber="1")
    fit = series(tmp_path, "crop", SeriesNumber="2")
    asked = request(tmp_path, (*unfit, *fit))

    outcome = reported(perform(asked))

    assert outcome.series_instance_uid == dcmread(fit[0]).SeriesInstanceUID
    assert {v.reason for v in outcome.verdicts} == {"", "constant_image"}
    assert b"refused before it: series 1 (constant_image)" in (
        outcome.objects[1].path.read_bytes()
    )
    assert reported(perform(asked)).objects == outcome.objects


def test_an_enhanced_image_is_read_like_the_images_that_it_replaces(
    tmp_path: Path,
) -> None:
    """From headers to objects; only what identifies the images differs."""
    files = series(tmp_path)
    plain = reported(perform(request(tmp_path, files)))
    image = write_enhanced(files, tmp_path / "enhanced" / "image.dcm")

    again = request(tmp_path, (image,), output_dir=tmp_path / "results" / "other")
    outcome = reported(perform(again))

    assert outcome.summary == plain.summary
    assert [v.images for v in outcome.verdicts] == [4]
    assert outcome.identity != plain.identity
