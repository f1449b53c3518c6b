"""The left column of the page, below the answers: what limits them, then the facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from node.report.canvas import FAINT, Canvas, block_height
from node.report.facts import NOT_GIVEN, Line
from node.report.fonts import largest
from node.report.text import ReportText

SIZES = (17, 16, 15, 14, 13)
"""Font sizes, the first that fits; below the last the column is cut."""

LABEL_WIDTH = 126
"""Of a label of twelve letters, such as Reservations."""
LABEL_SIZES = (16, 15, 14, 13, 12, 11)
"""Font sizes of a label that is too long at the size of the column."""

RULE_HEIGHT = 12
"""Of the rule between limits and facts."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the page from ``top`` to ``bottom``, filled downwards."""

    canvas: Canvas
    x: int
    top: float
    width: int
    bottom: float

    def fill(self, limits: Sequence[Line], facts: Sequence[Line]) -> None:
        """Write what limits the result, then the facts, which are never cut by it."""
        size = next((s for s in SIZES if self._fits(limits, facts, s)), SIZES[-1])
        end = self.bottom - self._total(facts, size) - RULE_HEIGHT
        y = self._lines(limits, self.top, end, size)
        if limits and facts:
            self.canvas.rule(self.x, y + 3, self.width)
            y += RULE_HEIGHT
        self._lines(facts, y, self.bottom, size)

    def _fits(self, limits: Sequence[Line], facts: Sequence[Line], size: int) -> bool:
        needed = self._total([*limits, *facts], size) + RULE_HEIGHT
        return self.top + needed <= self.bottom

    def _total(self, lines: Sequence[Line], size: int) -> float:
        return sum(self._height(line, size) for line in lines)

    def _height(self, line: Line, size: int) -> float:
        return block_height(line.value, size, self.width - LABEL_WIDTH) + 4

    def _lines(
        self, lines: Sequence[Line], y: float, bottom: float, size: int
    ) -> float:
        """Write lines down to ``bottom``; there, say that the SR holds the rest."""
        for number, line in enumerate(lines):
            needed = self._height(line, size)
            last = number == len(lines) - 1
            if y + needed + (0 if last else size * 1.4) > bottom:
                if y + size <= bottom:
                    rest = "… continued in the structured report"
                    self.canvas.line((self.x, y + size), rest, size, FAINT)
                return bottom
            self._label(line.label, y + size, size)
            place = (self.x + LABEL_WIDTH, y)
            self.canvas.block(place, line.value, size, self.width - LABEL_WIDTH)
            y += needed
        return y

    def _label(self, label: str, baseline: float, size: int) -> None:
        """Write a label, smaller where it is long: cut, it would say nothing."""
        room = LABEL_WIDTH - 8
        size = largest(label, (size, *LABEL_SIZES), room)
        self.canvas.line((self.x, baseline), label, size, FAINT, width=room)


def lines_below(
    text: ReportText, cut: Sequence[Line], elsewhere: Sequence[str]
) -> tuple[list[Line], list[Line]]:
    """Return the lines of the column: what limits the result, and the facts.

    Parameters
    ----------
    cut
        What found no room on the cards above.
    elsewhere
        Labels of facts that stand in the head of the page.
    """
    notes = [Line("" if n else "Notes", flag.text) for n, flag in enumerate(text.notes)]
    stated = (*text.patient, *text.images, *text.making)
    facts = [line for line in stated if line.label not in elsewhere]
    return [*notes, *cut, *text.statements], _gathered(facts)


def _gathered(facts: Sequence[Line]) -> list[Line]:
    """Return the facts with those that nobody states named together, at the end."""
    missing = [line.label.lower() for line in facts if line.value == NOT_GIVEN]
    known = [line for line in facts if line.value != NOT_GIVEN]
    return [*known, Line("Not given", ", ".join(missing))] if missing else known
