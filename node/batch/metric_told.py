"""How often a model was right: for the spreadsheet, for machines, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from decimal import Decimal
from typing import Any

from models.volume.bundle import Bundle
from models.volume.columns import is_classified
from node.batch.cells import Cell
from node.batch.entry import Entry
from node.batch.legible import visible
from node.batch.metrics import FIGURES, Interval, Metrics, metrics_of
from node.batch.rows import Row
from node.batch.truth import Truth
from node.batch.words import Words

MOST_NAMES = 5
"""Names of a truth that are told in a terminal; the sheet has all."""


def measured_by_model(
    entries: Sequence[Entry], bundles: Mapping[str, Bundle]
) -> dict[str, Metrics]:
    """Return what the results of each model that decides something are worth."""
    return {
        name: metrics_of(entry for entry in entries if entry.model == name)
        for name, bundle in bundles.items()
        if is_classified(bundle.columns)
    }


def as_rows(
    measured: Mapping[str, Metrics], unknown: Sequence[str], words: Words
) -> list[Row]:
    """Return the sheet of metrics: a row per figure, then what was not found.

    Parameters
    ----------
    unknown
        Names of the truth that belong to no study of the run.
    """
    rows = [
        row for name, metrics in measured.items() for row in _rows(name, metrics, words)
    ]
    return [
        *rows,
        *(_row("", words.text("truth_unknown", names=name), words) for name in unknown),
    ]


def as_json(metrics: Metrics) -> dict[str, Any]:
    """Return figures and counts for a machine; what cannot be said is null."""
    counts = {name: getattr(metrics, name) for name in _counts()}
    return counts | {name: _plain(getattr(metrics, name)) for name in FIGURES}


def as_lines(
    measured: Mapping[str, Metrics], truth: Truth, unknown: Sequence[str], words: Words
) -> Iterator[str]:
    """Yield the figures for the end of a run."""
    source = visible(truth.told_source(words))
    for metrics in measured.values():
        right = metrics.true_positive + metrics.true_negative
        on = words.text("measured_on", right=right, of=metrics.studies)
        yield f"{words.text('head_truth')} ({source}): {on}"
        for name in FIGURES:
            if (figure := getattr(metrics, name)) is not None:
                yield f"  {_figure(name, figure, words)}"
        if failed := metrics.failed_positive + metrics.failed_negative:
            studies = words.count("studies", failed)
            yield f"  {words.text('measured_failed', n=studies)}"
        if metrics.without_truth:
            studies = words.count("studies", metrics.without_truth)
            yield f"  {words.text('measured_unknown', n=studies)}"
    if unknown:
        more = ", …" if len(unknown) > MOST_NAMES else ""
        names = ", ".join(unknown[:MOST_NAMES]) + more
        yield words.text("truth_unknown", names=names)


def _counts() -> list[str]:
    return ["studies", *(f.name for f in fields(Metrics) if f.name not in FIGURES)]


def _rows(model: str, metrics: Metrics, words: Words) -> Iterator[Row]:
    for name in FIGURES:
        yield _row(model, words.metric(name), words, getattr(metrics, name))
    for name in _counts():
        row = dict(_row(model, words.metric(name), words))
        row[words.text("head_value")] = getattr(metrics, name)
        yield row


def _row(
    model: str, measure: str, words: Words, figure: Interval | None = None
) -> dict[str, Cell]:
    limits = (figure.value, figure.low, figure.high) if figure else (None, None, None)
    value, low, high = (
        None if limit is None else Decimal(f"{limit:.3f}") for limit in limits
    )
    return {
        words.text("head_model"): model or None,
        words.text("head_measure"): measure,
        words.text("head_value"): value,
        words.text("head_low"): low,
        words.text("head_high"): high,
        words.text("head_counted"): _counted(figure, words),
    }


def _counted(figure: Interval | None, words: Words) -> str | None:
    if figure is None or figure.of is None:
        return None
    return words.text("counted", hits=figure.hits, of=figure.of)


def _figure(name: str, figure: Interval, words: Words) -> str:
    told = words.text(
        "measured",
        name=words.metric(name),
        value=words.number(figure.value, 3),
        low=words.number(figure.low, 3),
        high=words.number(figure.high, 3),
    )
    counted = _counted(figure, words)
    return f"{told}, {counted}" if counted else told


def _plain(figure: Interval | None) -> dict[str, Any] | None:
    return None if figure is None else asdict(figure)
