"""The top of the page: what a reader wants in five seconds, a card for each question.

::

    volumes  |  quality  |  position in the norm  |  change over time

Heights are fixed: a long reason is cut where its card ends and is told in full below.
"""

from __future__ import annotations

from collections.abc import Sequence

from models.terms import Flag, Grade
from node.report.answers import Row
from node.report.canvas import (
    BAD,
    FAINT,
    GOOD,
    INK,
    PANEL,
    WARNING,
    Canvas,
)
from node.report.card import INSET, Card
from node.report.card_answers import draw_change, draw_position
from node.report.facts import Line
from node.report.fonts import Colour, font, largest
from node.report.text import ReportText

GRADES: dict[Grade, tuple[str, Colour]] = {
    Grade.A: ("good", GOOD),
    Grade.B: ("with reservations", WARNING),
    Grade.C: ("do not rely on it", BAD),
}
"""What a grade means to a reader, and its colour."""

NO_RESERVATION = "No reservation was found."
REASON_SIZES = (20, 18, 17)

GAP = 14
SIZES_WIDTH, QUALITY_WIDTH, POSITION_WIDTH = 324, 300, 334
"""Of the first three cards; the last has what is left."""

MOST_ROWS = 3
"""Structures whose name stands above their numbers; more stand on a line each."""


def draw_cards(
    canvas: Canvas, text: ReportText, box: tuple[int, int, int, int]
) -> list[Line]:
    """Draw the cards into ``box`` (x, y, width, height).

    Questions that nobody answers get no card; the card of the grade gets their place.

    Returns
    -------
    list of Line
        What belongs on a card and found no room there.
    """
    sizes, quality, position, change = _cards(canvas, text, box)
    ink = FAINT if text.grade == Grade.C else INK  # no glance takes it for sure
    _draw_sizes(sizes, text.rows, ink)
    cut = draw_quality(quality, text.grade, text.reasons)
    if text.position:
        cut += labelled("Norm", draw_position(position, text.position))
    if text.change:
        cut += labelled("Change", draw_change(change, text.change))
    return cut


def _cards(
    canvas: Canvas, text: ReportText, box: tuple[int, int, int, int]
) -> list[Card]:
    x, y, width, height = box
    last = width - SIZES_WIDTH - QUALITY_WIDTH - POSITION_WIDTH - 3 * GAP
    wide = [SIZES_WIDTH, QUALITY_WIDTH, POSITION_WIDTH, last]
    for index, answer in ((2, text.position), (3, text.change)):
        if not answer:
            wide[1] += wide[index] + GAP
            wide[index] = -GAP
    cards = []
    for each in wide:
        cards.append(Card(canvas, x, y, each, height))
        x += each + GAP
    return cards


def labelled(label: str, sentences: Sequence[str]) -> list[Line]:
    """Return sentences as lines of the column, the first with a label."""
    return [Line("" if n else label, words) for n, words in enumerate(sentences)]


def _draw_sizes(card: Card, rows: Sequence[Row], ink: Colour) -> None:
    """Write a row per structure; unions larger, below a rule."""
    y = card.open("")
    pitch = (card.height - 16) / max(len(rows), MOST_ROWS)
    for row in rows:
        if row.union and row is not rows[0]:
            card.canvas.rule(card.left, y + 1, card.room)
        high = min(28.0, pitch / 2 - 4)
        middle = y + pitch / 2 + 1
        bar = (card.left, middle - high, card.left + 8, middle + high)
        card.canvas.pen.rounded_rectangle(bar, 3, fill=row.colour)
        if len(rows) > MOST_ROWS:
            _narrow_row(card, row, middle, int(min(24, pitch * 0.6)), ink)
        else:
            _row(card, row, middle, ink)
        y += pitch


def _row(card: Card, row: Row, middle: float, ink: Colour) -> None:
    """Write the name of a structure and its numbers below."""
    size = 40 if row.union else 36
    x: float = card.left + 20
    room = card.room - 20
    name = largest(row.structure, (20, 18, 16), room, bold=row.union)
    place = (x, middle - 13)
    card.canvas.line(place, row.structure, name, bold=row.union, width=room)
    for number, (value, unit) in enumerate(row.numbers[:2]):
        letters, units = (size, 20) if number == 0 else (size - 10, 18)
        place = (x, middle + 28)
        x += card.canvas.line(place, value, letters, ink, bold=True) + 6
        x += card.canvas.line((x, middle + 28), unit, units, FAINT) + 20


def _narrow_row(card: Card, row: Row, middle: float, size: int, ink: Colour) -> None:
    """Write name and numbers on one line."""
    y = middle + size * 0.36
    right = float(card.x + card.width - INSET)
    for value, unit in reversed(row.numbers[:2]):
        right -= font(size - 4).length(unit)
        card.canvas.line((right, y), unit, size - 4, FAINT)
        right -= 5
        place = (right, y)
        drawn = card.canvas.line(place, value, size, ink, bold=True, anchor="rs")
        right -= drawn + 14
    room = round(right) - card.left - 20
    name = largest(row.structure, (20, 18, 16, 14), room, bold=row.union)
    place = (card.left + 20, y)
    card.canvas.line(place, row.structure, name, bold=row.union, width=room)


def draw_quality(card: Card, grade: Grade, reasons: Sequence[Flag]) -> list[Line]:
    """Draw the letter and the reasons that fit; return the others."""
    meaning, colour = GRADES[grade]
    card.open("")
    stamp = (card.left, card.y + 16, card.left + 68, card.y + 84)
    card.canvas.pen.rounded_rectangle(stamp, 8, fill=colour)
    middle = (card.left + 34, card.y + 51)
    card.canvas.line(middle, grade.value, 48, PANEL, bold=True, anchor="mm")
    place = (card.left + 82, card.y + 45)
    card.canvas.line(place, f"Quality {grade}", 26, bold=True)
    size = largest(meaning, (21, 19, 18), card.room - 82)
    card.canvas.line((place[0], card.y + 74), meaning, size, width=card.room - 82)
    words = [flag.text for flag in reasons]
    shown = card.sentences(card.y + 96, words or [NO_RESERVATION], REASON_SIZES)
    return labelled("Reservations", words[shown:])
