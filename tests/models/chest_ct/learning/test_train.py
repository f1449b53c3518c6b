"""Trainings from end to end, with tiny networks."""

from __future__ import annotations

import json
import math
from pathlib import Path
from statistics import fmean
from typing import Literal

import pytest
import torch

from models.chest_ct.build import build_network, load_network
from models.chest_ct.cases.gather import Gathered
from models.chest_ct.cases.scores import scored
from models.chest_ct.kinds import POSITIVE
from models.chest_ct.learning import train_folds as folds
from models.chest_ct.learning.dataset import ChestCases
from models.chest_ct.learning.loss import ChestLoss
from models.chest_ct.learning.publish import threshold_of
from models.chest_ct.learning.train import (
    NETWORKS,
    Cases,
    judged,
    settings_of,
    train_fold,
    train_network,
)
from models.chest_ct.settings import ChestSettings, NetworkSettings
from models.training.checkpoint import CheckpointError
from models.training.classification.roc import auc
from models.training.classification.threshold import Threshold
from models.training.loop import LOG, fit
from models.training.run_options import RunOptions
from models.training.strategy import SingleProcess
from models.training.tracking import Epoch, Tracker
from models.volume.bundle import BundleError
from tests.models.chest_ct.learning.made import (
    tiny_cases,
    tiny_gathered,
    tiny_settings,
)

OPTIONS = RunOptions(deterministic=True)


def trained(
    folder: Path, kind: Literal["cnn", "slices", "original"] = "cnn"
) -> tuple[Path, ChestSettings]:
    """Train a tiny network for an epoch; return its record and settings."""
    settings = tiny_settings(kind)
    gathered = tiny_gathered(folder / "cases")
    record = train_fold(gathered, folder, folder, settings, 0, OPTIONS)
    return record, settings


@pytest.mark.parametrize("kind", ["cnn", "slices", "original"])
def test_a_training_ends_with_weights_a_threshold_and_scores(
    tmp_path: Path, kind: Literal["cnn", "slices", "original"]
) -> None:
    """The record says what the weights are, and they are read back strictly."""
    record, settings = trained(tmp_path, kind)

    content = json.loads(record.read_text(encoding="utf-8"))
    assert record.name == f"{kind}.json"
    assert {part: len(each) for part, each in content["scores"].items()} == {
        "validation": 8,
        "test": 6,
    }
    people = {each["patient"] for each in content["scores"]["test"]}
    assert not people & set(content["trained_on"])
    assert content["metrics"]["test"]["cases"]["patients"] == 3
    assert len(content["metrics"]["test"]["history"]) == 0
    weights = content["weights"]
    network = load_network(settings, tmp_path / weights["file"], weights["sha256"])
    held_out = Cases.of(tiny_gathered(tmp_path / "cases"), settings, 0).test
    again = judged(network, held_out, settings, OPTIONS)
    assert [each.plain() for each in again] == content["scores"]["test"]
    assert not (tmp_path / "checkpoint.pt").exists()
    assert len((tmp_path / f"{kind}.jsonl").read_text().splitlines()) == 1


def test_a_part_of_one_label_is_refused_before_the_first_epoch(tmp_path: Path) -> None:
    """An hour later it could not be judged."""
    cases = tiny_cases(tmp_path / "cases", 30, labels=[True] * 30)
    gathered = Gathered("made", cases, (), "0" * 64)
    with pytest.raises(ValueError, match="has no study with pathology 0"):
        train_fold(gathered, tmp_path, tmp_path, tiny_settings(), 0, OPTIONS)
    assert not list(tmp_path.glob("*.jsonl"))


def test_labels_threshold_and_output_speak_of_one_class(tmp_path: Path) -> None:
    """A label of 1 and a probability above the threshold: sick.

    That what a network learns is high where it is sick: the next test.
    """
    cases = tiny_cases(tmp_path, 2)
    sick = [kept.case.is_positive for kept in cases]
    targets = ChestCases(cases, tiny_settings()).batch([0, 1], torch.manual_seed(0))[1]
    assert targets[0].tolist() == [float(each) for each in sick]

    content = json.loads(trained(tmp_path / "run")[0].read_text(encoding="utf-8"))
    threshold = Threshold.of(content["threshold"])
    assert content["positive"] == threshold.positive == POSITIVE == "pathology"
    assert threshold.calls(threshold.value, POSITIVE)
    assert not threshold.calls(threshold.value - 1e-6, POSITIVE)
    with pytest.raises(ValueError, match="the threshold is of 'pathology'"):
        threshold.calls(1.0, "normal")
    for each in content["scores"]["test"]:
        number = int(each["name"].split()[1])
        assert each["is_positive"] == bool(number % 2)


@pytest.mark.parametrize("is_shuffled", [True, False])
def test_shuffled_labels_teach_nothing_and_true_ones_do(
    tmp_path: Path, is_shuffled: bool
) -> None:
    """The 3D network, from labels alone: no drawing betrays the truth.

    Shuffled so that half of the sick and half of the others are called sick, those
    that are held out as well: what tells them then has come another way than by the
    images.
    """
    labels = [bool(n % 4 > 1 if is_shuffled else n % 2) for n in range(72)]
    settings = tiny_settings(epochs=16, batch=8, learning_rate=0.003)
    loss = settings.loss.model_copy(update={"places": 0.0})
    cases = tiny_cases(tmp_path / "cases", 32, labels, drawn=False)
    held_out = tiny_cases(tmp_path / "held out", 72, labels, drawn=False)[32:]
    torch.manual_seed(0)

    network = fit(
        build_network(settings),
        ChestCases(cases, settings),
        ChestLoss(loss),
        settings.loop.model_copy(update={"watched": None}),
        SingleProcess(),
        tmp_path,
    )

    found = judged(network, held_out, settings, OPTIONS)
    area = auc(scored(found))
    if is_shuffled:
        assert 0.25 < area < 0.75
    else:
        assert area > 0.9
        sick, well = (
            fmean(each.probability for each in found if each.is_positive is wanted)
            for wanted in (True, False)
        )
        assert well < threshold_of(settings, found).value < sick


def test_a_training_goes_on_and_refuses_another_one(tmp_path: Path) -> None:
    """Broken off after the first of two epochs, it gives the same weights."""
    gathered = tiny_gathered(tmp_path / "cases")
    settings = tiny_settings(epochs=2)
    cases = Cases.of(gathered, settings, 0)
    whole = train_network(gathered, cases, settings, 0, tmp_path / "whole", OPTIONS)

    class Stop(BaseException):
        """Ends a training as Ctrl-C does."""

    options = RunOptions(deterministic=True, trackers=(_Stopping(Stop),))
    with pytest.raises(Stop):
        train_network(gathered, cases, settings, 0, tmp_path / "broken", options)
    gone_on = train_network(gathered, cases, settings, 0, tmp_path / "broken", OPTIONS)

    for one, other in zip(whole.parameters(), gone_on.parameters(), strict=True):
        assert torch.equal(one, other)
    with pytest.raises(CheckpointError, match="fold"):
        train_network(gathered, cases, settings, 1, tmp_path / "broken", OPTIONS)


class _Stopping(Tracker):
    def __init__(self, error: type[BaseException]) -> None:
        self._error = error

    def epoch(self, record: Epoch, network: torch.nn.Module) -> None:
        raise self._error


def test_weights_of_another_network_are_an_error(tmp_path: Path) -> None:
    """Another width, another file, no file: there is never a network without."""
    record, settings = trained(tmp_path)
    weights = record.with_suffix(".safetensors")
    sha256 = json.loads(record.read_text(encoding="utf-8"))["weights"]["sha256"]
    wider = settings.model_copy(
        update={"network": NetworkSettings(kind="cnn", widths=(4, 6, 8, 10))}
    )

    with pytest.raises(BundleError, match="is of another network"):
        load_network(wider, weights, sha256)
    with pytest.raises(BundleError, match="is not the file"):
        load_network(settings, weights, "0" * 64)
    with pytest.raises(BundleError, match="is missing"):
        load_network(settings, tmp_path / "cnn9.safetensors", sha256)


def test_folds_are_trained_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fold that has a record is there; one of other settings is refused."""
    gathered = tiny_gathered(tmp_path / "cases")

    def gather(*_: object) -> Gathered:
        return gathered

    monkeypatch.setattr(folds, "gather", gather)
    place, data = tmp_path / "folds", tmp_path / "data"

    def lines(settings: ChestSettings, numbers: list[int]) -> list[str]:
        return list(folds.train_folds(data, place, settings, numbers, OPTIONS))

    first = lines(tiny_settings(), [1])
    assert first[0].startswith("fold 1, held out: AUC ")
    assert (place / "cnn1.safetensors").is_file()
    assert lines(tiny_settings(), [1]) == ["fold 1: is there"]
    with pytest.raises(ValueError, match=r"cnn1\.json was made with other settings"):
        lines(tiny_settings(batch=2), [1])


@pytest.mark.parametrize("name", list(NETWORKS))
def test_shipped_settings_are_read_and_build_their_network(name: str) -> None:
    """Together the shipped weights are below 25 MB in half precision."""
    settings = settings_of(NETWORKS[name], None)
    network = build_network(settings)
    assert settings.network.kind == name
    if name != "original":
        assert sum(p.numel() for p in network.parameters()) * 2 < 14e6


def test_the_preset_has_every_figure_of_the_original() -> None:
    """As the table of the seed systems lists them."""
    settings = settings_of(NETWORKS["original"], None)
    loop, study = settings.loop, settings.loss.study
    assert loop.plateau is not None
    assert loop.watched is not None
    assert settings.network.widths == (64, 128, 256)
    assert (settings.network.head, settings.network.dropout) == (512, 0.3)
    assert (loop.batch, loop.epochs, loop.optimizer) == (32, 100, "adam")
    assert (loop.learning_rate, loop.weight_decay) == (1e-4, 1e-4)
    assert (loop.plateau.factor, loop.plateau.patience) == (0.5, 5)
    assert (study.alpha, study.gamma) == (0.75, 2.0)
    assert (loop.watched.patience, loop.seed, loop.sampler) == (20, 42, "weighted")
    split = settings.split
    assert (1 - split.test_share) / split.folds == pytest.approx(0.2)
    assert (split.test_share, split.seed) == (0.2, 42)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "widths"), [("slices", (64,)), ("original", None)])
def test_the_full_networks_train_for_an_epoch(
    tmp_path: Path, kind: Literal["slices", "original"], widths: tuple[int] | None
) -> None:
    """A ResNet-50 of full width, and 64-128-256 with 512 units; neither is shipped."""
    full = NetworkSettings(kind=kind, widths=widths or (64, 128, 256))
    settings = tiny_settings(kind, batch=2).model_copy(update={"network": full})
    gathered = tiny_gathered(tmp_path / "cases", 24)
    cases = Cases.of(gathered, settings, 0)
    few = Cases(cases.training[:4], cases.validation[:4], ())

    torch.manual_seed(settings.loop.seed)
    untrained = dict(build_network(settings).named_parameters())

    network = train_network(gathered, few, settings, 0, tmp_path, OPTIONS)

    (line,) = (tmp_path / LOG).read_text(encoding="utf-8").splitlines()
    assert math.isfinite(json.loads(line)["loss"])
    for name, parameter in network.named_parameters():
        assert parameter.isfinite().all(), name
        changed = (parameter - untrained[name].half().float()).abs().max()
        assert changed > 0, f"{name} has learned nothing"
