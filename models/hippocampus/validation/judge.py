"""How well a network segments cases, one by one and in the mean over subjects."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import nn

from models.hippocampus.learning.cases import Case
from models.hippocampus.preprocess import Preprocessing, Shape
from models.hippocampus.segment import probabilities
from models.training.metrics import bootstrap_mean, dice, hd95_mm, volume_bias

PARTS = {"anterior": (1,), "posterior": (2,), "whole": (1, 2)}
"""What is judged, by the labels that it is made of."""

Judged = dict[str, Any]
"""``name``, ``subject``, and by part the metrics of one case."""


def judge(
    network: nn.Module, cases: Sequence[Case], window: Shape, precision: str = "fp32"
) -> list[Judged]:
    """Return the metrics of each case by part.

    Parameters
    ----------
    network
        In evaluation mode, on any device.

    Returns
    -------
    list
        Per case ``name``, ``subject`` and by part ``dice``, ``hd95_mm``,
        ``volume_error`` (absolute, relative to the truth) and ``volume_bias``
        (signed).
    """
    device = next(network.parameters()).device.type
    seen = Preprocessing(window=window)
    judged: list[Judged] = []
    for case in cases:
        chances = probabilities(network, case.image, seen, precision, device)
        predicted = chances.argmax(axis=0).astype(np.uint8)
        parts = {part: compare(predicted, case.labels, k) for part, k in PARTS.items()}
        judged.append({"name": case.name, "subject": case.subject, **parts})
    return judged


def compare(
    predicted: npt.NDArray[np.uint8],
    truth: npt.NDArray[np.uint8],
    labels: Sequence[int],
) -> dict[str, float]:
    """Return the metrics of some labels taken as one, ``(D, H, W)`` at 1 mm."""
    found, there = np.isin(predicted, labels), np.isin(truth, labels)
    bias = volume_bias(found, there)
    return {
        "dice": dice(found, there),
        "hd95_mm": hd95_mm(found, there, (1.0, 1.0, 1.0)),
        "volume_error": abs(bias),
        "volume_bias": bias,
    }


def mean_dice(judged: Sequence[Judged]) -> dict[str, float]:
    """Return the mean Dice over cases, by part."""
    return {
        part: round(float(np.mean([case[part]["dice"] for case in judged])), 4)
        for part in PARTS
    }


def summary(judged: Sequence[Judged]) -> dict[str, Any]:
    """Return means with their 95 % interval over subjects.

    Returns
    -------
    dict
        ``cases``, ``subjects``, and per part and metric ``{"mean", "low", "high"}``;
        None where a mask was empty and a distance has no end.
    """
    values: dict[str, dict[str, dict[str, list[float]]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(list))
    )
    for case in judged:
        for part in PARTS:
            for metric, value in case[part].items():
                values[part][metric][str(case["subject"])].append(value)
    result: dict[str, Any] = {
        "cases": len(judged),
        "subjects": len({case["subject"] for case in judged}),
    }
    for part, metrics in values.items():
        result[part] = {name: _interval(found) for name, found in metrics.items()}
    return result


def plain(judged: Sequence[Judged]) -> list[Judged]:
    """Return the cases as JSON can hold them: rounded, None for what has no end."""
    return [
        {
            key: _rounded(value) if isinstance(value, dict) else value
            for key, value in case.items()
        }
        for case in judged
    ]


def _interval(by_subject: dict[str, list[float]]) -> dict[str, float | None]:
    if not all(math.isfinite(v) for values in by_subject.values() for v in values):
        return {"mean": None, "low": None, "high": None}
    return _rounded(bootstrap_mean(by_subject))


def _rounded(numbers: dict[str, float]) -> dict[str, float | None]:
    return {
        name: round(value, 4) if math.isfinite(value) else None
        for name, value in numbers.items()
    }
