"""Weights & Biases is asked for by name, and loaded by nobody else."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from models.training.tracking import Watch
from models.training.weights_and_biases import WeightsAndBiases
from tests.models.training.lines import train


class Run:
    """Remembers what it is told, as far as a run of the library is used."""

    def __init__(self) -> None:
        self.logged: list[tuple[int, dict[str, Any]]] = []
        self.summary: dict[str, Any] = {}
        self.is_finished = False

    def log(self, figures: dict[str, Any], step: int) -> None:
        """Remember."""
        self.logged.append((step, figures))

    def finish(self) -> None:
        """Remember."""
        self.is_finished = True


def test_every_epoch_is_sent_and_the_best_one_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A training that goes on is the same run; no name of a case is sent."""
    opened: list[dict[str, Any]] = []
    run = Run()

    def init(**words: Any) -> Run:
        opened.append(words)
        return run

    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(init=init))

    for _ in range(2):
        sent = WeightsAndBiases("chest", tmp_path, {"epochs": 3})
        watch = Watch([sent], lambda network: {"auc": 0.5})
        train(tmp_path, 3, watch=watch, watched={"figure": "auc"})

    assert opened[0] == opened[1]
    assert opened[0]["project"] == "chest"
    assert opened[0]["config"] == {"epochs": 3}
    assert [step for step, _ in run.logged] == [1, 2, 3]
    figures = {"loss", "learning_rate", "seconds", "validation/auc"}
    assert all(set(told) == figures for _, told in run.logged)
    assert run.summary == {"best_epoch": 1, "best_value": 0.5}
    assert run.is_finished


def test_without_the_library_there_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says what to type, or to leave out."""
    monkeypatch.setitem(sys.modules, "wandb", None)

    with pytest.raises(ValueError, match="pip install wandb, or leave out --wandb"):
        WeightsAndBiases("chest", tmp_path, {})
