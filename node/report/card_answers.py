"""The cards of two questions: where in a norm, and how changed over time."""

from __future__ import annotations

from models.terms import Measurement, Statement
from node.report.answers import (
    Answer,
    Headline,
    interval,
    rates,
    spoken,
    step_and_whom,
    told,
    typeset,
)
from node.report.canvas import FAINT, LEADING
from node.report.card import Card
from node.report.course import draw_course
from node.report.fonts import font, largest, wrap
from node.report.steps import draw_steps

NOT_STATED = "Not stated"
"""Stands for a number that is withheld; the reason follows."""

UNKNOWN = {
    "side_unknown": "Side not known",
    "age_unknown": "Age not known",
    "sex_unknown": "Sex not known",
}
"""Reason code → headline, where somebody can declare or prove what is missing."""

LONGEST_TITLE = 24
"""Of words before a colon, such as "Not determined", that stand there instead."""

TEXT_SIZES = (20, 18, 17, 16)
"""Of the words of an answer without a number."""

MOST_LINES = 2
"""Of the reason that stands above a course."""

MOST_SCORES = 2
"""Structures whose place in a norm is drawn."""


def draw_position(card: Card, answer: Answer) -> list[str]:
    """Draw the steps of a percentile with a mark; return what found no room."""
    y = card.open("Position in the norm")
    scores = answer.numbers[:MOST_SCORES]
    if not scores:
        return _draw_words(card, y, answer)
    room = (card.bottom - y) / len(scores)
    cut = [spoken(score) for score in answer.numbers[MOST_SCORES:]]
    others = [*answer.sentences, *answer.withheld]
    for score in scores:
        said = next((s for s in answer.sentences if _is_about(s, score)), None)
        if said in others:
            others.remove(said)
        if not _draw_score(card, (y, room), score, said.text if said else ""):
            cut.append(told(said) if said else spoken(score))
        y += room
    return [*cut, *map(told, others)]


def _is_about(said: Statement, score: Measurement) -> bool:
    """Tell whether a sentence puts a score into words: of its norm, if it names it."""
    if said.structure != score.structure:
        return False
    _, whom = step_and_whom(said.text)
    return not whom or score.reference in whom


def _draw_score(
    card: Card, place: tuple[float, float], score: Measurement, said: str
) -> bool:
    """Draw the answer in words, z, the steps and the norm; tell whether all fits."""
    y, room = place
    step, whom = step_and_whom(said)
    value = f"z {typeset(score.printed)}"
    width = round(card.room - font(18).length(value) - 12)
    size = largest(step, (28, 26, 24, 21, 19, 17), width, bold=True)
    line = y + 30
    card.canvas.line((card.left, line), step, size, bold=True, width=width)
    right = (card.left + card.room, line)
    card.canvas.line(right, value, 18, anchor="rs")
    below = draw_steps(card.canvas, (card.left, line + 14), card.room, score.value)
    behind = "; ".join(filter(None, (interval(score), whom or score.reference)))
    source = ": ".join(filter(None, (score.structure, behind)))
    lines = int((y + room - below) / (15 * LEADING))
    if lines < 1:
        return False
    at = (card.left, below)
    card.canvas.block(at, source, 15, card.room, FAINT, lines=lines)
    return len(wrap(source, font(15), card.room)) <= lines


def draw_change(card: Card, answer: Answer) -> list[str]:
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
    """Write a change per year, its interval beside it, and below of what that is."""
    line, right = y + 32, card.left + card.room
    x = card.left + card.canvas.line((card.left, line), rate.number, 36, bold=True)
    room = card.room - (font(18).length(rate.interval) if rate.interval else 0)
    width = round(card.left + room - x - 14)
    size = largest(rate.unit, (20, 18, 16), width)
    card.canvas.line((x + 7, line), rate.unit, size, FAINT, width=width)
    if rate.interval:
        card.canvas.line((right, line), rate.interval, 18, anchor="rs")
        size = largest(rate.interval_name, (15, 14, 13), card.room)
        below = (right, line + 19)
        card.canvas.line(below, rate.interval_name, size, FAINT, anchor="rs")
    return y + (58 if rate.interval else 42)


def _draw_words(card: Card, y: float, answer: Answer) -> list[str]:
    """Write why there is no number, or what is said instead; return what is left."""
    withheld = sorted(answer.withheld, key=lambda each: each.reason not in UNKNOWN)
    said = [*answer.sentences, *withheld]
    title, texts = NOT_STATED, [each.text for each in said]
    if answer.sentences:
        title, texts[0] = step_and_whom(texts[0])
    elif said[0].reason in UNKNOWN:
        title = UNKNOWN[said[0].reason]
    elif len(said) == 1:
        title, texts[0] = _titled(texts[0])
    if not texts[0]:  # all of it is the title
        del texts[0], said[0]
    size = largest(title, (26, 23, 20, 18), card.room, bold=True)
    card.canvas.line((card.left, y + 26), title, size, bold=True, width=card.room)
    shown = card.sentences(y + 40, texts, TEXT_SIZES)
    return [told(each) for each in said[shown:]]


def _titled(text: str) -> tuple[str, str]:
    """Return the first words of a reason, and the rest as a sentence."""
    title, _, rest = text.partition(": ")
    if not rest or len(title) > LONGEST_TITLE:
        return NOT_STATED, text
    return title, rest[:1].upper() + rest[1:]
