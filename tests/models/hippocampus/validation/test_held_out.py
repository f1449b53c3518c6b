"""No network predicts a subject that it was trained on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from models.hippocampus.learning.cases import Case, read_cases
from models.hippocampus.learning.dataset import split_by_subject
from models.hippocampus.learning.settings import HippocampusSettings, Split
from models.hippocampus.network import ResidualUNet
from models.hippocampus.validation.folds import LeakError, read_folds, write_fold
from models.hippocampus.validation.held_out import (
    Prediction,
    held_out_cases,
    held_out_predictions,
    over_held_out,
)
from models.training.settings import Recipe
from tests.models.hippocampus.learning.test_dataset import write_pair

SETTINGS = HippocampusSettings(
    loop=Recipe(epochs=1), split=Split(folds=2), widths=(4, 8), window=(40, 56, 40)
)


def write_data(folder: Path) -> list[Case]:
    """Write eight phantoms of six subjects, two of them with both sides."""
    folder.mkdir(exist_ok=True)
    for number in (1, 2, 3, 4, 5, 7, 9, 11):
        write_pair(folder, f"hippocampus_{number:03d}", seed=number)
    return read_cases(folder)


def write_folds(folder: Path, cases: list[Case]) -> Path:
    """Write two networks that have learned nothing, with honest records."""
    folder.mkdir(exist_ok=True)
    for fold in range(2):
        torch.manual_seed(fold)
        training, _ = split_by_subject(cases, fold, 2, 0)
        write_fold(ResidualUNet((4, 8)), folder, fold, training, SETTINGS)
    return folder


def name_and_sum(prediction: Prediction) -> tuple[int, str, float]:
    """Return what tells a prediction from another."""
    return prediction.fold, prediction.case.name, float(prediction.probabilities.sum())


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of eight pairs."""
    folder = tmp_path_factory.mktemp("data")
    write_data(folder)
    return folder


def test_every_case_is_held_out_by_the_network_that_never_saw_its_subject(
    data: Path, tmp_path: Path
) -> None:
    """Each case once; both sides of a person together; no subject on both sides."""
    cases = read_cases(data)
    folds = read_folds(write_folds(tmp_path / "folds", cases))

    pairs = held_out_cases(folds, cases)

    assert sorted(case.name for _, case in pairs) == [case.name for case in cases]
    assert not any(case.subject in fold.trained_on for fold, case in pairs)
    where: dict[int, set[int]] = {}
    for fold, case in pairs:
        where.setdefault(case.subject, set()).add(fold.number)
    assert all(len(folds_of_one) == 1 for folds_of_one in where.values())


def test_a_planted_leak_is_refused(data: Path, tmp_path: Path) -> None:
    """A record that names a held-out subject as trained on stops everything."""
    cases = read_cases(data)
    folder = write_folds(tmp_path / "folds", cases)
    _, held_out = split_by_subject(cases, 1, 2, 0)
    record = folder / "fold1.json"
    content = json.loads(record.read_text())
    content["trained_on"].append(held_out[0].subject)
    record.write_text(json.dumps(content))

    with pytest.raises(LeakError, match=f"fold 1: .*{held_out[0].subject}"):
        list(held_out_predictions(folder, data))


def test_a_fold_that_does_not_say_whom_it_saw_is_not_used(
    data: Path, tmp_path: Path
) -> None:
    """Without a record, or with one that is silent, there are no figures."""
    folder = write_folds(tmp_path / "folds", read_cases(data))
    record = folder / "fold0.json"
    content = json.loads(record.read_text())
    del content["trained_on"]
    record.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"fold0\.json is no record"):
        read_folds(folder)

    record.unlink()
    with pytest.raises(ValueError, match=r"fold0\.json is no record"):
        read_folds(folder)
    with pytest.raises(FileNotFoundError, match="no fold<k>"):
        read_folds(data)


def test_other_weights_under_the_name_of_a_fold_are_refused(
    data: Path, tmp_path: Path
) -> None:
    """Those of a network that saw every subject would look like a good fold."""
    folder = write_folds(tmp_path / "folds", read_cases(data))
    other = (folder / "fold1.safetensors").read_bytes()
    (folder / "fold0.safetensors").write_bytes(other)

    with pytest.raises(ValueError, match=r"not the file that fold0\.json tells of"):
        read_folds(folder)


def test_what_is_kept_is_what_was_computed(data: Path, tmp_path: Path) -> None:
    """The cache is read, and only for the same weights."""
    folder, cache = write_folds(tmp_path / "folds", read_cases(data)), tmp_path / "kept"

    fresh = list(held_out_predictions(folder, data, cache))
    for path in cache.rglob("*.npy"):
        np.save(path, np.load(path) + 1)
    kept = list(held_out_predictions(folder, data, cache))
    write_fold(ResidualUNet((4, 8)), folder, 0, [], SETTINGS)
    other = list(held_out_predictions(folder, data, cache))

    for first, again in zip(fresh, kept, strict=True):
        assert np.array_equal(first.probabilities + 1, again.probabilities)
    for first, again in zip(fresh, other, strict=True):
        changed = not np.array_equal(first.probabilities + 1, again.probabilities)
        assert changed == (again.fold == 0)


@pytest.mark.slow
def test_processes_give_what_one_gives(data: Path, tmp_path: Path) -> None:
    """In the same order."""
    cases = read_cases(data)
    pairs = held_out_cases(read_folds(write_folds(tmp_path / "folds", cases)), cases)

    alone = list(over_held_out(name_and_sum, pairs))
    together = list(over_held_out(name_and_sum, pairs, processes=2))

    assert [each[:2] for each in alone] == [each[:2] for each in together]
    assert [each[2] for each in alone] == pytest.approx([each[2] for each in together])
