"""What a score is worth is measured, said in words, and kept in a bundle."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

import models
from models.commands import app
from models.hippocampus.cases.data import TASK04_SHA256
from models.hippocampus.model import build
from models.hippocampus.quality.reliability import BETTER
from models.hippocampus.validation.origin import origin_of
from models.hippocampus.validation.reliability import worth
from models.hippocampus.validation.robustness.suite import CLEAN
from models.hippocampus.validation.robustness.trial import Trial, as_line
from models.terms import Grade
from models.volume.bundle import amend
from tests.models.hippocampus.validation.reliability.readings import trials

SHARED = models.bundle_folder("hippocampus") / "folds"
"""Networks of the shared data, on some of which choices were made."""


def written(path: Path, found: list[Trial]) -> Path:
    """Write trials as ``pacs-model robustness`` does."""
    lines = [json.dumps(as_line(trial)) for trial in found]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def printed(path: Path, **changes: str) -> str:
    """Return what the command prints of the trials in a file, of the shared data."""
    origin = origin_of(SHARED).as_json() | changes
    (path.parent / "folds.json").write_text(json.dumps(origin), encoding="utf-8")
    done = CliRunner().invoke(
        app, ["reliability", "hippocampus", "--trials", str(path)]
    )
    assert done.exit_code == 0, done.output
    return done.output


def judged(path: Path, found: list[Trial]) -> worth.Judged:
    """Return what trials of the shared data are worth."""
    return worth.judge(written(path, found), TASK04_SHA256)


def of_chance(found: list[Trial]) -> list[Trial]:
    """Return the trials with clean ones whose Dice no sign tells."""
    return [
        replace(t, dice={"whole": 0.89 + 0.02 * (t.subject // 5 % 2)})
        if t.entry == CLEAN.key
        else t
        for t in found
    ]


def test_the_command_prints_what_each_share_of_the_readings_shows(
    tmp_path: Path,
) -> None:
    """Unaltered ones first, then those on which nothing was chosen."""
    said = printed(written(tmp_path / "trials.jsonl", trials()))

    shares = [line for line in said.splitlines() if " subjects" in line]
    assert [line.split(":")[0] for line in shares] == [
        "unaltered",
        "unaltered, not looked at",
        "altered",
    ]
    assert "40 readings of 40 subjects" in shares[0]
    assert "21 readings of 21 subjects" in shares[1]
    assert said.count("Spearman") == 3
    assert max(map(len, said.splitlines())) <= 80


def test_on_data_of_others_no_choice_was_made(tmp_path: Path) -> None:
    """Their folds 0 and 1 are judged with all the others."""
    path = written(tmp_path / "trials.jsonl", trials())

    said = printed(path, data_sha256="ab")

    assert said.count("Spearman") == 2
    assert "looked at" not in said


def test_trials_of_unknown_folds_are_refused(tmp_path: Path) -> None:
    """Nobody knows what was chosen on them."""
    path = written(tmp_path / "trials.jsonl", trials())
    line = ["reliability", "hippocampus", "--trials", str(path)]

    with pytest.raises(ValueError, match=r"make both anew with: pacs-model robustness"):
        CliRunner().invoke(app, line, catch_exceptions=False)


def test_a_score_is_told_with_what_such_scores_were_worth(tmp_path: Path) -> None:
    """Flags lower the grade of a report and not its score: each has its own rows."""
    flagged = [
        replace(trial, grade=Grade.C) if trial.entry == CLEAN.key else trial
        for trial in trials()
    ]

    plain = judged(tmp_path / "a.jsonl", trials())
    found = judged(tmp_path / "b.jsonl", flagged)

    assert found.constants.promise == plain.constants.promise
    assert set(found.constants.promise) == {"A", "B", "C"}
    [best] = [row for row in found.shares[0].scores if row.grade == "A"]
    assert found.constants.promise["A"].startswith(
        f"Scores of 0.85 or more on held-out images: {best.readings} of 40 unaltered "
        f"(mean Dice {best.mean:.2f}, lowest {best.lowest:.2f}), "
    )
    assert "none of 40 unaltered, " in found.constants.promise["C"]
    assert found.constants.promise["C"].startswith("Scores below 0.70 on ")
    assert [row.grade for row in found.shares[0].grades] == ["C"]
    assert plain.shares[0].grades == plain.shares[0].scores


def test_a_score_that_ranks_nobody_says_so(tmp_path: Path) -> None:
    """It tells wrecks from good readings, and among ordinary ones nothing."""
    ranks = judged(tmp_path / "a.jsonl", trials())
    blind = judged(tmp_path / "b.jsonl", of_chance(trials()))

    assert ranks.constants.limit == ""
    assert "does not rank ordinary images" in blind.constants.limit
    assert blind.constants.limit in worth.as_text(blind).replace("\n", " ")


def test_a_bundle_takes_the_constants_and_what_they_are_worth(tmp_path: Path) -> None:
    """What was written is served: the model reads the bundle and states a score."""
    bundle = tmp_path / "bundle"
    shipped = models.bundle_folder("hippocampus")
    shutil.copytree(shipped / "weights", bundle / "weights")
    shutil.copy(shipped / "bundle.json", bundle)

    found = judged(tmp_path / "trials.jsonl", trials())
    amend(bundle, {"training.reliability": worth.as_json(found)})

    content = build(bundle).bundle.training["reliability"]
    assert tuple(content["constants"]["names"]) == tuple(BETTER)
    assert content["measured"]["unaltered"]["readings"] == 40


def test_a_file_with_too_little_is_refused(tmp_path: Path) -> None:
    """Five subjects fit no score."""
    with pytest.raises(ValueError, match="too few"):
        judged(tmp_path / "trials.jsonl", trials(subjects=5))
