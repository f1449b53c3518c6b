"""The top of the page: what a reader wants in five seconds, a card for each question.

::

    volumes  |  quality  |  position in the norm  |  change over time

Heights are fixed: a long reason is cut where its card ends and is told in full below.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from models.contract import Flag, Grade, Measurement
from node.report.answers import (
    Answer,
    Headline,
    Row,
    interval,
    rates,
    spoken,
    told,
    typeset,
)
from node.report.canvas import (
    BAD,
    FAINT,
    GOOD,
    LEADING,
    PANEL,
    WARNING,
    Canvas,
    block_height,
)
from node.report.course import draw_course
from node.report.facts import Line
from node.report.fonts import Colour, font, largest, wrap
from node.report.steps import draw_steps
from node.report.text import ReportText

GRADES: dict[Grade, tuple[str, Colour]] = {
    Grade.A: ("good", GOOD),
    Grade.B: ("with reservations", WARNING),
    Grade.C: ("do not rely on it", BAD),
}
"""What a grade means to a reader, and its colour."""

NO_RESERVATION = "No reservation was found."

NOT_STATED = "Not stated"
"""Stands for a number that is withheld; the reason follows."""

LONGEST_TITLE = 20
"""Of words before a colon, such as "Not determined", that stand there instead."""

GAP, INSET = 14, 18
TITLE_PX, WORDS_PX = 19, 20

SIZES_WIDTH, QUALITY_WIDTH, POSITION_WIDTH = 324, 300, 334
"""Of the first three cards; the last has what is left."""

MOST_ROWS = 3
"""Structures whose name stands above their numbers; more stand on a line each."""

REASON_SIZES = (20, 18, 17)
MOST_LINES = 2
"""Of the reason that stands above a course."""

MOST_SCORES = 2
"""Structures whose place in a norm is drawn."""


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
    _draw_sizes(sizes, text.rows)
    cut = _draw_quality(quality, text.grade, text.reasons)
    if text.position:
        cut += _labelled("Norm", _draw_position(position, text.position))
    if text.change:
        cut += _labelled("Change", _draw_change(change, text.change))
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


def _labelled(label: str, sentences: Sequence[str]) -> list[Line]:
    return [Line("" if n else label, words) for n, words in enumerate(sentences)]


def _draw_sizes(card: Card, rows: Sequence[Row]) -> None:
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
            _narrow_row(card, row, middle, int(min(24, pitch * 0.6)))
        else:
            _row(card, row, middle)
        y += pitch


def _row(card: Card, row: Row, middle: float) -> None:
    """Write the name of a structure and its numbers below."""
    size = 40 if row.union else 36
    x: float = card.left + 20
    room = card.room - 20
    name = largest(row.structure, (20, 18, 16), room, bold=row.union)
    place = (x, middle - 13)
    card.canvas.line(place, row.structure, name, bold=row.union, width=room)
    for number, (value, unit) in enumerate(row.numbers[:2]):
        letters, units = (size, 20) if number == 0 else (size - 10, 18)
        x += card.canvas.line((x, middle + 28), value, letters, bold=True) + 6
        x += card.canvas.line((x, middle + 28), unit, units, FAINT) + 20


def _narrow_row(card: Card, row: Row, middle: float, size: int) -> None:
    """Write name and numbers on one line."""
    y = middle + size * 0.36
    right = float(card.x + card.width - INSET)
    for value, unit in reversed(row.numbers[:2]):
        right -= font(size - 4).length(unit)
        card.canvas.line((right, y), unit, size - 4, FAINT)
        right -= 5
        drawn = card.canvas.line((right, y), value, size, bold=True, anchor="rs")
        right -= drawn + 14
    room = round(right) - card.left - 20
    name = largest(row.structure, (20, 18, 16, 14), room, bold=row.union)
    place = (card.left + 20, y)
    card.canvas.line(place, row.structure, name, bold=row.union, width=room)


def _draw_quality(card: Card, grade: Grade, reasons: Sequence[Flag]) -> list[Line]:
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
    shown = _draw_reasons(card, card.y + 96, words)
    return _labelled("Reservations", words[shown:])


def _draw_reasons(card: Card, y: float, reasons: Sequence[str]) -> int:
    """Write whole reasons, and how many stand below; return how many fit."""
    if not reasons:
        card.words(y, NO_RESERVATION)
        return 0
    shown, size = _fitting(reasons, card.room, card.bottom - y)
    for reason in reasons[:shown]:
        y = card.canvas.block((card.left, y), reason, size, card.room) + 3
    left = len(reasons) - shown
    if left:
        more = f"{left} more below" if shown else f"Reservations below: {left}"
        card.canvas.line((card.left, y + size), more, size, FAINT)
    return shown


def _fitting(reasons: Sequence[str], width: int, room: float) -> tuple[int, int]:
    """Return how many reasons fit, a line for the rest counted, and their size."""
    for size in REASON_SIZES:
        if sum(block_height(reason, size, width) + 3 for reason in reasons) <= room:
            return len(reasons), size
    size = REASON_SIZES[-1]
    shown, needed = 0, size * LEADING
    for reason in reasons:
        needed += block_height(reason, size, width) + 3
        if needed > room:
            break
        shown += 1
    return shown, size


def _draw_position(card: Card, answer: Answer) -> list[str]:
    """Draw the steps of a percentile with a mark; return what found no room."""
    y = card.open("Position in the norm")
    if not answer.numbers:
        return _draw_words(card, y, answer)
    scores = answer.numbers[:MOST_SCORES]
    room = (card.bottom - y) / len(scores)
    cut = [spoken(score) for score in answer.numbers[MOST_SCORES:]]
    used = []
    for score in scores:
        said = [s for s in answer.sentences if s.structure == score.structure][:1]
        used += said
        if not _draw_score(card, (y, room), score, "".join(s.text for s in said)):
            cut.append(spoken(score))
        y += room
    others = [s for s in (*answer.sentences, *answer.withheld) if s not in used]
    return [*cut, *map(told, others)]


def _draw_score(
    card: Card, place: tuple[float, float], score: Measurement, said: str
) -> bool:
    """Draw the answer in words, z, the steps and the norm; tell whether all fits."""
    y, room = place
    value = f"z {typeset(score.printed)}"
    width = round(card.room - font(18).length(value) - 12)
    size = largest(said, (28, 26, 24, 21, 18, 16), width, bold=True)
    line = y + 30
    card.canvas.line((card.left, line), said, size, bold=True, width=width)
    right = (card.left + card.room, line)
    card.canvas.line(right, value, 18, anchor="rs")
    below = draw_steps(card.canvas, (card.left, line + 14), card.room, score.value)
    behind = "; ".join(filter(None, (interval(score), score.reference)))
    source = ": ".join(filter(None, (score.structure, behind)))
    lines = int((y + room - below) / (15 * LEADING))
    if lines < 1:
        return False
    at = (card.left, below)
    card.canvas.block(at, source, 15, card.room, FAINT, lines=lines)
    return len(wrap(source, font(15), card.room)) <= lines


def _draw_change(card: Card, answer: Answer) -> list[str]:
    """Write the change of one structure, draw its course; return what is left out."""
    trend = max(answer.trends, key=lambda each: bool(each.bands), default=None)
    about = trend.structure if trend else ""
    known = sorted(rates(answer), key=lambda rate: rate[0] != about)
    of = known[0][0] if known else about
    y = card.open(f"Change over time: {of}" if of else "Change over time")
    if not known and not trend:
        return _draw_words(card, y, answer)
    left = [told(said) for said in (*answer.withheld, *answer.sentences)]
    if known:
        y = _draw_rate(card, y, known[0][1])
        left = _untold(answer, known[0])
    elif left:
        y, whole = _draw_reason(card, y, left[0])
        left = left[1:] if whole else left
    if trend:
        box = (card.left, round(y), card.room, round(card.bottom - y))
        draw_course(card.canvas, box, trend)
    return left


def _untold(answer: Answer, shown: tuple[str, Headline]) -> list[str]:
    """Return what is known of a change besides the headline that is shown."""
    others = [spoken(n) for n in answer.numbers if n.structure != shown[0]]
    for said in (*answer.withheld, *answer.sentences):
        line = Headline.of(said.text)
        if (said.structure, line) != shown:
            others.append(told(said))
        elif line and line.rest:
            others.append(f"{said.structure}: {line.rest}")
    return others


def _draw_reason(card: Card, y: float, reason: str) -> tuple[float, bool]:
    """Write why there is no rate above a course; tell whether all of it fits."""
    below = card.canvas.block((card.left, y), reason, 17, card.room, lines=MOST_LINES)
    return below + 4, len(wrap(reason, font(17), card.room)) <= MOST_LINES


def _draw_rate(card: Card, y: float, rate: Headline) -> float:
    """Write a change per year, its interval beside it; return the y below."""
    line, right = y + 32, card.left + card.room
    x = card.left + card.canvas.line((card.left, line), rate.number, 36, bold=True)
    room = card.room - (font(18).length(rate.interval) if rate.interval else 0)
    width = round(card.left + room - x - 14)
    size = largest(rate.unit, (20, 18, 16), width)
    card.canvas.line((x + 7, line), rate.unit, size, FAINT, width=width)
    if rate.interval:
        name = (right, line - 19)
        card.canvas.line(name, "95 % interval", 16, FAINT, anchor="rs")
        card.canvas.line((right, line), rate.interval, 18, anchor="rs")
    return y + 42


def _draw_words(card: Card, y: float, answer: Answer) -> list[str]:
    """Write why there is no number, or what is said instead; return what is cut."""
    cut = []
    for number, said in enumerate((*answer.withheld, *answer.sentences)):
        text = said.text
        if said.reason and number == 0:
            title, text = _titled(text)
            card.canvas.line((card.left, y + 26), title, 26, bold=True, width=card.room)
            y += 40
        y, whole = card.words(y, text)
        if not whole:
            cut.append(told(said))
    return cut


def _titled(text: str) -> tuple[str, str]:
    """Return the first words of a reason, and the rest as a sentence."""
    title, _, rest = text.partition(": ")
    if not rest or len(title) > LONGEST_TITLE:
        return NOT_STATED, text
    return title, rest[:1].upper() + rest[1:]
