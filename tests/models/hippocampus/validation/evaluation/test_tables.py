"""Figures as they are printed, and the model card that holds them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from models.hippocampus.cases.summary import Baseline, metrics_object
from models.hippocampus.validation.evaluation.tables import Table, figure, tables
from tests.models.hippocampus.cases.test_summary import (
    RECORD,
    build_scores,
)

FOLDER = Path(__file__).parents[5] / "models" / "hippocampus"


def test_a_figure_has_its_interval_and_its_sign() -> None:
    """A share has none; a bias and a difference have."""
    value = {"mean": 0.0307, "low": -0.0018, "high": 0.0651}

    dash, minus = "\N{EN DASH}", "\N{MINUS SIGN}"
    overlap = {"mean": 0.8876, "low": 0.8728, "high": 0.902}
    assert figure(overlap, "dice") == f"0.888 (0.873{dash}0.902)"
    assert figure(value, "volume_bias") == f"+3.1 ({minus}0.2 to +6.5)"
    assert figure({"mean": 0.8876, "low": None, "high": None}, "dice") == "0.888"
    signed = figure(value, "dice", difference=True)
    assert signed == f"+0.031 ({minus}0.002 to +0.065)"


def test_the_tables_fit_a_terminal() -> None:
    """Eighty columns, without blanks at the ends of lines."""
    scores = build_scores(folds=5, cases=20)
    theirs = [each for each in build_scores(20, -0.1, 5) if each.fold == 0]
    content = metrics_object(scores, "five folds", Baseline(theirs, RECORD))

    found = list(tables(content))

    assert [len(table.rows) for table in found] == [6, 6, 5, 18]
    for table in found:
        for line in table.as_text().splitlines():
            assert len(line) <= 80
            assert line == line.rstrip()


def test_markdown_says_the_same_as_the_terminal() -> None:
    """Cell by cell."""
    table = Table("What it is:", ("", "one"), (("Dice", "0.9"), ("HD95", "1.2")))

    assert table.as_text() == "What it is:\n\n      one\nDice  0.9\nHD95  1.2"
    assert table.as_markdown().splitlines()[2:] == [
        "|  | one |",
        "| --- | --: |",
        "| Dice | 0.9 |",
        "| HD95 | 1.2 |",
    ]


def test_the_model_card_prints_the_figures_of_the_bundle() -> None:
    """Every table of ``bundle.json`` stands in the card, to the printed digit."""
    metrics = json.loads((FOLDER / "bundle.json").read_text(encoding="utf-8"))[
        "metrics"
    ]
    if "by_fold" not in metrics:
        pytest.skip("the figures of the folds are not in the bundle yet")
    card = (FOLDER / "README.md").read_text(encoding="utf-8")

    for table in tables(metrics):
        for line in table.as_markdown().splitlines()[2:]:
            assert line in card
