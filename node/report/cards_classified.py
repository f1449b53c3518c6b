"""The top of a page that decides: the answer, its quality, its evidence, the findings.

::

    answer  |  quality  |  evidence  |  findings
"""

from __future__ import annotations

from collections.abc import Sequence

from models.terms import Grade
from node.report.canvas import BAD, FAINT, INK, RULE, WARNING, Canvas
from node.report.card import Card
from node.report.cards import draw_quality, labelled
from node.report.facts import Line
from node.report.fonts import Colour, font, largest
from node.report.places import Place
from node.report.text import ReportText
from node.report.verdict import Score, Verdict

GAP = 14
ANSWER_WIDTH, QUALITY_WIDTH, EVIDENCE_WIDTH = 356, 276, 300
"""The findings have what is left."""

DEMONSTRATION = "demonstration"
"""Stands beside the number too: nobody reads it without."""

NOTHING_PLACED = "Nothing was located."

NUMBER_PX = 62

GAUGE = 14
"""Height of the bar of a probability, in pixels."""

MOST_SCORES = 4
ROW, ROW_LARGE = 40, 62
"""Pitch of the findings; the large one while they fit."""


def draw_decision(
    canvas: Canvas, text: ReportText, box: tuple[int, int, int, int]
) -> list[Line]:
    """Draw the cards into ``box`` (x, y, width, height).

    Returns
    -------
    list of Line
        What belongs on a card and found no room there.
    """
    x, y, width, height = box
    first, *others = text.verdicts
    wide = [ANSWER_WIDTH, QUALITY_WIDTH]
    if first.evidence:
        wide.append(EVIDENCE_WIDTH)
    cards = []
    for each in (*wide, width - sum(wide) - GAP * len(wide)):
        cards.append(Card(canvas, x, y, each, height))
        x += each + GAP
    _draw_answer(cards[0], first, text)
    cut = draw_quality(cards[1], text.grade, text.reasons)
    if first.evidence:
        cut += labelled("Evidence", _draw_evidence(cards[2], first.evidence))
    cut += labelled("Found", _draw_findings(cards[-1], text.places))
    return cut + labelled("Further", [_told(verdict) for verdict in others])


def colour_of(verdict: Verdict, grade: Grade) -> Colour:
    """Return the colour of an answer; none of them is the green of a good result."""
    if verdict.is_positive:
        return WARNING
    return FAINT if grade == Grade.C else INK


def _told(verdict: Verdict) -> str:
    return (
        f"{verdict.structure}: {verdict.positive} {verdict.probability} "
        f"(threshold {verdict.limit}), {verdict.decision}"
    )


def _draw_answer(card: Card, verdict: Verdict, text: ReportText) -> None:
    """Write the probability, where it lies to the threshold, and the decision."""
    card.open("")
    title = f"{verdict.structure}: probability of {verdict.positive}"
    size = largest(title, (19, 18, 17, 16), card.room)
    card.canvas.line((card.left, card.y + 31), title, size, FAINT, width=card.room)
    colour = colour_of(verdict, text.grade)
    number = (card.left, card.y + 104)
    used = card.canvas.line(number, verdict.probability, NUMBER_PX, colour, bold=True)
    _draw_gauge(card, card.y + 122, verdict, colour)
    y = card.y + 178
    where, _, what = verdict.decision.partition(": ")
    for words in filter(None, (where, what)):
        size = largest(words, (24, 22, 20, 18), card.room, bold=True)
        place = (card.left, y + 14)
        card.canvas.line(place, words, size, colour, bold=True, width=card.room)
        y += 30
    card.canvas.line((card.left, y + 10), verdict.caution, 17, FAINT, width=card.room)
    if text.heading.startswith("DEMONSTRATION"):
        room = round(card.room - used - 12)
        size = largest(DEMONSTRATION, (17, 16, 15, 14), room, bold=True)
        right = (card.left + card.room, card.y + 104)
        card.canvas.line(right, DEMONSTRATION, size, BAD, bold=True, anchor="rs")


def _draw_gauge(card: Card, y: float, verdict: Verdict, colour: Colour) -> None:
    """Draw a bar from 0 to 1 with a mark at the threshold and its number below."""
    left, right = card.left, card.left + card.room
    card.canvas.pen.rectangle((left, y, right, y + GAUGE), fill=RULE)
    end = left + verdict.value * card.room
    card.canvas.pen.rectangle((left, y, end, y + GAUGE), fill=colour)
    mark = left + verdict.threshold * card.room
    card.canvas.pen.line((mark, y - 5, mark, y + GAUGE + 5), INK, 3)
    words = f"threshold {verdict.limit}"
    half = font(16).length(words) / 2
    middle = min(max(mark, left + half), right - half)
    card.canvas.line((middle, y + GAUGE + 22), words, 16, FAINT, anchor="ms")


def _draw_evidence(card: Card, scores: Sequence[Score]) -> list[str]:
    """Draw a bar for each score, marked where it decided; return what is cut."""
    y = card.open("Evidence")
    shown = scores[:MOST_SCORES]
    pitch = (card.bottom - y) / max(len(shown), 3)
    for score in shown:
        baseline = y + pitch / 2 - 3
        ink = INK if score.decided else FAINT
        used = card.canvas.line(
            (card.left + card.room, baseline),
            score.printed,
            20,
            ink,
            bold=score.decided,
            anchor="rs",
        )
        name = f"{score.name}, decided" if score.decided else score.name
        room = round(card.room - used - 10)
        size = largest(name, (18, 17, 16, 15), room, bold=score.decided)
        place = (card.left, baseline)
        card.canvas.line(place, name, size, ink, bold=score.decided, width=room)
        top, end = baseline + 9, card.left + score.value * card.room
        frame = (card.left, top, card.left + card.room, top + 8)
        card.canvas.pen.rectangle(frame, fill=RULE)
        card.canvas.pen.rectangle((card.left, top, end, top + 8), fill=ink)
        y += pitch
    return [f"{score.name} {score.printed}" for score in scores[MOST_SCORES:]]


def _draw_findings(card: Card, places: Sequence[Place]) -> list[str]:
    """Write a row for each place, the most dangerous first; return what is cut."""
    y = card.open("Findings, most dangerous first") + 2
    if not places:
        card.canvas.line((card.left, y + 26), NOTHING_PLACED, 20)
        return []
    room = card.bottom - y
    pitch = ROW_LARGE if len(places) * ROW_LARGE <= room else ROW
    count = len(places) if len(places) * pitch <= room else int((room - 20) // pitch)
    for place in places[:count]:
        _row(card, y, pitch, place)
        y += pitch
    rest = places[count:]
    if rest:
        more = f"{len(rest)} more below"
        card.canvas.line((card.left, y + 15), more, 16, FAINT)
    return [f"{place.name}: {place.score}, {place.where}" for place in rest]


def _row(card: Card, y: float, pitch: int, place: Place) -> None:
    """Write number, kind and score of a place, and below where it lies."""
    name, detail = (22, 17) if pitch == ROW_LARGE else (18, 14)
    colour = place.structure.colour
    bar = (card.left, y + 3, card.left + 7, y + pitch - 7)
    card.canvas.pen.rounded_rectangle(bar, 3, fill=colour)
    left, baseline = card.left + 18, y + name
    right = (card.left + card.room, baseline)
    used = card.canvas.line(right, place.score, name, bold=True, anchor="rs")
    title = f"{place.number}  {place.structure.name}"
    room = round(card.left + card.room - left - used - 12)
    size = largest(title, (name, name - 2, 17, 16), room, bold=True)
    card.canvas.line((left, baseline), title, size, bold=True, width=room)
    room = card.left + card.room - left
    size = largest(place.where, (detail, 15, 14, 13), room)
    below = (left, baseline + detail + 4)
    card.canvas.line(below, place.where, size, FAINT, width=room)
