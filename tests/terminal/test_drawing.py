"""The picture of a screen is sharp, small, and in every script."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.pacs.viewer import running_browser
from tests.terminal.capture import Terminal
from tests.terminal.drawing import PAPER, draw, page


def test_what_looks_like_html_is_text(tmp_path: Path) -> None:
    """A sign of the screen is never a sign of the page."""
    terminal = Terminal(tmp_path)
    terminal.run("echo '<b>&amp;</b>'")

    assert "&lt;b&gt;&amp;amp;&lt;/b&gt;" in page(terminal.cells())


@pytest.mark.viewer
def test_letters_of_every_script_stand_in_their_cells(tmp_path: Path) -> None:
    """The bar behind six signs stands in one column, whatever the script."""
    terminal = Terminal(tmp_path, columns=20)
    for word in ("abcdef", "Иванов", "山田太", "김철수", "╭────╮"):
        terminal.run(f"printf '{word}\\033[41m \\033[0m\\n'")

    with running_browser() as browser:
        image = draw(terminal.cells(), browser, tmp_path)

    image.save(tmp_path / "screen.png", optimize=True)
    pixels = np.asarray(image.convert("RGB")).astype(int)
    red = np.all(np.abs(pixels - (255, 123, 114)) < 9, axis=2)
    bars = {int(row.argmax()) for row in red[red.any(axis=1)]}
    assert max(bars) - min(bars) <= 1
    assert (tmp_path / "screen.png").stat().st_size < 40_000
    assert image.convert("RGB").getpixel((0, 0)) == tuple(bytes.fromhex(PAPER[1:]))
