"""Trainings that are over in seconds: a tiny network, phantoms as NIfTI pairs."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner, Result

from models.commands import app
from tests.models.hippocampus.learning.test_dataset import write_pair

TINY = """
widths = [2, 4]
window = [32, 40, 32]

[loop]
epochs = 1
batch = 2
precision = "fp32"
"""


def write_training(folder: Path, pairs: int = 5) -> list[str]:
    """Write pairs of so many subjects and tiny settings; return what to type."""
    data = folder / "data"
    data.mkdir(parents=True)
    for number in range(1, 2 * pairs, 2):
        write_pair(data, f"hippocampus_{number:03d}", seed=number)
    settings = folder / "training.toml"
    settings.write_text(TINY, encoding="utf-8")
    return [*("train", "hippocampus", "--data", str(data)), "--settings", str(settings)]


def typed(*words: str) -> Result:
    """Type a command of ``pacs-model``."""
    return CliRunner().invoke(app, [*words, "--device", "cpu"], catch_exceptions=False)


def trained_bundle(folder: Path) -> Path:
    """Train for one epoch and return the bundle."""
    result = typed(*write_training(folder), "--output", str(folder / "bundle"))
    assert result.exit_code == 0, result.output
    return folder / "bundle"
