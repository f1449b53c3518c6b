"""The score is fitted on some subjects and judged on others."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import models
from models.commands import app
from models.hippocampus.model import build
from models.hippocampus.quality.fitting import (
    correlation,
    cross_validated,
    fit,
    lowest_score,
)
from models.hippocampus.quality.reliability import BETTER
from models.hippocampus.validation.robustness.suite import CLEAN
from models.hippocampus.validation.robustness.trial import Trial, as_line


def trials(folds: int = 5, subjects: int = 40) -> list[Trial]:
    """Return readings whose entropy tells their Dice, and whose other signs are noise.

    Each subject is read clean and with a perturbation that costs up to 0.4.
    """
    rng = np.random.default_rng(0)
    found = []
    for subject in range(subjects):
        for entry, loss in ((CLEAN.key, 0.15), ("noise 1 SD", 0.4)):
            lost = loss * rng.random()
            signs = {name: 1 + 0.01 * rng.normal() for name in BETTER}
            signs["entropy"] = 0.1 + lost
            dice = {"whole": 0.95 - lost}
            found.append(
                Trial(subject % folds, subject, str(subject), entry, "A", 3e3, 3e3)
            )
            found[-1].dice.update(dice)
            found[-1].signs.update(signs)
    return found


def test_the_sign_that_tells_gets_the_weight() -> None:
    """And grades are bounded by the Dice that they promise."""
    constants = fit(trials())

    weights = dict(zip(constants.names, constants.weight, strict=True))
    assert max(weights, key=lambda name: weights[name]) == "entropy"
    assert min(weights.values()) >= 0
    assert 0.7 < constants.grade_a < 0.95
    assert constants.grade_b < constants.grade_a


def test_no_reading_is_scored_by_constants_that_saw_its_fold() -> None:
    """A fold whose truth is turned round does not change its own scores."""
    honest = trials()
    turned = [
        Trial(**{**as_line(t), "dice": {"whole": 1 - t.dice["whole"]}})  # type: ignore[arg-type]  # of a trial's own fields
        if t.fold == 0
        else t
        for t in honest
    ]

    before, after = (
        [one.score for one in cross_validated(found) if one.trial.fold == 0]
        for found in (honest, turned)
    )

    assert before == after


def test_a_single_fold_is_dealt_into_groups_of_subjects() -> None:
    """Both readings of a subject are scored, by constants of other subjects."""
    found = trials(folds=1)

    scored = cross_validated(found)

    assert len(scored) == len(found)


def test_the_correlation_has_an_interval_over_subjects() -> None:
    """High where a sign tells the truth; the interval holds the value."""
    scored = cross_validated(trials())

    for kind in ("spearman", "pearson"):
        found = correlation(scored, kind, rounds=200)
        assert found.value > 0.9
        assert found.low <= found.value <= found.high


def test_the_lowest_score_of_a_grade_keeps_the_promise() -> None:
    """From there on the mean truth is not below; 1 where nothing is so good."""
    scores = np.linspace(0, 1, 101)

    assert lowest_score(scores, scores, 0.88) == pytest.approx(0.88)
    assert lowest_score(scores, scores / 2, 0.88) == 1


def test_too_few_readings_are_refused() -> None:
    """No constants out of nine cases."""
    with pytest.raises(ValueError, match="too few"):
        fit(trials(subjects=9))


def test_the_command_prints_the_correlation_and_fills_a_bundle(tmp_path: Path) -> None:
    """What it has written is served: the model reads the bundle and states a score."""
    path, bundle = tmp_path / "trials.jsonl", tmp_path / "bundle"
    lines = [json.dumps(as_line(trial)) for trial in trials()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    shipped = models.bundle_folder("hippocampus")
    shutil.copytree(shipped / "weights", bundle / "weights")
    shutil.copy(shipped / "bundle.json", bundle)

    arguments = ["reliability", "hippocampus", "--trials", str(path)]
    done = CliRunner().invoke(app, [*arguments, "--bundle", str(bundle)])

    assert done.exit_code == 0, done.output
    assert "clean: 40 readings of 40 subjects" in done.output
    assert "Spearman 0.9" in done.output
    assert max(map(len, done.output.splitlines()[:-1])) <= 80
    constants = build(bundle).bundle.training["reliability"]["constants"]
    assert tuple(constants["names"]) == tuple(BETTER)
