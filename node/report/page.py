"""The drawn page: the answers at the top, then the images, proof below.

::

    heading                                    research use
    patient
    -------------------------------------------------------
    volumes  |  quality  |  position in norm  |  change
    limits             |  axial   coronal   sagittal
    study and images   |  strip of slices
    -------------------------------------------------------
    algorithm, version, weights, date; intended use
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.volume.headers import text as value_of
from node.report.canvas import BAD, FAINT, INK, WARNING, Canvas, block_height
from node.report.cards import draw_cards
from node.report.column import Column, lines_below
from node.report.fonts import Colour, font, has_glyphs, largest, shorten
from node.report.pictures import Plane, common_scale, draw_all, strip, three_planes
from node.report.scripts import printable
from node.report.sop import Report
from node.report.text import RESEARCH_LINE, ReportText, person_names

WIDTH, HEIGHT = 1440, 1080
"""Pixels; near one to one in a viewer on a common screen."""

EDGE = 36
MARGIN_TOP, MARGIN_BOTTOM = 120, 86
"""Left empty: viewers write there, over the picture. OHIF writes date and series over
the uppermost 73 pixels of its pane, window and image number over the lowest 51; on a
screen of 1280 x 720 a pixel of the pane is 1.63 of the page."""

TITLE, PERSON = MARGIN_TOP + 31, MARGIN_TOP + 68
"""Baselines of the head."""

CARDS_TOP, CARDS_HEIGHT = MARGIN_TOP + 88, 242
"""The answers: readable where a viewer shows the page at half its size."""

TOP, BOTTOM = CARDS_TOP + CARDS_HEIGHT + 12, HEIGHT - MARGIN_BOTTOM - 74
"""The rest lies between these; answers above, foot below."""

LEFT_WIDTH = 560
RIGHT = EDGE + LEFT_WIDTH + 32
RIGHT_WIDTH = WIDTH - EDGE - RIGHT
GAP = 14

CAPTION = 26
"""Height of a line of words above pictures."""

PLANES_HEIGHT = 280
FEWEST_SLICES, MOST_SLICES = 6, 10
"""Of the strip: as many as fill one row at their shape."""

HEAD = ("Patient ID", "Sex", "Age at scan", "Study date")
"""Facts that stand beside the name."""

PURPOSE = 45
"""Height of what a result is for, and not for: two lines of 14 points."""

FOOT = ("Algorithm", "Weights", "Node", "Computed", "Made")
"""Facts that stand in the last line."""

VALUE_WIDTH = 240
"""Of the longest fact beside the name: an ID may have 64 characters."""

NAME_SIZES = (24, 22, 20)
"""Font sizes of the name, the first at which it fits."""

SEPARATOR = " · "
"""Between two spellings of a name."""

UNNAMED = "name: see the DICOM header"
"""Printed when the fonts have no glyphs for any spelling of the name."""


def draw_page(report: Report) -> npt.NDArray[np.uint8]:
    """Return the page of a report, ``(H, W, 3)`` RGB."""
    return compose_page(report).pixels()


def compose_page(report: Report) -> Canvas:
    """Draw the page and keep what was written on it."""
    canvas = Canvas.blank(WIDTH, HEIGHT)
    draw_head(canvas, report)
    box = (EDGE, CARDS_TOP, WIDTH - 2 * EDGE, CARDS_HEIGHT)
    cut = draw_cards(canvas, report.text, box)
    column = Column(canvas, EDGE, TOP + 4, LEFT_WIDTH, BOTTOM)
    column.fill(*lines_below(report.text, cut, (*HEAD, *FOOT)))
    below = _planes(canvas, report)
    _strip(canvas, report, below + CAPTION + GAP)
    draw_foot(canvas, report.text)
    return canvas


def spellings(name: str) -> tuple[str, ...]:
    """Return the spellings of a name that can be drawn, or what stands for them."""
    stated = [
        spelling for spelling in person_names(name) if printable(spelling).strip()
    ]
    drawable = tuple(spelling for spelling in stated if has_glyphs(spelling))
    return drawable or ((UNNAMED,) if stated else ("name not given",))


def fitting_name(name: str, room: int) -> tuple[tuple[str, ...], int]:
    """Return spellings of a name and the size at which they fit into ``room`` pixels.

    All of them where there is room, else those that come first, else the beginning
    of the first.
    """
    shown = spellings(name)
    for count in range(len(shown), 0, -1):
        for size in NAME_SIZES:
            letters = font(size, bold=True)
            width = sum(map(letters.length, shown[:count]))
            if width + (count - 1) * letters.length(SEPARATOR) <= room:
                return shown[:count], size
    size = NAME_SIZES[-1]
    return (shorten(shown[0], font(size, bold=True), room),), size


def draw_head(canvas: Canvas, report: Report) -> None:
    """Write what it is, and whom it is about."""
    text = report.text
    left = _badge(canvas, WIDTH - EDGE, RESEARCH_LINE, WARNING)
    if text.edition:
        left = _badge(canvas, left - 12, text.edition, INK)
    demonstration = text.heading.startswith("DEMONSTRATION")
    room = round(left) - EDGE - 24
    size = largest(text.heading, (36, 32, 28, 24), room, bold=True)
    colour = BAD if demonstration else INK
    canvas.line((EDGE, TITLE), text.heading, size, colour, bold=True, width=room)
    _person(canvas, report)


def _person(canvas: Canvas, report: Report) -> None:
    """Write the facts that are told people apart by; the name gets what is left."""
    facts = [
        (line.label, shorten(line.value, font(20), VALUE_WIDTH))
        for line in report.text.patient
        if line.label in HEAD
    ]
    widths = (font(16).length(a) + font(20).length(b) + 32 for a, b in facts)
    room = round(WIDTH - 2 * EDGE - sum(widths))
    x = _name(canvas, value_of(report.headers[0], "PatientName"), room) + 24
    for label, value in facts:
        x += canvas.line((x, PERSON), label, 16, FAINT) + 8
        x += canvas.line((x, PERSON), value, 20) + 24


def _name(canvas: Canvas, name: str, room: int) -> float:
    """Write the name; return where it ends.

    Each spelling is a text of its own: one that runs from right to left does not
    turn its neighbour's brackets.
    """
    shown, size = fitting_name(name, room)
    x: float = EDGE
    for number, spelling in enumerate(shown):
        if number:
            x += canvas.line((x, PERSON), SEPARATOR, size, FAINT)
        x += canvas.line((x, PERSON), spelling, size, bold=True)
    return x


def _badge(canvas: Canvas, right: float, words: str, colour: Colour) -> float:
    """Draw words in a frame that ends at ``right``; return where it begins."""
    left = right - font(17, bold=True).length(words) - 32
    frame = (left, MARGIN_TOP, right, MARGIN_TOP + 36)
    canvas.pen.rounded_rectangle(frame, 8, outline=colour, width=2)
    canvas.line((left + 16, MARGIN_TOP + 24), words, 17, colour, bold=True)
    return left


def _planes(canvas: Canvas, report: Report) -> int:
    """Draw the three planes on one scale, beside each other; return the y below."""
    planes = three_planes(report.volume, report.findings.label_map)
    room = (RIGHT_WIDTH - (len(planes) - 1) * GAP, PLANES_HEIGHT)
    scale = common_scale(planes, room)
    pictures = draw_all(planes, report.segments, [scale] * len(planes))
    x, y = RIGHT, TOP + CAPTION
    for plane, picture in zip(planes, pictures, strict=True):
        canvas.line((x, y - 8), plane.title, 16, FAINT)
        canvas.image.paste(picture, (x, y))
        if not report.text.nominal:
            draw_sides(canvas, plane, (x, y, picture.width, picture.height))
        x += picture.width + GAP
    return y + max(picture.height for picture in pictures)


def draw_sides(canvas: Canvas, plane: Plane, box: tuple[int, int, int, int]) -> None:
    """Write which side of the patient lies where; only where geometry is proven."""
    x, y, width, height = box
    left, right, top, bottom = plane.sides
    places = (
        (left, (x + 8, y + height / 2), "lm"),
        (right, (x + width - 8, y + height / 2), "rm"),
        (top, (x + width / 2, y + 6), "mt"),
        (bottom, (x + width / 2, y + height - 6), "mb"),
    )
    for letter, place, anchor in places:
        if letter:
            canvas.line(place, letter, 17, WARNING, bold=True, anchor=anchor, halo=True)


def _strip(canvas: Canvas, report: Report, y: int) -> None:
    """Draw source slices as they are stored, in slice order."""
    height = BOTTOM - y
    first = strip(report.volume, report.findings.label_map, 1)[0]
    wide, high = first.size_mm
    count = round((RIGHT_WIDTH + GAP) / (height * wide / high + GAP))
    count = min(max(count, FEWEST_SLICES), MOST_SLICES)
    planes = strip(report.volume, report.findings.label_map, count)
    width = (RIGHT_WIDTH - (count - 1) * GAP) // count
    canvas.line((RIGHT, y - 8), "Source slices, in order", 16, FAINT)
    scales = [common_scale([plane], (width, height)) for plane in planes]
    pictures = draw_all(planes, report.segments, scales)
    for index, picture in enumerate(pictures):
        x = RIGHT + index * (width + GAP) + (width - picture.width) // 2
        canvas.image.paste(picture, (x, y))


def draw_foot(canvas: Canvas, text: ReportText) -> None:
    """Write what it is for, and what made it."""
    width = WIDTH - 2 * EDGE
    canvas.rule(EDGE, BOTTOM + 8, width)
    purpose = (
        f"{RESEARCH_LINE} Intended use: {text.intended_use} Not for: {text.not_for}"
    )
    making = "  ·  ".join(
        f"{line.label}: {line.value}" for line in text.making if line.label in FOOT
    )
    # What it is not for is never cut: a smaller letter has room for a third line.
    size, lines = (14, 2) if block_height(purpose, 14, width) < PURPOSE else (12, 3)
    y = canvas.block((EDGE, BOTTOM + 15), purpose, size, width, lines=lines)
    size = largest(making, (13, 12, 11), width)
    canvas.line((EDGE, y + 3 + size), making, size, FAINT, width=width)
