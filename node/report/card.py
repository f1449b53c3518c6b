"""A card of the page: a panel of fixed size that words never leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from node.report.canvas import FAINT, LEADING, PANEL, Canvas, block_height

INSET = 18
TITLE_PX = 19

BETWEEN = 3
"""Pixels between sentences."""


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

    def sentences(self, y: float, texts: Sequence[str], sizes: Sequence[int]) -> int:
        """Write sentences whole, then how many more stand below; return how many fit.

        As many as fit at all, in the largest of ``sizes`` at which they do. Of one
        that is too long by itself the beginning stands there.
        """
        count, size = _fitting(texts, sizes, (self.room, self.bottom - y))
        for text in texts[:count]:
            y = self.canvas.block((self.left, y), text, size, self.room) + BETWEEN
        if count == len(texts):
            return count
        if count:
            more = f"{len(texts) - count} more below"
            self.canvas.line((self.left, y + size), more, size, FAINT)
        else:
            lines = int((self.bottom - y) / (size * LEADING))
            place = (self.left, y)
            self.canvas.block(place, texts[0], size, self.room, lines=lines)
        return count


def _fitting(
    texts: Sequence[str], sizes: Sequence[int], box: tuple[int, float]
) -> tuple[int, int]:
    """Return how many texts fit, a line for the rest counted, and their size."""
    width, room = box

    def fits(count: int, size: int) -> bool:
        needed = sum(
            block_height(text, size, width) + BETWEEN for text in texts[:count]
        )
        rest = size * LEADING if count < len(texts) else 0.0
        return needed + rest <= room

    wanted = range(len(texts), -1, -1)
    return next(
        ((count, size) for count in wanted for size in sizes if fits(count, size)),
        (0, sizes[-1]),
    )
