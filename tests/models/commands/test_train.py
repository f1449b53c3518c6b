"""What a person is told at the end of a training."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

import models
from models.chest_ct.learning import train
from models.commands import app


def test_a_network_that_is_no_bundle_is_not_said_to_be_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bundle of this model is made of several: the line that makes it is told."""
    monkeypatch.setitem(models.MODELS, "chest_ct", "models.chest_ct.model:build")
    monkeypatch.setattr(train, "run", lambda *_: tmp_path)
    line = ["train", "chest_ct", "--data", "made", "--output", str(tmp_path)]

    done = CliRunner().invoke(app, line, catch_exceptions=False)

    assert done.exit_code == 0
    assert "serves it" not in done.output
    assert done.output.splitlines()[-1] == (
        f"{tmp_path} holds one network and no bundle: `pacs-model assemble chest_ct` "
        "makes one of those that `--folds` leaves"
    )
