"""A structure over time: points with intervals between the bands of known groups."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from models.history import Trend, TrendPoint
from node.report.answers import band, typeset, visits
from node.report.canvas import BAD, FAINT, GOOD, INK, RULE, WARNING, Canvas
from node.report.fonts import Colour, font, largest

BANDS: tuple[tuple[Colour, Colour], ...] = (
    ((24, 58, 46), GOOD),
    ((66, 34, 38), BAD),
    ((64, 52, 28), WARNING),
)
"""Fill of a band and letters of its name, in their order."""

DAYS = 365.25
LABEL_PX, NAME_PX = 16, 14
DOT = 5
SPARE = 0.12
"""Free above and below the values, as a share of their range."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Where years and values lie on the page."""

    left: float
    top: float
    right: float
    bottom: float
    years: float
    low: float
    high: float

    def at(self, years: float, value: float) -> tuple[float, float]:
        """Return the place of a value, ``years`` after the first visit."""
        share = years / self.years if self.years else 0.5
        up = (value - self.low) / (self.high - self.low)
        return (
            self.left + share * (self.right - self.left),
            self.bottom - up * (self.bottom - self.top),
        )


def draw_course(canvas: Canvas, box: tuple[int, int, int, int], trend: Trend) -> None:
    """Draw a trend into ``box`` (x, y, width, height).

    Every number beside the points stands in the SR; there are no others.
    """
    x, y, width, height = box
    names = len(trend.bands) * (NAME_PX + 4)
    bottom = y + height - names
    plot = (x + 8, y + LABEL_PX + 8, x + width - 8, bottom - LABEL_PX - 10)
    frame = _frame(trend, plot)
    _draw_bands(canvas, frame, trend)
    canvas.rule(x, plot[3] + 4, width)
    places = [frame.at(_years(trend, p), p.value) for p in trend.points]
    if len(places) > 1:
        canvas.pen.line(places, INK, 2)
    for point, place in zip(trend.points, places, strict=True):
        _draw_point(canvas, frame, trend, point, place)
    _draw_labels(canvas, frame, trend, places)
    for number, name in enumerate(trend.bands):
        _name_band(canvas, (x, bottom + number * (NAME_PX + 4)), width, trend, name)


def _name_band(
    canvas: Canvas, place: tuple[int, float], width: int, trend: Trend, name: str
) -> None:
    """Write whose band it is, and its numbers in full."""
    colour = BANDS[list(trend.bands).index(name) % len(BANDS)][1]
    right, y = place[0] + width, place[1] + NAME_PX
    numbers = band(*trend.bands[name])
    used = canvas.line((right, y), numbers, NAME_PX, colour, anchor="rs")
    room = round(width - used - 8)
    size = largest(name, (NAME_PX, 13, 12, 11), room)
    canvas.line((place[0], y), name, size, colour, width=room)


def _frame(trend: Trend, plot: tuple[float, float, float, float]) -> Frame:
    """Return the frame in which all points, intervals and bands lie."""
    years = _years(trend, trend.points[-1])
    values = list(_extent(trend, years))
    low, high = min(values), max(values)
    spare = (high - low) * SPARE or 1.0
    return Frame(*plot, years, low - spare, high + spare)


def _extent(trend: Trend, years: float) -> Iterator[float]:
    for point in trend.points:
        yield point.value - (point.margin or 0.0)
        yield point.value + (point.margin or 0.0)
    for ends in trend.bands.values():
        yield from (_expected(trend, rate, years) for rate in ends)


def _expected(trend: Trend, rate: float, years: float) -> float:
    """Return the first value after ``years`` of a change in per cent per year."""
    grown: float = trend.points[0].value * (1 + rate / 100) ** years
    return grown


def _years(trend: Trend, point: TrendPoint) -> float:
    return (point.when - trend.points[0].when).days / DAYS


def _draw_bands(canvas: Canvas, frame: Frame, trend: Trend) -> None:
    """Fill what groups of people are expected to have become, from the first visit."""
    steps = [frame.years * step / 12 for step in range(13)]
    for number, (low, high) in enumerate(trend.bands.values()):
        below = [frame.at(t, _expected(trend, low, t)) for t in steps]
        above = [frame.at(t, _expected(trend, high, t)) for t in steps]
        fill = BANDS[number % len(BANDS)][0]
        canvas.pen.polygon([*below, *reversed(above)], fill=fill)


def _draw_point(
    canvas: Canvas,
    frame: Frame,
    trend: Trend,
    point: TrendPoint,
    place: tuple[float, float],
) -> None:
    x, y = place
    if point.margin:
        when = _years(trend, point)
        ends = [frame.at(when, point.value + s * point.margin)[1] for s in (-1, 1)]
        canvas.pen.line((x, ends[0], x, ends[1]), FAINT, 2)
        for end in ends:
            canvas.pen.line((x - 4, end, x + 4, end), FAINT, 2)
    canvas.pen.ellipse((x - DOT, y - DOT, x + DOT, y + DOT), fill=INK, outline=RULE)


def _draw_labels(
    canvas: Canvas, frame: Frame, trend: Trend, places: list[tuple[float, float]]
) -> None:
    """Write value and date of the first and of the last visit."""
    ends = [0] if len(places) == 1 else [0, len(places) - 1]
    for index, anchor in zip(ends, ("ls", "rs"), strict=False):
        point = trend.points[index]
        x = frame.left - 8 if index == 0 else frame.right + 8
        value = typeset(f"{point.value:.{trend.decimals}f}")
        above = (x, frame.top - 6)
        canvas.line(above, value, LABEL_PX, bold=True, anchor=anchor)
        below = (x, frame.bottom + LABEL_PX + 6)
        canvas.line(below, point.when.isoformat(), 15, FAINT, anchor=anchor)
    if len(places) > 2:
        _draw_middle(canvas, frame, visits(trend))


def _draw_middle(canvas: Canvas, frame: Frame, words: str) -> None:
    x = (frame.left + frame.right - font(15).length(words)) / 2
    canvas.line((x, frame.bottom + LABEL_PX + 6), words, 15, FAINT)
