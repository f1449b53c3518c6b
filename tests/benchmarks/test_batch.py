"""The pieces of the batch benchmark that decide whether its numbers mean anything."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest
from pydicom import dcmread

from benchmarks.batch import ONE_PROCESS, ORIGINAL, Timed, goal
from benchmarks.objects import DifferenceError, compare
from benchmarks.original import make
from benchmarks.studies import CROP, Whole, write_large, write_small
from models.volume.series import read_study

FIVE = tuple(Whole(f"whole {n}", (3, 8, 8), (1.0, 1.0, 1.0)) for n in range(5))


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Objects of one small study, made the original's way."""
    folder = tmp_path_factory.mktemp("benchmark")
    study = write_small(folder / "study", 61)
    make([study], folder / "results", "fp32")
    return folder / "results"


def test_a_small_study_is_one_crop(tmp_path: Path) -> None:
    """Nothing but the series that the model reads."""
    files = sorted(write_small(tmp_path / "study", 62).rglob("*.dcm"))

    (series,) = read_study(files).series

    assert series.tags["SeriesDescription"] == CROP


def test_a_large_study_is_five_regular_series_and_a_crop(tmp_path: Path) -> None:
    """One study of one patient, every whole series on a grid of its own."""
    files = sorted(write_large(tmp_path / "study", 63, FIVE).rglob("*.dcm"))

    study = read_study(files)

    descriptions = Counter(s.tags["SeriesDescription"] for s in study.series)
    assert descriptions == Counter([CROP, *(whole.description for whole in FIVE)])
    assert not study.identity_conflict
    assert not study.unreadable
    assert [s.geometry_problem for s in study.series] == [None] * 6


def test_two_studies_are_of_two_patients(tmp_path: Path) -> None:
    """No UID of one occurs in the other."""
    first, second = (
        read_study(sorted(write_large(tmp_path / str(n), n, FIVE).rglob("*.dcm")))
        for n in (64, 65)
    )

    assert first.patient_ids != second.patient_ids
    assert not set(first.datasets) & set(second.datasets)


def test_a_segmentation_that_differs_in_one_byte_is_seen(
    results: Path, tmp_path: Path
) -> None:
    """Seconds of ways that found different things are never printed."""
    other = shutil.copytree(results, tmp_path / "other")
    compare({"one": results, "other": other}, 1)
    (seg,) = other.rglob("SEG.dcm")
    ds = dcmread(seg)
    ds.PixelData = bytes([ds.PixelData[0] ^ 1]) + ds.PixelData[1:]
    ds.save_as(seg)

    with pytest.raises(DifferenceError, match="1 of 1 segmentations differ"):
        compare({"one": results, "other": other}, 1)


def test_a_study_without_one_of_its_objects_is_seen(
    results: Path, tmp_path: Path
) -> None:
    """A way that makes less is not faster."""
    other = shutil.copytree(results, tmp_path / "other")
    next(other.rglob("SC.dcm")).unlink()

    with pytest.raises(DifferenceError, match="no SC"):
        compare({"one": results, "other": other}, 1)


def test_a_study_that_was_not_read_is_seen(results: Path) -> None:
    """One set of objects does not stand for two studies."""
    with pytest.raises(DifferenceError, match="objects of 1 of 2"):
        compare({"one": results}, 2)


@pytest.mark.parametrize(("seconds", "word"), [(10.0, "met (8.0"), (10.2, "NOT met")])
def test_the_goal_is_judged_by_the_better_batch(seconds: float, word: str) -> None:
    """Eight times as fast as a process per study is the goal, and no less."""
    ways = {ORIGINAL: [80.0], ONE_PROCESS: [20.0]}
    ways |= {"pacs-node batch -w 1": [15.0], "pacs-node batch -w 2": [seconds]}

    assert word in goal(Timed("small studies", 40, ways))
