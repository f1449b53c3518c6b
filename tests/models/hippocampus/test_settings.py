"""Settings of a training are refused before anything is read, in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.hippocampus.settings import SHIPPED, HippocampusSettings
from models.training.settings import read_settings


@pytest.mark.parametrize(
    ("line", "instead", "says"),
    [
        (
            "window = [40, 56, 40]",
            "window = [35, 51, 37]",
            "own.toml: window [35, 51, 37]: with 4 widths every edge",
        ),
        (
            "window = [40, 56, 40]",
            "window = [8, 8, 8]",
            "own.toml: window [8, 8, 8]: with 4 widths every edge",
        ),
        (
            "widths = [16, 32, 64, 128]",
            "widths = [16, 32, 64, 128, 256]",
            "own.toml: window [40, 56, 40]: with 5 widths every edge",
        ),
        (
            "batch = 2",
            "batch = 0",
            "own.toml: loop.batch: Input should be greater than or equal to 1",
        ),
        ("batch = 2", "batch 2", "own.toml is not TOML: "),
    ],
    ids=["no multiple", "one voxel left", "too many widths", "out of range", "no TOML"],
)
def test_settings_that_cannot_be_trained_with_are_one_line(
    tmp_path: Path, line: str, instead: str, says: str
) -> None:
    """It names the file, the place in it and what would do."""
    shipped = SHIPPED.read_text(encoding="utf-8")
    assert line in shipped
    path = tmp_path / "own.toml"
    path.write_text(shipped.replace(line, instead), encoding="utf-8")

    with pytest.raises(ValueError, match=r"^own\.toml") as refused:
        read_settings(HippocampusSettings, path)

    assert str(refused.value).startswith(says)
    assert "\n" not in str(refused.value)
