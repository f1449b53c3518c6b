"""Does a network learn from its labels, and from nothing else.

For any network: give `aucs_of` a function that trains on labels and returns what it
then says of cases that were held out. With shuffled labels the areas are those of
chance; with the true ones they are not, or the first finding would mean nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from models.training.classification.roc import auc
from models.training.classification.scored import Scored

Labels = npt.NDArray[np.bool_]
Learn = Callable[[Labels], npt.NDArray[np.float64]]
"""Trains anew on the labels ``(N,)`` of the training cases; returns the probabilities
``(M,)`` of the held-out ones."""


def held_out_auc(learn: Learn, labels: Labels, held_out: Labels) -> float:
    """Return the area on held-out cases after a training with these labels."""
    patients = [str(number) for number in range(len(held_out))]
    return auc(Scored("pathology", patients, held_out, learn(labels)))


def require_learning_from_labels(
    learn: Learn, labels: Labels, held_out: Labels, rounds: int = 3, least: float = 0.8
) -> None:
    """Fail where shuffled labels teach something, or the true ones do not.

    Parameters
    ----------
    labels, held_out
        Of the training cases ``(N,)`` and of the others ``(M,)``.
    rounds
        Trainings with shuffled labels. The mean of their areas may be three standard
        errors of a random order from one half (Mann & Whitney 1947).
    least
        Area that a training with the true labels must reach.
    """
    positives, negatives = int(held_out.sum()), int((~held_out).sum())
    spread = math.sqrt((len(held_out) + 1) / (12 * positives * negatives))
    rng = np.random.default_rng(0)

    areas = [
        held_out_auc(learn, rng.permutation(labels), held_out) for _ in range(rounds)
    ]
    true = held_out_auc(learn, labels, held_out)

    mean = float(np.mean(areas))
    assert abs(mean - 0.5) < 3 * spread / math.sqrt(rounds), f"shuffled: {areas}"
    assert true >= least, f"with the true labels: {true}"
