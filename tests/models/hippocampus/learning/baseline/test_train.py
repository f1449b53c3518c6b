"""The baseline from data to its record, and what it does when time is short."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from torch import nn

from models.hippocampus.cases.data import read_data
from models.hippocampus.learning.baseline.budget import Budget, BudgetSpentError
from models.hippocampus.learning.baseline.network import RecursiveUNet
from models.hippocampus.learning.baseline.settings import BaselineSettings
from models.hippocampus.learning.baseline.train import (
    WEIGHTS,
    settings_of,
    train_fold,
    train_network,
)
from models.hippocampus.settings import Split
from models.training.checkpoint import load_weights
from models.training.settings import Recipe
from models.training.tracking import Epoch, Tracker
from tests.models.hippocampus.cases.test_held_out import write_data

TINY = BaselineSettings(
    loop=Recipe(
        epochs=3,
        batch=16,
        optimizer="adam",
        learning_rate=2e-3,
        schedule="constant",
        ema=0,
        precision="fp32",
    ),
    split=Split(folds=2),
    widths=(4, 8),
)


class Crash(Tracker):
    """Ends a training after so many epochs, as a power cut would."""

    def __init__(self, after: int) -> None:
        self.after = after

    def epoch(self, record: Epoch, network: nn.Module) -> None:
        """Break off."""
        if record.epoch == self.after:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of eight pairs."""
    folder = tmp_path_factory.mktemp("data")
    write_data(folder)
    return folder


def train(data: Path, folder: Path, trackers: Sequence[Tracker] = ()) -> nn.Module:
    """Train on two cases."""
    cases = read_data(data).cases[:2]
    return train_network(cases, TINY, folder, {"fold": "0"}, trackers=trackers)


def epoch(number: int, seconds: float) -> Epoch:
    """Return the record of an epoch."""
    return Epoch(number, 1.0, 1e-3, seconds, "fp32", "a processor")


def test_the_shipped_settings_are_those_of_the_original() -> None:
    """Ten epochs of batches of eight, Adam at 2e-4, slices of 64 x 64."""
    settings = settings_of(None, None)

    assert (settings.loop.epochs, settings.loop.batch, settings.side) == (10, 8, 64)
    assert (settings.loop.optimizer, settings.loop.learning_rate) == ("adam", 2e-4)
    assert sum(p.numel() for p in RecursiveUNet(settings.widths).parameters()) > 31e6
    assert settings_of(None, 2).loop.epochs == 2


def test_a_training_ends_with_scores_of_every_case_it_never_saw(
    data: Path, tmp_path: Path
) -> None:
    """Record and log as of a fold; the weights stay beside, readable."""
    record = train_fold(data, tmp_path, TINY, 1)

    content = json.loads(record.read_text())
    log = [json.loads(x) for x in record.with_suffix(".jsonl").read_text().splitlines()]
    assert content["training"]["epochs"] == len(log) == 3
    assert log[-1]["loss"] < log[0]["loss"]
    scored = {each["case"]: each["subject"] for each in content["scores"]}
    cases = {case.name: case.subject for case in read_data(data).cases}
    assert scored.items() < cases.items()
    assert not set(scored.values()) & set(content["trained_on"])
    assert {*scored.values(), *content["trained_on"]} == set(cases.values())
    load_weights(RecursiveUNet((4, 8)), tmp_path / "baseline1" / WEIGHTS)


def test_a_training_that_was_broken_off_gives_the_same_weights(
    data: Path, tmp_path: Path
) -> None:
    """To the bit."""
    whole = train(data, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(data, tmp_path / "parts", [Crash(2)])

    resumed = train(data, tmp_path / "parts")

    for one, other in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, other)


def test_time_ends_a_training_after_a_whole_epoch(data: Path, tmp_path: Path) -> None:
    """The network is the one after it; typing the line again changes nothing."""
    hurried = TINY.model_copy(update={"minutes": 1e-6})
    cases = read_data(data).cases[:2]

    first = train_network(cases, hurried, tmp_path, {})
    again = train_network(cases, hurried, tmp_path, {})

    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == 1
    torch.manual_seed(0)
    untrained = RecursiveUNet((4, 8))
    for one, other, before in zip(
        first.parameters(), again.parameters(), untrained.parameters(), strict=True
    ):
        assert torch.equal(one, other)
        assert before.ndim == 1 or not torch.equal(one, before)


def test_an_epoch_is_begun_only_if_it_would_end_in_time() -> None:
    """At the pace so far; the time before a break counts; the last one always ends."""
    budget, network = Budget(1.0), nn.Identity()
    budget.begin([epoch(1, 20.0)], epochs=5, steps=1)
    budget.epoch(epoch(2, 19.0), network)
    with pytest.raises(BudgetSpentError, match="3 epochs in 1 minutes"):
        budget.epoch(epoch(3, 19.0), network)

    with pytest.raises(BudgetSpentError, match="2 epochs"):
        Budget(1.0).begin([epoch(1, 25.0), epoch(2, 25.0)], epochs=3, steps=1)
    Budget(1.0).begin([epoch(1, 50.0), epoch(2, 50.0)], epochs=2, steps=1)
