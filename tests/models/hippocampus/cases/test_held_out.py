"""No network predicts a subject that it was trained on."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
import torch

from models.hippocampus.cases.data import Case, read_data
from models.hippocampus.cases.folds import LeakError, read_folds, write_fold
from models.hippocampus.cases.held_out import held_out
from models.hippocampus.cases.split import split_by_subject
from models.hippocampus.network import ResidualUNet
from models.hippocampus.settings import HippocampusSettings, Split
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
    return list(read_data(folder).cases)


def write_folds(folder: Path, data: Path) -> Path:
    """Write two networks that have learned nothing, with honest records."""
    folder.mkdir(exist_ok=True)
    cases, of = read_data(data).cases, {"data_sha256": read_data(data).sha256}
    for fold in range(2):
        torch.manual_seed(fold)
        training, _ = split_by_subject(cases, fold, 2, 0)
        network = ResidualUNet((4, 8))
        write_fold(network, folder, fold, training, SETTINGS, training=of)
    return folder


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
    pairs = held_out(write_folds(tmp_path / "folds", data), data)

    names = [case.name for case in read_data(data).cases]
    assert sorted(case.name for _, case in pairs) == names
    assert not any(case.subject in fold.trained_on for fold, case in pairs)
    where: dict[int, set[int]] = {}
    for fold, case in pairs:
        where.setdefault(case.subject, set()).add(fold.number)
    assert all(len(folds_of_one) == 1 for folds_of_one in where.values())


def test_a_planted_leak_is_refused(data: Path, tmp_path: Path) -> None:
    """A record that names a held-out subject as trained on stops everything."""
    folder = write_folds(tmp_path / "folds", data)
    _, (first, *_) = split_by_subject(read_data(data).cases, 1, 2, 0)
    record = folder / "fold1.json"
    content = json.loads(record.read_text())
    content["trained_on"].append(first.subject)
    record.write_text(json.dumps(content))

    with pytest.raises(LeakError, match=f"fold 1: .*{first.subject}"):
        held_out(folder, data)


def test_a_folder_that_lost_a_pair_is_told_from_a_leak(
    data: Path, tmp_path: Path
) -> None:
    """Subjects would be dealt into other folds; the data are what is named."""
    folder = write_folds(tmp_path / "folds", data)
    less = tmp_path / "less"
    write_data(less)
    (less / "labels/hippocampus_011.nii.gz").unlink()

    with pytest.raises(ValueError, match="fold 0 was trained with other cases"):
        held_out(folder, less)


def test_a_fold_with_a_number_of_two_digits_is_a_fold(tmp_path: Path) -> None:
    """By number and not by name; what only begins like a fold is none."""
    for number in (10, 2, 9):
        network, of = ResidualUNet((4, 8)), {"data_sha256": "d" * 64}
        write_fold(network, tmp_path, number, [], SETTINGS, training=of)
    (tmp_path / "fold2 copy.safetensors").touch()

    assert [fold.number for fold in read_folds(tmp_path)] == [2, 9, 10]


def test_a_fold_that_does_not_say_whom_it_saw_is_not_used(
    data: Path, tmp_path: Path
) -> None:
    """Without a record, or with one that is silent, there are no figures."""
    folder = write_folds(tmp_path / "folds", data)
    record = folder / "fold0.json"
    whole = record.read_text()
    for key in ("trained_on", "data_sha256"):
        record.write_text(whole.replace(f'"{key}"', '"else"'))
        with pytest.raises(ValueError, match=rf"fold0\.json is no record .* '{key}'"):
            read_folds(folder)

    record.unlink()
    with pytest.raises(ValueError, match=r"fold0\.json is no record .* there is none"):
        read_folds(folder)
    with pytest.raises(FileNotFoundError, match="no fold<k>"):
        read_folds(data)


def test_other_weights_under_the_name_of_a_fold_are_refused(
    data: Path, tmp_path: Path
) -> None:
    """Those of a network that saw every subject would look like a good fold."""
    folder = write_folds(tmp_path / "folds", data)
    other = (folder / "fold1.safetensors").read_bytes()
    (folder / "fold0.safetensors").write_bytes(other)

    with pytest.raises(ValueError, match=r"fold0\.json .* it tells of other weights"):
        read_folds(folder)


def test_a_fold_is_read_once_and_predicts_alike_wherever_it_is_sent(
    data: Path, tmp_path: Path
) -> None:
    """A process gets where the weights lie, not the network."""
    (pair, *_) = held_out(write_folds(tmp_path / "folds", data), data)

    sent = pickle.loads(pickle.dumps(pair))  # noqa: S301 - our own, of this line

    assert sent.fold == pair.fold
    assert sent.fold.network() is pair.fold.network()
    assert (sent.probabilities() == pair.probabilities()).all()
