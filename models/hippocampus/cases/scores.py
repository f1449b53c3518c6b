"""What is measured on one held-out case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from torch import nn

from models.hippocampus.cases.data import Case
from models.hippocampus.cases.held_out import HeldOut
from models.hippocampus.findings import largest_pieces, mean_entropy
from models.hippocampus.preprocess import FloatVolume, Preprocessing, Shape
from models.hippocampus.segment import probabilities
from models.training import metrics
from models.training.metrics import Mask

PARTS = {"anterior": (1,), "posterior": (2,), "whole": (1, 2)}
"""Labels of each part."""

METRICS = (
    "dice",
    "jaccard",
    "hd95_mm",
    "surface_dice_1mm",
    "volume_error",
    "volume_bias",
)
"""Volume error and bias are relative to the true volume; the error has no sign."""

SPACING_MM = (1.0, 1.0, 1.0)
TOLERANCE_MM = 1.0

Labels = npt.NDArray[np.uint8]
Scores = Mapping[str, Mapping[str, float]]
"""Part → metric → value."""

Stage = Literal["network", "served"]
"""As the network gives it, or as it is served: small pieces removed."""


@dataclass(frozen=True, slots=True)
class CaseScores:
    """One case, judged at both stages.

    Attributes
    ----------
    entropy
        Mean inside the mask, in nats.
    """

    case: str
    subject: int
    fold: int
    entropy: float
    network: Scores
    served: Scores

    def at(self, stage: Stage) -> Scores:
        """Return the scores of a stage."""
        return self.network if stage == "network" else self.served

    def plain(self) -> dict[str, Any]:
        """Return what `of` reads again."""
        return asdict(self)

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> CaseScores:
        """Read what `plain` gave."""
        return cls(**content)


def score_held_out(pair: HeldOut) -> CaseScores:
    """Judge the prediction of a held-out case against its truth."""
    return score_probabilities(pair.case, pair.probabilities(), pair.fold.number)


def score_network(
    network: nn.Module, cases: Sequence[Case], window: Shape, fold: int
) -> list[CaseScores]:
    """Judge a network, on whatever device it is, on cases that it was not trained on.

    Parameters
    ----------
    network
        In evaluation mode.
    """
    device = next(network.parameters()).device.type
    seen = Preprocessing(window=window)
    found = []
    for case in cases:
        chances = probabilities(network, case.image, seen, device=device)
        found.append(score_probabilities(case, chances, fold))
    return found


def score_probabilities(case: Case, chances: FloatVolume, fold: int) -> CaseScores:
    """Judge probabilities ``(3, D, H, W)`` of a case against its truth."""
    labels = chances.argmax(axis=0).astype(np.uint8)
    served, lost = largest_pieces(labels)
    scores = score_labels(labels, case.labels)
    return CaseScores(
        case=case.name,
        subject=case.subject,
        fold=fold,
        entropy=mean_entropy(chances),
        network=scores,
        served=score_labels(served, case.labels) if lost else scores,
    )


def score_labels(labels: Labels, truth: Labels) -> dict[str, dict[str, float]]:
    """Return every metric of every part of a label map ``(D, H, W)`` at 1 mm.

    Raises
    ------
    ValueError
        The truth lacks a part.
    """
    return {
        part: _score(np.isin(labels, codes), np.isin(truth, codes))
        for part, codes in PARTS.items()
    }


def _score(found: Mask, truth: Mask) -> dict[str, float]:
    bias = metrics.volume_bias(found, truth)
    distance = metrics.hd95_mm(found, truth, SPACING_MM)
    return {
        "dice": metrics.dice(found, truth),
        "jaccard": metrics.jaccard(found, truth),
        "hd95_mm": min(distance, _diagonal_mm(truth)),
        "surface_dice_1mm": metrics.surface_dice(
            found, truth, SPACING_MM, TOLERANCE_MM
        ),
        "volume_error": abs(bias),
        "volume_bias": bias,
    }


def _diagonal_mm(mask: Mask) -> float:
    """Return the longest distance in the field: that of a part that was missed."""
    return float(np.linalg.norm(np.multiply(mask.shape, SPACING_MM)))
