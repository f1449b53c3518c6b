"""A value along the body beside the band of a reference: in words, and drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from math import floor, log10

from models.evidence import Profile
from node.report.answers import typeset
from node.report.canvas import FAINT, INK, RULE, WARNING, Canvas
from node.report.course import Frame
from node.report.fonts import Colour, font, largest

BAND: Colour = (24, 58, 46)
"""Fill of the band of the reference."""

TITLE_PX, TICK_PX = 15, 13
SPARE = 0.06
"""Free above and below the values, as a share of their range."""


def words(profile: Profile) -> Iterator[str]:
    """Yield what is drawn of a profile, as sentences of the SR."""
    low, high = limits(profile)
    yield (
        f"Profile of {titled(profile)}: drawn from {low} to {high}; {profile.place}, "
        f"{' to '.join(ends(profile))}"
    )
    for run in _runs(profile.conspicuous):
        yield f"Profile of {profile.label}, conspicuous at {_run(profile, run)}"


def titled(profile: Profile) -> str:
    """Return what a profile shows, with its unit."""
    return f"{profile.label} ({profile.unit})" if profile.unit else profile.label


def limits(profile: Profile) -> tuple[str, str]:
    """Return the smallest and the largest value of curve and band, as printed."""
    low, high = _range(profile)
    return _print(profile, low), _print(profile, high)


def ends(profile: Profile) -> tuple[str, str]:
    """Return the first and the last place, as printed."""
    return f"{profile.places[0]:.0f}", f"{profile.places[-1]:.0f}"


def draw_curve(
    canvas: Canvas, box: tuple[int, int, int, int], profile: Profile
) -> None:
    """Draw a profile into ``box`` (x, y, width, height).

    Every number beside it stands in the SR; there are no others.
    """
    x, y, width, height = box
    name = titled(profile)
    size = largest(name, (TITLE_PX, 14, 13, 12), width, bold=True)
    canvas.line((x, y + TITLE_PX), name, size, bold=True, width=width)
    low, high = _range(profile)
    edge = round(max(map(font(TICK_PX).length, limits(profile)))) + 8
    spare = (high - low) * SPARE
    frame = Frame(
        x + edge,
        y + TITLE_PX + 9,
        x + width,
        y + height - TICK_PX - 8,
        len(profile.places) - 1,
        low - spare,
        high + spare,
    )
    _draw_lines(canvas, frame, profile)
    _draw_ticks(canvas, frame, profile)


def _draw_lines(canvas: Canvas, frame: Frame, profile: Profile) -> None:
    """Draw the band, the curve, and the curve once more where it is conspicuous."""
    below = [frame.at(place, value) for place, value in enumerate(profile.low)]
    above = [frame.at(place, value) for place, value in enumerate(profile.high)]
    canvas.pen.polygon([*below, *reversed(above)], fill=BAND)
    curve = [frame.at(place, value) for place, value in enumerate(profile.values)]
    canvas.pen.line(curve, INK, 2, joint="curve")
    for run in _runs(profile.conspicuous):
        marked = curve[run[0] : run[-1] + 1]
        if len(marked) > 1:
            canvas.pen.line(marked, WARNING, 4, joint="curve")
        for px, py in (marked[0], marked[-1]):
            canvas.pen.ellipse((px - 3, py - 3, px + 3, py + 3), fill=WARNING)


def _draw_ticks(canvas: Canvas, frame: Frame, profile: Profile) -> None:
    left, right = frame.left, frame.right
    canvas.pen.line((left, frame.bottom, right, frame.bottom), RULE, 1)
    canvas.pen.line((left, frame.top, left, frame.bottom), RULE, 1)
    low, high = limits(profile)
    for value, y in ((high, frame.top + TICK_PX - 3), (low, frame.bottom)):
        canvas.line((left - 6, y), value, TICK_PX, FAINT, anchor="rs")
    y = frame.bottom + TICK_PX + 4
    first, last = ends(profile)
    canvas.line((left, y), first, TICK_PX, FAINT)
    canvas.line((right, y), last, TICK_PX, FAINT, anchor="rs")
    room = round(right - left - font(TICK_PX).length(first + last) - 20)
    size = largest(profile.place, (TICK_PX, 12, 11), room)
    middle = ((left + right) / 2, y)
    canvas.line(middle, profile.place, size, FAINT, anchor="ms", width=room)


def _range(profile: Profile) -> tuple[float, float]:
    values = (*profile.values, *profile.low, *profile.high)
    low, high = min(values), max(values)
    return (low, high) if high > low else (low, low + 1.0)


def _print(profile: Profile, value: float) -> str:
    """Return a value with two digits of the range that is drawn."""
    low, high = _range(profile)
    decimals = max(0, 1 - floor(log10(high - low)))
    return typeset(f"{value:z.{decimals}f}")


def _runs(indices: Sequence[int]) -> list[list[int]]:
    """Return neighbouring indices together."""
    grouped = groupby(enumerate(sorted(indices)), key=lambda pair: pair[1] - pair[0])
    return [[index for _, index in pairs] for _, pairs in grouped]


def _run(profile: Profile, run: Sequence[int]) -> str:
    """Return where a run lies, its values, and those of the reference there."""

    def span(values: Sequence[float]) -> str:
        here = [values[index] for index in run]
        return f"{_print(profile, min(here))} to {_print(profile, max(here))}"

    at = f"{profile.places[run[0]]:.0f} to {profile.places[run[-1]]:.0f}"
    lowest = _print(profile, min(profile.low[index] for index in run))
    highest = _print(profile, max(profile.high[index] for index in run))
    return f"{at}: {span(profile.values)} (reference {lowest} to {highest})"
