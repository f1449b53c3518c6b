"""The drawn page of a result whose first answer is a decision.

::

    heading                                    research use
    patient
    -------------------------------------------------------
    answer  |  quality  |  evidence  |  findings
    limits            |  key slices           |  overview
    study and images  |  with what was found  |  profiles
    -------------------------------------------------------
    algorithm, version, weights, date; intended use
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil

from node.report.canvas import FAINT, INK, Canvas
from node.report.cards_classified import draw_decision
from node.report.column import Column, lines_below
from node.report.curves import draw_curve
from node.report.facts import Line
from node.report.fonts import Box, Colour, font, largest
from node.report.key_slices import Key, key_slices
from node.report.marked import Marked
from node.report.overview import overview
from node.report.page import (
    BOTTOM,
    CAPTION,
    CARDS_HEIGHT,
    CARDS_TOP,
    EDGE,
    FOOT,
    HEAD,
    HEIGHT,
    TOP,
    WIDTH,
    draw_foot,
    draw_head,
    draw_sides,
)
from node.report.pictures import Plane, Size, window
from node.report.slices import image_name
from node.report.sop import Report
from node.report.text import ReportText

LUNG_WINDOW = (-1350.0, 150.0)
"""HU that become black and white: centre -600, width 1500."""

LEFT_WIDTH, RIGHT_WIDTH = 348, 308
"""Of the column of words, and of overview and profiles."""

SPACE = 26
"""Between the columns."""

GAP = 12
"""Between pictures."""

OVERVIEW_HEIGHT = 208
MOST_CURVES = 2

LEVEL_PX = 15
LEVELS_WIDTH = 30
"""Right of the overview, for the numbers of its levels."""

NUMBER_PX = 14
"""Of the number beside a box."""


def compose_classified(report: Report) -> Canvas:
    """Draw the page and keep what was written on it."""
    canvas = Canvas.blank(WIDTH, HEIGHT)
    text = report.text
    draw_head(canvas, report)
    box = (EDGE, CARDS_TOP, WIDTH - 2 * EDGE, CARDS_HEIGHT)
    cut = draw_decision(canvas, text, box)
    limits, facts = lines_below(text, cut, (*HEAD, *FOOT))
    column = Column(canvas, EDGE, TOP + 4, LEFT_WIDTH, BOTTOM)
    column.fill(limits, [*_sizes(text), *facts])
    keys = key_slices(report.volume, report.findings, text.places)
    levels = _levels(report, [key.picture.plane for key in keys])
    _draw_keys(canvas, report, keys, levels)
    below = _draw_overview(canvas, report, keys, levels)
    _draw_curves(canvas, report, below)
    draw_foot(canvas, text)
    return canvas


def grid_of(count: int, size_mm: tuple[float, float], room: Size) -> tuple[int, float]:
    """Return the columns in which pictures of one size are largest, and their scale.

    Parameters
    ----------
    size_mm
        Width and height of a picture; above each stands a caption.

    Returns
    -------
    tuple
        Number of columns, and pixels per millimetre.
    """
    wide, high = size_mm

    def scale(columns: int) -> float:
        rows = ceil(count / columns)
        across = (room[0] - (columns - 1) * GAP) / columns / wide
        down = (room[1] - (rows - 1) * GAP - rows * CAPTION) / rows / high
        return min(across, down)

    columns = max(range(1, count + 1), key=scale)
    return columns, scale(columns)


def _sizes(text: ReportText) -> list[Line]:
    """Return the sizes as lines: on this page they are facts beside the answer."""
    return [
        Line(row.structure, ", ".join(f"{n} {unit}".strip() for n, unit in row.numbers))
        for row in text.rows
    ]


def _levels(report: Report, planes: Sequence[Plane]) -> tuple[float, float]:
    """Return what becomes black and white: the lung window in HU, else by pixels."""
    return LUNG_WINDOW if report.volume.units == "HU" else window(planes)


def _draw_keys(
    canvas: Canvas, report: Report, keys: Sequence[Key], levels: tuple[float, float]
) -> None:
    left = EDGE + LEFT_WIDTH + SPACE
    room = (WIDTH - EDGE - RIGHT_WIDTH - SPACE - left, BOTTOM - TOP - CAPTION)
    columns, scale = grid_of(len(keys), keys[0].picture.plane.size_mm, room)
    for number, key in enumerate(keys):
        picture = key.picture.draw(report.segments, scale, levels)
        row, column = divmod(number, columns)
        x = left + column * (picture.width + GAP)
        y = TOP + row * (picture.height + CAPTION + GAP) + CAPTION
        _caption(canvas, report, key, (x, y - 8, picture.width))
        canvas.image.paste(picture, (x, y))
        if not report.text.nominal:
            sides = (x, y, picture.width, picture.height)
            draw_sides(canvas, key.picture.plane, sides)
        _draw_numbers(canvas, key.picture, (x, y), picture.size)
    legend = "; ".join(_legend(report))
    canvas.line((left, BOTTOM - 4), legend, 14, FAINT, width=room[0])


def _legend(report: Report) -> Iterator[str]:
    if not report.text.places:
        yield "Source slices, spread evenly over what was read"
    if report.findings.heat_map:
        yield f"Colour: {report.findings.heat_map.method}"


def _draw_numbers(
    canvas: Canvas, shown: Marked, corner: tuple[int, int], size: Size
) -> None:
    """Write the number of each place beside its box, where nothing stands yet."""
    x, y = corner
    for each in shown.boxes:
        left, top, right, bottom = each.on(shown.plane, size)
        room = font(NUMBER_PX).length(str(each.number)) + 6
        beside = x + right + 6 if right + room < size[0] else x + left - room
        middle = min(max(y + (top + bottom) / 2, y + 10), y + size[1] - 10)
        ink = (beside - 2, middle - 10, beside + room, middle + 10)
        if not any(_overlap(ink, other) for other in canvas.boxes):
            place, words = (beside, middle), str(each.number)
            canvas.line(
                place, words, NUMBER_PX, each.colour, bold=True, anchor="lm", halo=True
            )


def _overlap(one: Box, other: Box) -> bool:
    return (
        one[0] < other[2]
        and other[0] < one[2]
        and one[1] < other[3]
        and other[1] < one[3]
    )


def _caption(
    canvas: Canvas, report: Report, key: Key, place: tuple[int, int, int]
) -> None:
    """Write what a slice shows, and which one it is."""
    x, y, width = place
    image = image_name(report.volume, key.index)
    used = canvas.line((x + width, y), image, 15, FAINT, anchor="rs")
    names = ", ".join(f"{each.number} {each.structure.name}" for each in key.places)
    room = round(width - used - 8)
    size = largest(names, (16, 15, 14, 13), room, bold=True)
    canvas.line((x, y), names, size, bold=True, width=room)


def _draw_overview(
    canvas: Canvas, report: Report, keys: Sequence[Key], levels: tuple[float, float]
) -> int:
    """Draw the coronal plane with the levels of the key slices; return the y below."""
    shown = overview(report.volume, report.findings, report.text.places, keys)
    plane = shown.picture.plane
    wide, high = plane.size_mm
    x, y = WIDTH - EDGE - RIGHT_WIDTH, TOP + CAPTION
    scale = min((RIGHT_WIDTH - LEVELS_WIDTH) / wide, OVERVIEW_HEIGHT / high)
    picture = shown.picture.draw(report.segments, scale, levels)
    canvas.line((x, y - 8), plane.title, 16, FAINT)
    canvas.image.paste(picture, (x, y))
    if not report.text.nominal:
        draw_sides(canvas, plane, (x, y, picture.width, picture.height))
    _draw_levels(canvas, keys, shown.levels, (x, y, picture.width, picture.height))
    return y + picture.height


def _draw_levels(
    canvas: Canvas,
    keys: Sequence[Key],
    levels: Sequence[float],
    box: tuple[int, int, int, int],
) -> None:
    """Draw a line at the level of each key slice, with the numbers of its places."""
    x, y, width, height = box
    free = float(y)
    for level, key in sorted(zip(levels, keys, strict=False), key=lambda pair: pair[0]):
        line = y + level * height
        colour: Colour = key.places[0].structure.colour if key.places else FAINT
        canvas.pen.line((x + width - 14, line, x + width + 6, line), colour, 2)
        numbers = ",".join(str(place.number) for place in key.places)
        if numbers:
            baseline = max(line + 5, free + LEVEL_PX)
            canvas.line((x + width + 9, baseline), numbers, LEVEL_PX, INK, bold=True)
            free = baseline


def _draw_curves(canvas: Canvas, report: Report, top: int) -> None:
    """Draw the first profiles below the overview."""
    shown = report.findings.profiles[:MOST_CURVES]
    x, y = WIDTH - EDGE - RIGHT_WIDTH, top + GAP + 4
    rest = len(report.findings.profiles) - len(shown)
    last = BOTTOM - (font(14).size_px + 6 if rest else 0)
    for number, profile in enumerate(shown):
        height = (last - y) // (len(shown) - number)
        draw_curve(canvas, (x, y, RIGHT_WIDTH, height - 6), profile)
        y += height
    if rest:
        words = f"{rest} more in the structured report"
        canvas.line((x, BOTTOM - 4), words, 14, FAINT, width=RIGHT_WIDTH)
