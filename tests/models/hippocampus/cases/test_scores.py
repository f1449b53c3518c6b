"""One case, judged: every part by every metric, at both stages."""

from __future__ import annotations

import json

import numpy as np
import pytest

from models.hippocampus.cases.scores import (
    METRICS,
    PARTS,
    CaseScores,
    score_labels,
    score_probabilities,
)
from models.hippocampus.preprocess import FloatVolume
from tests.models.hippocampus.learning.test_dataset import build_case


def certain(labels: np.ndarray) -> FloatVolume:
    """Return probabilities that say exactly these labels."""
    return np.stack([labels == label for label in range(3)]).astype(np.float32)


def test_the_truth_itself_is_perfect() -> None:
    """Overlaps of one, no distance, no error, in every part."""
    truth = build_case(1, 1).labels

    scores = score_labels(truth, truth)

    assert list(scores) == list(PARTS)
    for part in PARTS:
        assert list(scores[part]) == list(METRICS)
        assert list(scores[part].values()) == pytest.approx([1, 1, 0, 1, 0, 0])


def test_exchanged_parts_spoil_the_parts_and_not_the_whole() -> None:
    """Anterior read as posterior: the whole is right all the same."""
    truth = build_case(1, 1).labels
    exchanged = np.array([0, 2, 1], np.uint8)[truth]

    scores = score_labels(exchanged, truth)

    assert scores["anterior"]["dice"] == scores["posterior"]["dice"] == 0
    assert scores["whole"]["dice"] == 1


def test_a_part_that_is_missed_is_as_far_away_as_can_be() -> None:
    """The diagonal of the field stands for a distance that has no end."""
    truth = build_case(1, 1).labels
    missed = np.where(truth == 1, 0, truth).astype(np.uint8)

    anterior = score_labels(missed, truth)["anterior"]

    assert anterior["hd95_mm"] == pytest.approx(np.linalg.norm(truth.shape))
    assert anterior["volume_bias"] == -1
    assert anterior["surface_dice_1mm"] == 0


def test_small_pieces_count_for_the_network_and_not_for_what_is_served() -> None:
    """An island far away is in the one and not in the other."""
    case = build_case(4, 1)
    labels = case.labels.copy()
    labels[0, 0, 0] = 1

    scores = score_probabilities(case, certain(labels), fold=3)

    assert scores.network["anterior"]["dice"] < 1
    assert scores.served["anterior"]["dice"] == 1
    assert scores.at("served") is scores.served
    assert (scores.case, scores.subject, scores.fold) == (case.name, 4, 3)
    assert CaseScores.of(json.loads(json.dumps(scores.plain()))) == scores
