"""A command that is not for a model says so, and does nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

import models
from models.commands import app

COMMANDS = {
    "eda": ["--output", "o", "d"],
    "train": ["--data", "d", "--output", "o"],
    "tune": ["--data", "d", "--output", "o"],
    "assemble": ["--data", "d", "--folds", "f", "--output", "o"],
    "baseline": ["--data", "d", "--output", "o"],
    "evaluate": ["--data", "d"],
    "retest": ["--data", "d"],
    "synthetic-visits": ["--data", "d"],
    "robustness": ["--data", "d"],
    "reliability": [],
}


def test_every_command_that_learns_or_judges_is_tried_here() -> None:
    """Those that only read what is shipped are for every model."""
    group = get_command(app)
    assert isinstance(group, TyperGroup)

    assert set(group.commands) - {"list", "verify"} == set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_model_without_the_part_is_wrong_use(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence with its name and status 2, whatever lies in the folders."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(models.MODELS, "volume", "models.volume.device:build")

    done = CliRunner().invoke(app, [command, "volume", *COMMANDS[command]])

    assert done.exit_code == 2, done.output
    assert "volume: has no " in " ".join(done.output.replace("│", " ").split())
    assert not list(tmp_path.iterdir())
