"""A card of the page: a panel of fixed size that words never leave."""

from __future__ import annotations

from dataclasses import dataclass

from node.report.canvas import FAINT, LEADING, PANEL, Canvas
from node.report.fonts import font, wrap

INSET = 18
TITLE_PX, WORDS_PX = 19, 20


@dataclass(frozen=True, slots=True)
class Card:
    """A part of the page with a title and a fixed size."""

    canvas: Canvas
    x: int
    y: int
    width: int
    height: int

    def open(self, title: str) -> float:
        """Draw the panel and its title; return the y below the title."""
        frame = (self.x, self.y, self.x + self.width, self.y + self.height)
        self.canvas.pen.rounded_rectangle(frame, 10, fill=PANEL)
        if not title:
            return self.y + 8
        place = (self.left, self.y + 29)
        self.canvas.line(place, title, TITLE_PX, FAINT, width=self.room)
        return self.y + 38

    @property
    def left(self) -> int:
        """Where words begin."""
        return self.x + INSET

    @property
    def room(self) -> int:
        """Width of the words."""
        return self.width - 2 * INSET

    @property
    def bottom(self) -> int:
        """Where words end."""
        return self.y + self.height - 10

    def words(self, y: float, text: str, size: int = WORDS_PX) -> tuple[float, bool]:
        """Write a sentence down to the end of the card.

        Returns
        -------
        tuple
            The y below it, and whether all of it is there.
        """
        room = int((self.bottom - y) / (size * LEADING))
        needed = len(wrap(text, font(size), self.room))
        if room < 1:
            return y, False
        below = self.canvas.block((self.left, y), text, size, self.room, lines=room)
        return below + 4, needed <= room
