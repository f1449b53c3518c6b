"""``pacs-model tune`` on a toy: tries, prunes, goes on, and writes what trains best."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from torch import Tensor
from typer.testing import CliRunner, Result

import models
from models.commands import app
from models.training.loop import CHECKPOINT
from tests.models.commands.toys.toy.learning.train import settings_of
from tests.models.training.lines import Points

TOYS = Path(__file__).parent / "toys"


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let there be a model ``toy``, whose folder is one of the tests."""
    monkeypatch.setattr(models, "__path__", [*models.__path__, str(TOYS)])
    monkeypatch.setattr(models, "MODELS", ("toy", "hippocampus"))


def tune(folder: Path, *words: str, model: str = "toy") -> Result:
    """Type the command."""
    (folder / "data").mkdir(exist_ok=True)
    line = ["tune", model, "--data", str(folder / "data"), "--device", "cpu"]
    return CliRunner().invoke(app, [*line, "--output", str(folder / "out"), *words])


def tried(output: str) -> list[str]:
    """Return the lines of the trials."""
    return [line for line in output.splitlines() if line.startswith("trial ")]


def figures(lines: Sequence[str]) -> list[float]:
    """Return the figures of the trials that came to one."""
    return [float(x) for line in lines for x in re.findall(r"likeness (\S+)", line)]


def test_the_best_of_the_trials_is_written_as_settings(tmp_path: Path) -> None:
    """They are those of the printed trial, and everything else is as it was."""
    result = tune(tmp_path, "--trials", "3")

    assert result.exit_code == 0, result.output
    lines = tried(result.output)
    assert len(lines) == len({line.partition("   ")[2] for line in lines}) == 3
    path = tmp_path / "out" / "training.toml"
    assert f"--settings {path}" in result.output.splitlines()[-1]
    written = settings_of(path, None)
    best = lines[figures(lines).index(max(figures(lines)))]
    assert f"loop.learning_rate {written.loop.learning_rate:.3g}   " in best
    assert f"loop.batch {written.loop.batch}   " in best
    base = settings_of(None, None)
    tuned = {"learning_rate": 0.1, "batch": 4}
    assert written.loop.model_copy(update=tuned) == base.loop


def test_a_grid_tries_every_point_once(tmp_path: Path) -> None:
    """Two rates, two batches, one dropout."""
    result = tune(tmp_path, "--grid", "--epochs", "1")

    points = [line.partition("   ")[2] for line in tried(result.output)]
    assert len(points) == len(set(points)) == 4
    assert {x for line in points for x in re.findall(r"rate (\S+)", line)} == {
        *("0.0001", "1")
    }


def broken_off_in(monkeypatch: pytest.MonkeyPatch, batch: int) -> None:
    """Press Ctrl-C when that batch of the search is asked for; the first is 1."""
    numbers, whole = count(1), Points.batch

    def batch_or_interrupt(self: Points, *words: Any) -> tuple[Tensor, Tensor]:
        if next(numbers) == batch:
            raise KeyboardInterrupt
        return whole(self, *words)

    monkeypatch.setattr(Points, "batch", batch_or_interrupt)


def test_a_search_that_goes_on_tries_what_it_would_have_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken off in a later epoch of its second trial, before Optuna begins to think.

    The trial that was broken off is not begun anew: it has its checkpoint.
    """
    monkeypatch.setattr("models.training.tuning.search.STARTUP", 2)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    for folder in (whole, parts):
        folder.mkdir()
    once = tune(whole, "--trials", "3")
    assert once.exit_code == 0, once.output

    with monkeypatch.context() as there:
        broken_off_in(there, 22)
        broken = tune(parts, "--trials", "3")
    assert broken.exit_code == 130
    assert "type the same line again to go on" in broken.output
    assert len(tried(broken.output)) == 1
    assert len(list((parts / "out").rglob(CHECKPOINT))) == 1

    assert tried(tune(parts, "--trials", "3").output) == tried(once.output)


def test_another_search_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    """Its trials would be compared with what they cannot be compared with."""
    assert tune(tmp_path, "--trials", "1").exit_code == 0

    other = tune(tmp_path, "--trials", "1", "--epochs", "2")

    assert isinstance(other.exception, ValueError)
    assert "out/trials.db is of another search: choose another" in str(other.exception)


def test_trials_of_other_data_are_not_reused(tmp_path: Path) -> None:
    """A label was corrected, a study came: what was tried told of the data before."""
    assert tune(tmp_path, "--trials", "1").exit_code == 0
    (tmp_path / "data" / "another").touch()
    other = tune(tmp_path, "--trials", "1")

    assert "is of another search" in str(other.exception)


def test_without_optuna_there_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says what to type."""
    monkeypatch.delitem(sys.modules, "models.training.tuning.search")
    monkeypatch.setitem(sys.modules, "optuna", None)

    with pytest.raises(ValueError, match=r"pip install 'pacs-ai-node\[train\]'"):
        raise tune(tmp_path).exception or AssertionError("it was tuned")


def test_what_cannot_be_tuned_says_so(tmp_path: Path) -> None:
    """A model without the part, an unknown network, a wish and its contrary."""
    for words, model, told in (
        ((), "hippocampus", "hippocampus: has no learning/tune"),
        (("--network", "slices"), "toy", "networks of toy: line"),
        (("--grid", "--trials", "3"), "toy", "--grid tries all points"),
    ):
        result = tune(tmp_path, *words, model=model)

        assert result.exit_code == 2
        assert told in " ".join(result.output.replace("│", " ").split())
