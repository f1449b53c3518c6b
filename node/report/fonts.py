"""Letters for the page: DejaVu Sans, which ships with the node (``fonts/LICENSE``).

The same glyphs on every machine: pages are equal to the byte, and a Cyrillic or Greek
name is no row of boxes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from PIL import ImageFont
from PIL.ImageFont import FreeTypeFont

FOLDER = Path(__file__).with_name("fonts")
NOT_A_CHARACTER = "\uffff"
"""Never assigned (Unicode 23.7): drawn as the box that stands for a missing glyph."""


@cache
def font(size_px: int, *, bold: bool = False) -> FreeTypeFont:
    """Return the font of one size."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(
        FOLDER / name, size_px, layout_engine=ImageFont.Layout.BASIC
    )


def has_glyphs(text: str) -> bool:
    """Say whether every character of a text can be drawn."""
    probe = font(16)
    box = bytes(probe.getmask(NOT_A_CHARACTER))
    return all(c.isspace() or bytes(probe.getmask(c)) != box for c in set(text))


def wrap(text: str, letters: FreeTypeFont, width_px: int) -> list[str]:
    """Break a text into lines that fit; a word that is too long is broken too."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if letters.getlength(longer) <= width_px:
            line = longer
            continue
        if line:
            lines.append(line)
        *full, line = _pieces(word, letters, width_px)
        lines.extend(full)
    return [*lines, line] if line or not lines else lines


def largest(
    text: str, sizes: Sequence[int], width_px: int, *, bold: bool = False
) -> int:
    """Return the first size at which a text fits on one line, else the last."""
    for size in sizes:
        if font(size, bold=bold).getlength(text) <= width_px:
            return size
    return sizes[-1]


def shorten(text: str, letters: FreeTypeFont, width_px: int) -> str:
    """Cut a text that is too long for one line, with an ellipsis."""
    if letters.getlength(text) <= width_px:
        return text
    while text and letters.getlength(f"{text.rstrip()}…") > width_px:
        text = text[:-1]
    return f"{text.rstrip()}…"


def _pieces(word: str, letters: FreeTypeFont, width_px: int) -> list[str]:
    pieces = [""]
    for character in word:
        if pieces[-1] and letters.getlength(pieces[-1] + character) > width_px:
            pieces.append("")
        pieces[-1] += character
    return pieces
