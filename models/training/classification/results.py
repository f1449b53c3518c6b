"""What is known of a classifier on cases that it has not seen, as JSON.

No patient is named, and no case: what is written can be shown to anybody.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from models.training.classification.rates import Confusion, confusion, rates
from models.training.classification.reliability import (
    brier,
    expected_error,
    reliability,
)
from models.training.classification.roc import GRID, auc_interval, band, roc
from models.training.classification.scored import Scored
from models.training.classification.threshold import Threshold

DIGITS = 6
"""Of the points of a curve in a file."""

RATES = ("sensitivity", "specificity", "positive_value", "negative_value", "accuracy")


def results(
    scored: Scored,
    threshold: Threshold,
    history: Sequence[Mapping[str, Any]] = (),
    seed: int = 0,
) -> dict[str, Any]:
    """Return everything that is said of a classifier, as plain values.

    Parameters
    ----------
    threshold
        Chosen on other cases than these; what is chosen on the cases that it is
        judged on looks better than it is.
    history
        The epochs, as `models.training.tracking.Epoch.plain` gives them.
    seed
        Of the bootstrap.

    Raises
    ------
    ValueError
        The threshold is of another class.
    """
    found = confusion(scored, threshold)
    return {
        "positive": scored.positive,
        "cases": {
            "positive": int(scored.truth.sum()),
            "negative": int((~scored.truth).sum()),
            "patients": len(set(scored.patients)),
        },
        "auc": auc_interval(scored, seed).plain(),
        "threshold": threshold.plain(),
        **{name: getattr(rates(scored, threshold), name).plain() for name in RATES},
        "confusion": asdict(found),
        "by_class": by_class(found, scored.positive),
        "brier": brier(scored),
        "expected_calibration_error": expected_error(scored),
        "reliability": [
            {
                "from": each.low,
                "to": each.high,
                "cases": each.cases,
                "mean": each.mean if each.cases else None,
                "positive": each.positive.plain(),
            }
            for each in reliability(scored)
        ],
        "roc": _curve(scored, seed) if scored.has_both else None,
        "history": [dict(epoch) for epoch in history],
    }


def by_class(found: Confusion, positive: str) -> dict[str, dict[str, float | None]]:
    """Return precision, recall and F1 of the class and of the rest; None: no case."""
    yes = (found.true_positive, found.false_positive, found.false_negative)
    no = (found.true_negative, found.false_negative, found.false_positive)
    return {positive: _scores(*yes), f"not {positive}": _scores(*no)}


def write(content: Mapping[str, Any], path: Path) -> None:
    """Write the figures as JSON, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    text = json.dumps(content, indent=2, allow_nan=False) + "\n"
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def history_of(log: Path) -> list[dict[str, Any]]:
    """Return the epochs of a training's log, the first one first."""
    return [json.loads(line) for line in log.read_text("utf-8").splitlines()]


def _curve(scored: Scored, seed: int) -> dict[str, list[float]]:
    curve, around = roc(scored), band(scored, seed)
    columns = {
        "false_positive_rate": curve.false_positive_rate,
        "sensitivity": curve.sensitivity,
        "band_at": GRID,
        "band_low": around.low,
        "band_high": around.high,
    }
    return {name: column.round(DIGITS).tolist() for name, column in columns.items()}


def _scores(right: int, invented: int, missed: int) -> dict[str, float | None]:
    def part(of: int, whole: int) -> float | None:
        return of / whole if whole else None

    return {
        "precision": part(right, right + invented),
        "recall": part(right, right + missed),
        "f1": part(2 * right, 2 * right + invented + missed),
        "cases": right + missed,
    }
