"""A network learns from its labels and from nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor, nn

from models.training.binary_loss import BinaryLoss
from models.training.loop import fit
from models.training.settings import Recipe
from models.training.strategy import SingleProcess
from tests.models.training.chance import Labels, Learn, require_learning_from_labels

CASES, HELD_OUT = 64, 200
TRUTH = np.arange(CASES + HELD_OUT) % 2 == 0


def points() -> Tensor:
    """Return ``(N, 4)``: the first column tells the class, the others nothing."""
    noise = np.random.default_rng(1).normal(size=(len(TRUTH), 4))
    noise[:, 0] += 2.5 * TRUTH
    return torch.from_numpy(noise.astype(np.float32))


class Labelled:
    """Training cases with labels that are handed in."""

    def __init__(self, inputs: Tensor, labels: Labels) -> None:
        self.inputs = inputs
        self.labels = torch.from_numpy(labels.astype(np.float32))[:, None]

    def __len__(self) -> int:
        """Return the number of cases."""
        return len(self.inputs)

    def batch(
        self, chosen: Sequence[int], generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Return inputs ``(N, 4)`` and labels ``(N, 1)``."""
        return self.inputs[list(chosen)], self.labels[list(chosen)]


def learning(
    folder: Path, *, is_cheating: bool = False, is_idle: bool = False
) -> Learn:
    """Return a training of a tiny network; it may know the answers, or nothing."""
    inputs = points()
    trainings = iter(range(99))

    def learn(labels: Labels) -> npt.NDArray[np.float64]:
        torch.manual_seed(0)
        network = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
        recipe = Recipe(
            epochs=1 if is_idle else 10,
            batch=16,
            learning_rate=1e-9 if is_idle else 0.05,
            precision="fp32",
            ema=0,
        )
        told = TRUTH[:CASES] if is_cheating else labels
        cases = Labelled(inputs[:CASES], told)
        place = folder / str(next(trainings))
        fit(network, cases, BinaryLoss(gamma=2), recipe, SingleProcess(), place)
        with torch.no_grad():
            said: Tensor = network(inputs[CASES:])[:, 0].sigmoid()
        return said.double().numpy()

    return learn


def test_shuffled_labels_teach_nothing_and_true_ones_do(tmp_path: Path) -> None:
    """Chance on held-out cases, and far from it with the labels as they are."""
    require_learning_from_labels(learning(tmp_path), TRUTH[:CASES], TRUTH[CASES:])


def test_a_training_that_knows_the_truth_from_elsewhere_is_found(
    tmp_path: Path,
) -> None:
    """Labels that are not those handed in: a leak, and no chance."""
    with pytest.raises(AssertionError, match="shuffled"):
        require_learning_from_labels(
            learning(tmp_path, is_cheating=True), TRUTH[:CASES], TRUTH[CASES:]
        )


def test_a_network_that_learns_nothing_does_not_pass(tmp_path: Path) -> None:
    """Chance with shuffled labels alone would be no achievement."""
    with pytest.raises(AssertionError, match=r"shuffled|with the true labels"):
        require_learning_from_labels(
            learning(tmp_path, is_idle=True), TRUTH[:CASES], TRUTH[CASES:]
        )
