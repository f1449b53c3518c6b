"""The validation plan: its tests exist, its sample sizes follow from its formulas."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from statistics import NormalDist

import pytest

ROOT = Path(__file__).parents[2]
PLAN = (ROOT / "docs" / "validation_plan.md").read_text(encoding="utf-8")

BUNDLE = json.loads(
    (ROOT / "models/hippocampus/bundle.json").read_text(encoding="utf-8")
)


def sd(structure: str, metric: str) -> float:
    """Return the SD between subjects: width of the interval / (2·1.96) · √subjects."""
    metrics = BUNDLE["metrics"]
    interval = metrics[structure][metric]
    width: float = interval["high"] - interval["low"]
    return width / (2 * 1.96) * math.sqrt(metrics["subjects"])


DICE_SD, BIAS_SD = sd("whole", "dice"), 100 * sd("whole", "volume_bias")
"""Planning values: Dice, and relative volume error in per cent."""

SIZES = {
    "mean whole Dice to ": (1.96 * DICE_SD / 0.005) ** 2,
    "mean whole Dice above": (3.24 * DICE_SD / 0.015) ** 2,
    "mean volume bias to": (1.96 * BIAS_SD / 1) ** 2,
    "below 3 % when": (2.93 * BIAS_SD / 1.5) ** 2,
    "Altman limits, each": (1.96 * 1.71 * BIAS_SD / 1.5) ** 2,
    "in one stratum": (1.96 * BIAS_SD / 2) ** 2,
    "of scan": 0.5 * (1.96 / 0.15) ** 2,
}
"""A piece of a row → subjects, before rounding up."""


def named_tests() -> list[str]:
    """Return the tests that the plan rests on."""
    return sorted(set(re.findall(r"`(tests/[^`]+::[^`]+)`", PLAN)))


@pytest.mark.parametrize("name", named_tests())
def test_every_test_that_controls_a_risk_exists(name: str) -> None:
    """A control does not rest on a test that was renamed or removed."""
    path, _, function = name.partition("::")

    assert f"def {function}(" in (ROOT / path).read_text(encoding="utf-8")


@pytest.mark.parametrize("piece", SIZES)
def test_a_sample_size_is_that_of_its_formula(piece: str) -> None:
    """Rounded up to whole subjects."""
    [row] = [
        line
        for line in PLAN.splitlines()
        if line.startswith("|") and piece in line and re.search(r"\| \d+ \|$", line)
    ]

    assert int(row.split("|")[-2]) == math.ceil(SIZES[piece])


def test_the_planning_values_are_those_of_the_shipped_bundle() -> None:
    """Whole, anterior and posterior; and the quantiles of the power."""
    parts = ("anterior", "posterior")
    dices = [sd(part, "dice") for part in parts]
    biases = [100 * sd(part, "volume_bias") for part in parts]

    assert (
        f"**{DICE_SD:.3f}** for the Dice of the whole hippocampus "
        f"({dices[0]:.3f} anterior, {dices[1]:.3f} posterior) and "
        f"**{BIAS_SD:.1f} %** for the relative volume error "
        f"({biases[0]:.1f} % and {biases[1]:.1f} %)"
    ) in PLAN
    normal = NormalDist()
    assert normal.inv_cdf(0.975) + normal.inv_cdf(0.9) == pytest.approx(3.24, abs=5e-3)
    assert normal.inv_cdf(0.95) + normal.inv_cdf(0.9) == pytest.approx(2.93, abs=5e-3)


def test_the_strata_hold_what_the_plan_asks_for() -> None:
    """Six of one stratum's size, twice, and 3 % more."""
    stratum = math.ceil(SIZES["in one stratum"])

    assert f"Six strata of {stratum} need {6 * stratum}," in PLAN
    assert math.ceil(2 * 6 * stratum / 0.97) == 260


def test_the_smallest_change_is_that_of_the_stated_noise() -> None:
    """1.96·√2·SEM over one year and two."""
    sem = BUNDLE["training"]["retest"]["sem_percent"]["Hippocampus"]["sem"]
    least = 1.96 * math.sqrt(2) * sem

    assert (
        f"1.96·√2·{sem:.2f} = {least:.1f} % per year after one year and "
        f"{least / 2:.1f} % after two"
    ) in PLAN


def test_the_worst_risks_are_those_of_the_table() -> None:
    """Severity times probability of each row decides which are named below it."""
    rows = re.findall(r"^\| (\d+) \| .* \| (\d) \| (\d) \|", PLAN, re.MULTILINE)
    worst = [number for number, s, p in rows if int(s) * int(p) >= 9]
    [sentence] = [
        line for line in PLAN.splitlines() if line.startswith("Rows with S·P")
    ]

    assert len(rows) == 19
    assert sentence.startswith(f"Rows with S·P of 9 ({', '.join(worst)}) are not ")
    reasons = sentence.partition(": ")[2]
    assert re.findall(r"(?<!section )\b(\d+)\b", reasons) == worst


def test_the_limits_of_agreement_follow_from_the_planning_values() -> None:
    """The bias of the bundle, limits 1.96 SD away."""
    half = 1.96 * BIAS_SD
    bias = 100 * BUNDLE["metrics"]["whole"]["volume_bias"]["mean"]

    assert f"{bias:+.1f} % ± {half:.1f} %" in PLAN
    assert f"{bias - half:.1f} % to +{bias + half:.1f} %" in PLAN


def test_none_of_149_failures_bounds_their_share_at_two_per_cent() -> None:
    """One-sided 95 %: 0.98^n falls to 0.05."""
    assert math.ceil(math.log(0.05) / math.log(0.98)) == 149
    assert 1 - 0.05 ** (1 / 300) < 0.01
