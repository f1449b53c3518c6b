"""A bundle takes the figures of folds that were trained as it was, and no others."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models.hippocampus.cases.folds import Fold
from models.hippocampus.settings import HippocampusSettings, Split
from models.hippocampus.validation.origin import Origin
from models.training.settings import Recipe
from tests.models.volume.test_bundle import build_bundle

SETTINGS = HippocampusSettings(loop=Recipe(epochs=3))
DATA = "d" * 64


def build_fold(number: int, **changes: Any) -> Fold:
    """Return a fold of the settings and data above, or with changes."""
    fold = Fold(number, Path(), f"{number}" * 64, SETTINGS, frozenset({1}), DATA)
    return replace(fold, **changes)


def build_trained(folder: Path, **changes: Any) -> Path:
    """Write a bundle that was trained as the folds were, or with changes."""
    settings = SETTINGS.model_dump(mode="json")
    training = {"settings": settings, "data_sha256": DATA, "balance": 0.1} | changes
    training = {key: value for key, value in training.items() if value is not None}
    return build_bundle(folder, training=training)


def test_folds_of_one_training_have_one_origin() -> None:
    """With the weights of each; it is read as it was written."""
    origin = Origin.of_folds([build_fold(0), build_fold(3)])

    assert origin.networks == {"0": "0" * 64, "3": "3" * 64}
    assert Origin.of(json.loads(json.dumps(origin.as_json()))) == origin


@pytest.mark.parametrize(
    "changes",
    [
        {"settings": SETTINGS.model_copy(update={"split": Split(seed=3)})},
        {"data_sha256": "e" * 64},
    ],
)
def test_folds_of_several_trainings_are_not_pooled(changes: dict[str, Any]) -> None:
    """What one holds out another may have seen."""
    with pytest.raises(ValueError, match="fold 0 and fold 1 differ"):
        Origin.of_folds([build_fold(0), build_fold(1, **changes)])


def test_a_bundle_of_the_same_settings_and_data_may_take_figures(
    tmp_path: Path,
) -> None:
    """A key that the settings did not have then has its default."""
    settings = SETTINGS.model_dump(mode="json")
    del settings["augmentation"]["swelling_sd"]

    Origin.of_folds([build_fold(0)]).require_of(build_trained(tmp_path / "one"))
    older = build_trained(tmp_path / "older", settings=settings)
    Origin.of_folds([build_fold(0)]).require_of(older)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"data_sha256": "e" * 64}, "other data than"),
        ({"balance": None}, "other balance than"),
        ({"settings": SETTINGS.model_dump() | {"widths": [2, 4]}}, "other settings th"),
        ({"settings": None, "data_sha256": None}, "other settings and data than"),
    ],
)
def test_a_bundle_of_another_training_is_refused(
    tmp_path: Path, changes: dict[str, Any], named: str
) -> None:
    """In one line that says what to type."""
    bundle = build_trained(tmp_path, **changes)

    with pytest.raises(ValueError, match=named) as told:
        Origin.of_folds([build_fold(0)]).require_of(bundle)

    assert "pacs-model train hippocampus --data" in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("numbers", "every", "left_out"),
    [
        (range(5), 1, ""),
        (range(4), 1, "fold 4 of 5 is not there"),
        ([0, 3], 1, "fold 1, 2, 4 of 5 is not there"),
        (range(5), 10, "only each case of 10 was read"),
    ],
)
def test_figures_of_a_part_of_the_cases_enter_no_bundle(
    tmp_path: Path, numbers: Iterable[int], every: int, left_out: str
) -> None:
    """A quick look, or folds that are still training: one line says why."""
    bundle = build_trained(tmp_path)
    before = (bundle / "bundle.json").read_bytes()
    origin = Origin.of_folds([build_fold(number) for number in numbers], every)
    read_again = Origin.of(json.loads(json.dumps(origin.as_json())))

    line = read_again.state(bundle, "training.score", {"a": 1}, "it states a score")

    said = f"is as it was: {left_out}" if left_out else "it states a score"
    assert line.endswith(said)
    assert ((bundle / "bundle.json").read_bytes() == before) is bool(left_out)


def test_trials_of_before_a_quick_look_was_noted_are_of_every_case() -> None:
    """Their record names no share."""
    content = Origin.of_folds([build_fold(0)]).as_json()
    del content["every"]

    assert Origin.of(content).every == 1
