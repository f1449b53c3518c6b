"""The next series is read where the model refuses the pixels of the first."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom import Dataset

from models.contract import Context, Findings, SeriesInfo, UnfitInput, Volume
from models.volume.rule import Acceptance
from models.volume.series import StudyHeaders, read_study
from node.errors import JobError
from node.predict.fitting import NoneFits, Reading, read_fitting
from tests.node.jobs.stand_in import StandIn
from tests.node.jobs.worker_stories import series

RULE = Acceptance("MR", "^crop", min_slices=2)


class Picky(StandIn):
    """Reads what its description does not speak against."""

    def predict(self, volume: Volume, context: Context) -> Findings:
        """Refuse another part of the body, and a person who moved."""
        match volume.series.series_description:
            case "crop abdomen":
                raise UnfitInput("not_a_chest", "no lungs", not_applicable=True)
            case "crop moved":
                raise UnfitInput("moved", "the person moved")
            case _:
                return super().predict(volume, context)


def foreign(dataset: Dataset) -> bool:
    """Say that a stranger made it."""
    return False


def study(folder: Path, *descriptions: str) -> StudyHeaders:
    """Write a study of series with these descriptions, numbered from 1."""
    files = [
        path
        for number, description in enumerate(descriptions, start=1)
        for path in series(folder, description, SeriesNumber=str(number))
    ]
    return read_study(files)


def read(study: StudyHeaders) -> Reading | NoneFits:
    """Read the study with the picky model; the context names the series."""
    return read_fitting(
        Picky(), RULE, study, foreign, lambda each: Context(device=number(each))
    )


def number(each: SeriesInfo) -> str:
    """Return the series number, to see in a context whose it is."""
    return str(each.series_number)


def test_the_next_series_is_read_and_the_result_says_after_which(
    tmp_path: Path,
) -> None:
    """Each that was tried keeps its reason, and the context is of the one read."""
    found = read(study(tmp_path, "crop abdomen", "crop moved", "crop", "crop last"))

    assert isinstance(found, Reading)
    assert found.choice.chosen is found.prediction.volume.series
    assert found.context.device == "3"
    assert found.choice.because.endswith(
        "refused before it: series 1 (not_a_chest), series 2 (moved)"
    )
    refusals = [(r.reason, r.detail) for r in found.choice.refusals.values()]
    assert sorted(refusals) == [
        ("moved", "the person moved"),
        ("not_a_chest", "no lungs"),
        ("not_chosen", "after series 3, as good: the lower series number comes first"),
    ]


def test_reading_again_reads_the_same_series_for_the_same_reason(
    tmp_path: Path,
) -> None:
    """Nothing but the study decides."""
    headers = study(tmp_path, "crop abdomen", "crop")

    first, second = read(headers), read(headers)

    assert first.choice == second.choice


def test_a_study_for_which_the_model_was_never_meant_is_no_failure(
    tmp_path: Path,
) -> None:
    """Its reason is that of the series that came first."""
    found = read(study(tmp_path, "crop abdomen", "other"))

    assert isinstance(found, NoneFits)
    assert found.reason == "not_a_chest"
    reasons = [refusal.reason for refusal in found.choice.refusals.values()]
    assert sorted(reasons) == ["description", "not_a_chest"]


def test_a_series_of_the_right_kind_that_cannot_be_read_is_a_failure(
    tmp_path: Path,
) -> None:
    """Wherever it stood: the study was meant, and every series tried is named."""
    with pytest.raises(JobError) as caught:
        read(study(tmp_path, "crop abdomen", "crop moved"))

    assert (caught.value.reason, caught.value.permanent) == ("moved", True)
    assert str(caught.value) == (
        "series 1: not_a_chest, no lungs\nseries 2: moved, the person moved"
    )


def test_damaged_pixels_are_no_reason_to_read_another_series(tmp_path: Path) -> None:
    """The better series is there and may come whole: the job says so instead."""
    headers = study(tmp_path, "crop", "crop last")
    for instance in headers.series[0].instances:
        content = instance.path.read_bytes()
        instance.path.write_bytes(content[: len(content) // 2])

    with pytest.raises(JobError, match="ends inside"):
        read(headers)
