"""A training from folder to bundle, on two phantoms and for one epoch."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

import models
from models.commands import app
from models.contract import Context
from models.hippocampus.golden import read_phantom
from models.volume.bundle import load_bundle
from tests.models.hippocampus.test_dataset import write_pair

pytestmark = pytest.mark.slow


def test_a_training_ends_with_a_bundle_that_serves(tmp_path: Path) -> None:
    """``train`` writes hashes, recipe, data digest and held-out metrics."""
    data, output = tmp_path / "data", tmp_path / "bundle"
    data.mkdir()
    for number in range(1, 20, 2):
        write_pair(data, f"hippocampus_{number:03d}", seed=number)
    options = ["--data", str(data), "--output", str(output), "--epochs", "1"]

    result = CliRunner().invoke(
        app, ["train", "hippocampus", "--fold", "0", *options], catch_exceptions=False
    )

    assert result.exit_code == 0
    bundle = load_bundle(output)
    assert list(bundle.columns) == ["anterior_mm3", "posterior_mm3", "total_mm3"]
    assert bundle.metrics["cases"] == 2
    assert bundle.training["cases"] == 8
    assert bundle.training["settings"]["loop"]["epochs"] == 1
    assert len(bundle.training["data_sha256"]) == 64
    served = models.load("hippocampus", output)
    assert read_phantom(served, 1, Context().precision)
