"""Where in a norm a number lies: steps of a percentile with a mark on one of them."""

from __future__ import annotations

from bisect import bisect_left
from statistics import NormalDist

from node.report.canvas import BAD, FAINT, GOOD, INK, RULE, WARNING, Canvas
from node.report.fonts import Colour

STEPS = (2.5, 5.0, 10.0, 25.0, 75.0, 90.0, 95.0, 97.5)
"""Borders of the steps in per cent of the norm."""

COLOURS: tuple[Colour, ...] = (BAD, WARNING, WARNING, GOOD)
"""Of the steps up to the median, from the lowest; above it nothing is low."""

WIDE = 2
"""The middle step, half of the norm, is this much wider than another."""

BAR, MARK = 20, 12
TICK_PX = 15


def step_of(z_score: float) -> int:
    """Return the step, 0 the lowest, in which a z-score lies: a border ends its step.

    >>> [step_of(z) for z in (-2.0, -1.3, 0.0, 2.0)]
    [0, 2, 4, 8]
    """
    return bisect_left(STEPS, 100 * NormalDist().cdf(z_score))


def spoken_steps() -> str:
    """Return the borders in words, as the bar shows them."""
    return ", ".join(f"{border:g}" for border in STEPS)


def draw_steps(
    canvas: Canvas, place: tuple[int, float], width: int, z_score: float
) -> float:
    """Draw the steps as a bar that is marked at a z-score; return the y below."""
    x, y = place
    marked, count = step_of(z_score), len(STEPS) + 1
    unit = width / (count - 1 + WIDE)
    top = y + MARK
    for step in range(count):
        span = unit * (WIDE if step == count // 2 else 1)
        here = step == marked
        colour = COLOURS[min(step, len(COLOURS) - 1)] if here else RULE
        canvas.pen.rectangle((x + 1, top, x + span - 2, top + BAR), fill=colour)
        if here:
            tip = x + span / 2
            corners = [(tip - 9, y - 4), (tip + 9, y - 4), (tip, y + MARK - 3)]
            canvas.pen.polygon(corners, fill=INK)
        x = round(x + span)
        if step < len(STEPS):
            tick = (x, top + BAR + TICK_PX + 4)
            canvas.line(tick, f"{STEPS[step]:g}", TICK_PX, FAINT, anchor="ms")
    return top + BAR + TICK_PX + 12
