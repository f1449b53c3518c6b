"""From a settings file to a bundle with figures, from Python.

A whole training is run by tests/docs/test_python.py, from the page that shows it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from models.learning import learn
from tests.models.hippocampus.learning.trainings import TINY


def test_an_unknown_model_cannot_be_learned(tmp_path: Path) -> None:
    """It is said in one line, before anything is made."""
    with pytest.raises(ValueError, match="ghost: unknown; models are"):
        learn("ghost", tmp_path, tmp_path / "work")

    assert not (tmp_path / "work").exists()


def test_settings_that_cannot_be_are_one_line(tmp_path: Path) -> None:
    """The key is named."""
    settings = tmp_path / "training.toml"
    settings.write_text(TINY + "\n[colour]\n", encoding="utf-8")

    with pytest.raises(ValueError, match=r"^training\.toml: colour"):
        learn("hippocampus", tmp_path, tmp_path / "work", settings)
