"""The figures of a classifier as a person at the terminal reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

NAMES = {
    "auc": "area under the ROC curve",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "positive_value": "positive predictive value",
    "negative_value": "negative predictive value",
    "accuracy": "accuracy",
}

ERROR = "expected_calibration_error"

FIRST = 28
"""Width of the first column."""


def in_words(content: Mapping[str, Any]) -> str:
    """Return the figures of `models.training.classification.results.results`."""
    parts = (_heading, _figures, _confusion, _by_class, _calibration)
    return "\n\n".join("\n".join(part(content)) for part in parts)


def _heading(content: Mapping[str, Any]) -> Iterator[str]:
    cases, threshold = content["cases"], content["threshold"]
    positives, others = cases["positive"], cases["negative"]
    yield f"class {content['positive']}: {positives} cases of it, {others} others"
    yield f"patients {cases['patients']}"
    rule = f", chosen for {threshold['rule']}" if threshold["rule"] else ""
    yield f"threshold {threshold['value']:.4f}{rule}"


def _figures(content: Mapping[str, Any]) -> Iterator[str]:
    yield f"{'':{FIRST}}value   95 % interval"
    for key, words in NAMES.items():
        value, low, high = (content[key][name] for name in ("value", "low", "high"))
        if value is None:
            yield f"{words:{FIRST}}cannot be said"
        else:
            yield f"{words:{FIRST}}{value:.3f}   {_interval(low, high)}"


def _interval(low: float | None, high: float | None) -> str:
    return "of too few cases" if low is None else f"{low:.3f} to {high:.3f}"


def _confusion(content: Mapping[str, Any]) -> Iterator[str]:
    name, counts = content["positive"], content["confusion"]
    yield f"{'':{FIRST}}called {name:<14}called not"
    for row, first, second in (
        (f"is {name}", "true_positive", "false_negative"),
        ("is not", "false_positive", "true_negative"),
    ):
        yield f"{row:{FIRST}}{counts[first]:<21}{counts[second]}"


def _by_class(content: Mapping[str, Any]) -> Iterator[str]:
    yield f"{'':{FIRST}}precision   recall   F1      cases"
    for name, row in content["by_class"].items():
        precision, recall, f1 = (
            "-" if row[key] is None else f"{row[key]:.3f}"
            for key in ("precision", "recall", "f1")
        )
        yield f"{name:{FIRST}}{precision:12}{recall:9}{f1:8}{row['cases']}"


def _calibration(content: Mapping[str, Any]) -> Iterator[str]:
    yield f"{'expected calibration error':{FIRST}}{content[ERROR]:.3f}"
    yield f"{'Brier score':{FIRST}}{content['brier']:.3f}"
