"""A page to write on: positions in pixels, and a memory of every word written."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from node.report.fonts import Box, Colour, font, shorten, wrap
from node.report.scripts import printable

PAPER: Colour = (12, 16, 21)
"""Dark, as the room in which it is read."""
PANEL: Colour = (22, 29, 38)
RULE: Colour = (48, 60, 74)
INK: Colour = (234, 239, 244)
FAINT: Colour = (150, 167, 184)
GOOD: Colour = (63, 185, 104)
WARNING: Colour = (240, 178, 60)
BAD: Colour = (240, 88, 82)

LEADING = 1.34
"""Distance of lines in font sizes."""


@dataclass(slots=True)
class Canvas:
    """One page, and a memory of it in the order of drawing.

    Attributes
    ----------
    written
        Every text on the page.
    boxes
        Where the ink of each of them lies.
    """

    image: Image.Image
    pen: ImageDraw.ImageDraw
    written: list[str] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)

    @classmethod
    def blank(cls, width: int, height: int) -> Canvas:
        """Return an empty page of this size in pixels."""
        image = Image.new("RGB", (width, height), PAPER)
        return cls(image, ImageDraw.Draw(image))

    def line(
        self,
        xy: tuple[float, float],
        text: str,
        size: int,
        colour: Colour = INK,
        *,
        bold: bool = False,
        anchor: str = "ls",
        width: int | None = None,
        halo: bool = False,
    ) -> float:
        """Write one line at its baseline, cut to ``width``; return its length.

        ``halo`` draws a dark rim, for letters on a picture.
        """
        letters = font(size, bold=bold)
        if width is not None:
            text = shorten(text, letters, width)
        rim = 2 if halo else 0
        self.boxes.append(
            letters.draw(
                self.pen, xy, text, colour, anchor=anchor, rim=rim, rim_colour=PAPER
            )
        )
        self.written.append(printable(text))
        return letters.length(text)

    def block(
        self,
        xy: tuple[float, float],
        text: str,
        size: int,
        width: int,
        colour: Colour = INK,
        *,
        lines: int | None = None,
    ) -> float:
        """Write wrapped text from its top, at most ``lines``; return the y below."""
        x, y = xy
        letters = font(size)
        wrapped = wrap(text, letters, width)
        if lines is not None and len(wrapped) > lines:
            rest = " ".join(wrapped[lines - 1 :])
            wrapped = [*wrapped[: lines - 1], shorten(rest, letters, width)]
        for line in wrapped:
            self.line((x, y + size), line, size, colour)
            y += size * LEADING
        return y

    def rule(self, x: float, y: float, width: float) -> None:
        """Draw a thin horizontal line."""
        self.pen.line((x, y, x + width, y), RULE, 1)

    def pixels(self) -> npt.NDArray[np.uint8]:
        """Return the page, ``(H, W, 3)`` RGB."""
        return np.asarray(self.image, np.uint8)


def block_height(text: str, size: int, width: int) -> float:
    """Return the height that `Canvas.block` would need."""
    return len(wrap(text, font(size), width)) * size * LEADING
