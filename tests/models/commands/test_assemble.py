"""The lines that a person types after the networks are trained."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

import models
from models.chest_ct.learning.assembly import run
from models.commands import app
from tests.models.chest_ct.learning.assembly.made import gathered, write_folds


def test_networks_become_a_bundle_and_the_next_line_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says how to serve it, and how to judge it."""
    there = gathered(tmp_path / "cases")
    folds = write_folds(there, tmp_path / "folds")
    monkeypatch.setattr(run, "gather", lambda *_: there)
    monkeypatch.setattr(run, "golden_case", lambda _: {})
    monkeypatch.setitem(models.MODELS, "chest_ct", "models.chest_ct.model:build")
    bundle = tmp_path / "bundle"
    line = ["assemble", "chest_ct", "--data", "made", "--folds", str(folds)]

    done = CliRunner().invoke(
        app,
        [*line, "--output", str(bundle), "--release", "1.2"],
        catch_exceptions=False,
    )

    assert done.exit_code == 0
    assert done.output.splitlines()[-2:] == [
        f'[models.chest_ct] bundle = "{bundle}" serves it',
        f"pacs-model evaluate chest_ct --data made --folds {folds} --bundle {bundle}",
    ]
    assert models.load("chest_ct", bundle).bundle.version == "1.2"


def test_a_model_that_is_judged_at_once_keeps_no_lines(tmp_path: Path) -> None:
    """Wrong use, before anything is read."""
    line = ["evaluate", "hippocampus", "--data", "d", "--keep", str(tmp_path / "kept")]
    done = CliRunner().invoke(app, line)
    assert done.exit_code == 2
    assert "is judged at once" in " ".join(done.output.replace("│", " ").split())
