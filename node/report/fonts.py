"""Letters for the page, from fonts that ship with the node (``fonts/README.md``).

The same glyphs on every machine: pages are equal to the byte, and the name of no
patient is a row of boxes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby
from pathlib import Path

from PIL import ImageFont
from PIL.ImageDraw import ImageDraw
from PIL.ImageFont import FreeTypeFont

from node.report.scripts import REPLACEMENT, printable, visual

FOLDER = Path(__file__).with_name("fonts")

FALLBACKS = ("DroidSansFallbackFull.ttf", "DroidSansFallbackHangul.ttf")
FACES = {
    False: ("DejaVuSans.ttf", *FALLBACKS),
    True: ("DejaVuSans-Bold.ttf", "DejaVuSans.ttf", *FALLBACKS),
}
"""Font files by weight; a character is drawn with the first that has it."""

NOT_A_CHARACTER = "\uffff"
"""Never assigned (Unicode 23.7): drawn as the box that stands for a missing glyph."""

NUMBER_AND_UNIT = re.compile(r"(?<=\d) (?=(?:mm|cm|ms|T|mL|HU|%)(?![a-zA-Z]))")
"""The space before a unit: a line is not broken there."""

NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"

Colour = tuple[int, int, int]
Box = tuple[float, float, float, float]
"""Left, top, right and bottom in pixels of the page."""


@dataclass(frozen=True, slots=True)
class Letters:
    """Letters of one size and weight, of as many fonts as a text needs."""

    size_px: int
    bold: bool = False

    def length(self, text: str) -> float:
        """Return the width of a text in pixels."""
        return sum(face.getlength(piece) for face, piece in self._pieces(text))

    def draw(
        self,
        pen: ImageDraw,
        xy: tuple[float, float],
        text: str,
        colour: Colour,
        *,
        anchor: str = "ls",
        rim: int = 0,
        rim_colour: Colour | None = None,
    ) -> Box:
        """Draw a text on one line; return the box of its ink.

        ``anchor`` as in Pillow: ``l``, ``m`` or ``r`` and then ``s``, ``m``, ``t``
        or ``b`` say which point of the text lies at ``xy``.
        """
        share = {"l": 0.0, "m": 0.5, "r": 1.0}[anchor[0]]
        x, y = xy[0] - share * self.length(text), xy[1]
        boxes = []
        for face, piece in self._pieces(text):
            place, corner = (x, y), f"l{anchor[1]}"
            pen.text(
                place,
                piece,
                colour,
                face,
                corner,
                stroke_width=rim,
                stroke_fill=rim_colour,
            )
            boxes.append(pen.textbbox(place, piece, face, corner, stroke_width=rim))
            x += face.getlength(piece)
        return _around(boxes) if boxes else (x, y, x, y)

    def _pieces(self, text: str) -> list[tuple[FreeTypeFont, str]]:
        pieces = runs(text, bold=self.bold)
        return [(_face(name, self.size_px), piece) for name, piece in pieces]


@cache
def font(size_px: int, *, bold: bool = False) -> Letters:
    """Return the letters of one size."""
    return Letters(size_px, bold)


@lru_cache(4096)
def runs(text: str, *, bold: bool) -> tuple[tuple[str, str], ...]:
    """Return a text as it is drawn, in pieces of one font file each.

    A character that no font has is replaced by a compatible one (Unicode NFKC), else
    by the replacement character: never by the box of a missing glyph.
    """

    def name_of(character: str) -> str:
        return face_of(character, bold=bold) or FACES[bold][0]

    drawn = groupby(_drawn(text, bold=bold), name_of)
    return tuple((name, "".join(characters)) for name, characters in drawn)


def has_glyphs(text: str) -> bool:
    """Say whether every character of a text can be drawn."""
    return _drawn(text, bold=False).count(REPLACEMENT) == text.count(REPLACEMENT)


@lru_cache(8192)
def face_of(character: str, *, bold: bool) -> str | None:
    """Return the first font file that has a character, None when no file has it."""
    for name in FACES[bold]:
        probe = _face(name, 16)
        if bytes(probe.getmask(character)) != bytes(probe.getmask(NOT_A_CHARACTER)):
            return name
    return None


def wrap(text: str, letters: Letters, width_px: int) -> list[str]:
    """Break a text into lines that fit; a word that is too long is broken too.

    A number stays with its unit.
    """
    lines: list[str] = []
    line = ""
    words = " ".join(printable(text).split())
    for word in NUMBER_AND_UNIT.sub(NO_BREAK_SPACE, words).split(" "):
        longer = f"{line} {word}".strip()
        if letters.length(longer) <= width_px:
            line = longer
            continue
        if line:
            lines.append(line)
        *full, line = _broken(word, letters, width_px)
        lines.extend(full)
    return [*lines, line] if line or not lines else lines


def largest(
    text: str, sizes: Sequence[int], width_px: int, *, bold: bool = False
) -> int:
    """Return the first size at which a text fits on one line, else the last."""
    for size in sizes:
        if font(size, bold=bold).length(text) <= width_px:
            return size
    return sizes[-1]


def shorten(text: str, letters: Letters, width_px: int) -> str:
    """Cut a text that is too long for one line, with an ellipsis."""
    if letters.length(text) <= width_px:
        return text
    while text and letters.length(f"{text.rstrip()}…") > width_px:
        text = text[:-1]
    return f"{text.rstrip()}…"


@cache
def _face(name: str, size_px: int) -> FreeTypeFont:
    return ImageFont.truetype(
        FOLDER / name, size_px, layout_engine=ImageFont.Layout.BASIC
    )


def _drawn(text: str, *, bold: bool) -> str:
    return "".join(_with_glyph(character, bold=bold) for character in visual(text))


def _with_glyph(character: str, *, bold: bool) -> str:
    for candidate in (character, unicodedata.normalize("NFKC", character)):
        if all(face_of(c, bold=bold) for c in candidate):
            return candidate
    return REPLACEMENT


def _around(boxes: Sequence[Box]) -> Box:
    left, top, right, bottom = zip(*boxes, strict=True)
    return min(left), min(top), max(right), max(bottom)


def _broken(word: str, letters: Letters, width_px: int) -> list[str]:
    pieces = [""]
    for character in word:
        if pieces[-1] and letters.length(pieces[-1] + character) > width_px:
            pieces.append("")
        pieces[-1] += character
    return pieces
