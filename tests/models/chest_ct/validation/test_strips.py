"""The lungs of a chest as a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.chest_ct.validation.strips import write_strip
from tests.models.volume.lungs.made import array, chest


def colours(path: Path) -> set[str]:
    """Return which of the colours of the two outlines a picture shows."""
    with Image.open(path) as image:
        red, green, blue = (
            np.asarray(image.convert("RGB"), int)[..., k] for k in range(3)
        )
    shown = set()
    if ((blue - red) > 60).any():
        shown.add("right")
    if ((red - blue) > 60).any():
        shown.add("left")
    assert green.any()
    return shown


def test_both_lungs_are_outlined(tmp_path: Path) -> None:
    """Each in a colour of its own."""
    write_strip(chest(), "a chest", tmp_path / "strip.png")
    assert colours(tmp_path / "strip.png") == {"right", "left"}


def test_what_has_no_lungs_is_said(tmp_path: Path) -> None:
    """And no empty picture is left."""
    with pytest.raises(ValueError, match="no lungs were found"):
        write_strip(chest(np.zeros_like(array())), "nothing", tmp_path / "strip.png")
    assert not list(tmp_path.iterdir())
