"""Errors that cancel in the mean and not in the patients."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.hippocampus.cases.scores import CaseScores
from models.hippocampus.cases.summary import metrics_object
from models.hippocampus.validation.evaluation.by_volume import by_volume
from models.hippocampus.validation.evaluation.tables import tables
from tests.models.hippocampus.cases.test_summary import build_scores


def pulled_to_the_middle(
    slope: float, cases: int = 80
) -> tuple[list[CaseScores], dict[str, float]]:
    """Return scores and true volumes, 2500 to 4200 mm³, shuffled over the cases."""
    volumes = np.random.default_rng(1).permutation(np.linspace(2500, 4200, cases))
    middle = np.exp(np.log(volumes).mean())
    found = [
        _with_bias(score, float((volume / middle) ** (slope - 1) - 1))
        for score, volume in zip(build_scores(cases), volumes, strict=True)
    ]
    names = [score.case for score in found]
    return found, dict(zip(names, volumes.tolist(), strict=True))


def _with_bias(score: CaseScores, bias: float) -> CaseScores:
    network = {part: dict(values) for part, values in score.network.items()}
    network["whole"]["volume_bias"] = bias
    return replace(score, network=network)


def test_a_network_that_prefers_the_middle_is_seen_though_its_mean_is_right() -> None:
    """Small ones too large, large ones too small, and a slope below 1."""
    scores, truth_mm3 = pulled_to_the_middle(0.87)

    found = by_volume(scores, truth_mm3)

    biases = [quarter["volume_bias"]["mean"] for quarter in found["quarters"]]
    assert np.mean(biases) == pytest.approx(0, abs=2e-3)
    assert biases == sorted(biases, reverse=True)
    assert biases[0] > 0.02
    assert biases[-1] < -0.02
    assert found["slope"]["mean"] == pytest.approx(0.87, abs=1e-3)


def test_each_case_is_in_one_quarter_with_its_interval_over_subjects() -> None:
    """Quarters are of cases; the smallest volumes come first."""
    scores, truth_mm3 = pulled_to_the_middle(0.87)

    first, *_, last = found = by_volume(scores, truth_mm3)["quarters"]

    assert [quarter["cases"] for quarter in found] == [20] * 4
    assert (first["mm3"][0], last["mm3"][1]) == (2500, 4200)
    assert first["subjects"] <= 20
    assert (
        first["volume_bias"]["low"]
        < first["volume_bias"]["mean"]
        < (first["volume_bias"]["high"])
    )


def test_the_interval_of_the_slope_holds_what_made_it() -> None:
    """Each reading with an error of 5 % of its own."""
    exact, truth_mm3 = pulled_to_the_middle(0.87)
    errors = np.random.default_rng(2).normal(0, 0.05, len(exact))
    scores = [
        _with_bias(score, (1 + score.network["whole"]["volume_bias"]) * (1 + e) - 1)
        for score, e in zip(exact, errors.tolist(), strict=True)
    ]

    slope = by_volume(scores, truth_mm3)["slope"]

    assert slope["low"] < 0.87 < slope["high"]
    assert 0.05 < slope["high"] - slope["low"] < 0.3


def test_few_subjects_or_an_empty_reading_have_no_slope() -> None:
    """Rather than one that a single case has made."""
    few, truth_mm3 = pulled_to_the_middle(0.87, cases=3)
    assert by_volume(few, truth_mm3)["slope"] is None
    assert len(by_volume(few, truth_mm3)["quarters"]) == 3

    scores, truth_mm3 = pulled_to_the_middle(0.87)
    empty = [_with_bias(scores[0], -1), *scores[1:]]
    assert by_volume(empty, truth_mm3)["slope"] is None


def test_the_table_has_a_row_for_each_quarter() -> None:
    """With ends, counts, and the bias as it is written elsewhere."""
    scores, truth_mm3 = pulled_to_the_middle(0.87)
    content = metrics_object(scores, "a split", None)
    content["by_volume"] = by_volume(scores, truth_mm3)

    [table] = [table for table in tables(content) if "true mm³" in table.columns]

    assert table.sentence.startswith("By true volume; log measured on log ")
    assert "0.870 (" in table.sentence
    assert table.rows[0][0] == "2500\N{EN DASH}2909"
    assert table.rows[0][1] == "20"
    assert table.rows[0][3].startswith("+2.7 (")
    assert max(map(len, table.as_text().splitlines())) <= 80
