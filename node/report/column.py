"""The left column of the page: numbers, grade, and what else must be known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from models.contract import Grade
from node.report.canvas import (
    BAD,
    FAINT,
    GOOD,
    PANEL,
    WARNING,
    Canvas,
    block_height,
)
from node.report.facts import Line
from node.report.fonts import Colour, font, largest
from node.report.text import ReportText, Row

GRADES: dict[Grade, tuple[str, Colour]] = {
    Grade.A: ("good", GOOD),
    Grade.B: ("with reservations", WARNING),
    Grade.C: ("do not rely on it", BAD),
}
"""What a grade means to a reader, and its colour."""

NO_RESERVATION = "No reservation was found."

MOST_REASONS = 9
"""On the card; the structured report has all."""

SIZES = (17, 16, 15, 14, 13)
"""Font sizes, the first that fits; below the last the column is cut."""

LABEL_WIDTH = 112
CARD_INSET = 82
"""Where the words begin beside the letter of the grade."""

FIELDS = {"mm³": 124, "mL": 96}
"""Least width of a number with its unit, so that columns align."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the page from ``top`` to ``bottom``, filled downwards."""

    canvas: Canvas
    x: int
    top: float
    width: int
    bottom: float

    def fill(self, text: ReportText, elsewhere: Sequence[str]) -> None:
        """Write numbers, grade, and all lines but those that stand ``elsewhere``."""
        y = self._numbers(text.rows, self.top)
        groups = _groups(text, elsewhere)
        size = next((s for s in SIZES if self._fits(text, groups, y, s)), SIZES[-1])
        y = self._grade(text, y, size)
        for number, group in enumerate(groups):
            if y >= self.bottom:
                return
            if number:
                self.canvas.rule(self.x, y + 3, self.width)
                y += 12
            y = self._lines(group, y, size)

    def _numbers(self, rows: Sequence[Row], y: float) -> float:
        """Write a line per structure, unions larger and below a rule."""
        for row in rows:
            size = 32 if row.union else 25
            if row.union:
                self.canvas.rule(self.x, y + 6, self.width)
                y += 12
            y += size + 6
            swatch = (self.x, y - 17, self.x + 14, y - 1)
            self.canvas.pen.rounded_rectangle(swatch, 3, fill=row.colour)
            right: float = self.x + self.width
            for value, unit in reversed(row.numbers):
                right = self._number(right, y, value, unit, size)
            self._name(row, y, round(right) - self.x - 26)
            y += 8
        return y + 18

    def _name(self, row: Row, y: float, room: int) -> None:
        """Write the name of a structure in the largest letters that fit."""
        size = largest(row.structure, (21, 19, 17, 15), room, bold=row.union)
        place = (self.x + 26, y)
        self.canvas.line(place, row.structure, size, bold=row.union, width=room)

    def _number(
        self, right: float, y: float, value: str, unit: str, size: int
    ) -> float:
        """Write a number that ends at ``right``; return where its field begins."""
        unit_width = max(font(16).length(unit), 34)
        self.canvas.line((right - unit_width, y), unit, 16, FAINT)
        end = (right - unit_width - 6, y)
        drawn = self.canvas.line(end, value, size, bold=True, anchor="rs")
        return right - max(FIELDS.get(unit, 0), drawn + unit_width + 20)

    def _grade(self, text: ReportText, y: float, size: int) -> float:
        """Draw the card with the grade and its reasons; return the y below it."""
        meaning, colour = GRADES[text.grade]
        canvas, height = self.canvas, self._card_height(text, size)
        card = (self.x, y, self.x + self.width, y + height)
        canvas.pen.rounded_rectangle(card, 10, fill=PANEL)
        stamp = (self.x + 12, y + 12, self.x + 66, y + 66)
        canvas.pen.rounded_rectangle(stamp, 8, fill=colour)
        middle = (self.x + 39, y + 40)
        canvas.line(middle, text.grade.value, 36, PANEL, bold=True, anchor="mm")
        x = self.x + CARD_INSET
        canvas.line((x, y + 29), f"Quality {text.grade}: {meaning}", 19, bold=True)
        below = y + 38
        for reason in _reasons(text):
            below = canvas.block((x, below), reason, size, self._card_width) + 2
        return y + height + 16

    @property
    def _card_width(self) -> int:
        return self.width - CARD_INSET - 12

    def _card_height(self, text: ReportText, size: int) -> float:
        reasons = (block_height(r, size, self._card_width) + 2 for r in _reasons(text))
        return max(78, 48 + sum(reasons))

    def _fits(
        self, text: ReportText, groups: Sequence[Sequence[Line]], y: float, size: int
    ) -> bool:
        lines = sum(self._height(line, size) for group in groups for line in group)
        height = self._card_height(text, size) + 16 + lines + 12 * len(groups)
        return y + height <= self.bottom

    def _height(self, line: Line, size: int) -> float:
        return block_height(line.value, size, self.width - LABEL_WIDTH) + 4

    def _lines(self, lines: Sequence[Line], y: float, size: int) -> float:
        """Write lines; where the column ends, say that the SR holds the rest."""
        for number, line in enumerate(lines):
            needed = self._height(line, size)
            last = number == len(lines) - 1
            if y + needed + (0 if last else size * 1.4) > self.bottom:
                if y + size <= self.bottom:
                    rest = "… continued in the structured report"
                    self.canvas.line((self.x, y + size), rest, size, FAINT)
                return self.bottom
            label = (self.x, y + size)
            self.canvas.line(label, line.label, size, FAINT, width=LABEL_WIDTH - 8)
            place = (self.x + LABEL_WIDTH, y)
            self.canvas.block(place, line.value, size, self.width - LABEL_WIDTH)
            y += needed
        return y


def _reasons(text: ReportText) -> list[str]:
    reasons = [flag.text for flag in text.reasons] or [NO_RESERVATION]
    if len(reasons) <= MOST_REASONS:
        return reasons
    return [*reasons[:MOST_REASONS], "… more in the structured report"]


def _groups(text: ReportText, elsewhere: Sequence[str]) -> list[list[Line]]:
    """Return the lines below the grade: what limits the result, then the facts."""
    notes = [
        Line("" if number else "Notes", flag.text)
        for number, flag in enumerate(text.notes)
    ]
    facts = [line for line in text.patient if line.label not in elsewhere]
    groups = ([*text.statements, *notes], [*facts, *text.images])
    return [group for group in groups if group]
