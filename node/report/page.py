"""The drawn page: the answer at the top left, the images beside it, proof below.

::

    heading                                    research use
    patient
    -------------------------------------------------------
    volumes            |  axial   coronal   sagittal
    grade, reasons     |
    statements, notes  |  strip of slices
    study and images   |
    -------------------------------------------------------
    algorithm, version, weights, date; intended use
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from node.report.canvas import BAD, FAINT, INK, WARNING, Canvas, Colour
from node.report.column import Column
from node.report.fonts import font, has_glyphs, largest, shorten
from node.report.pictures import Plane, common_scale, draw_all, strip, three_planes
from node.report.sop import Report
from node.report.text import RESEARCH_LINE, ReportText, person_names

WIDTH, HEIGHT = 1440, 1080
"""Pixels; near one to one in a viewer on a common screen."""

EDGE = 36
TOP, BOTTOM = 128, 984
"""The body lies between these; head above, foot below."""

LEFT_WIDTH = 508
RIGHT = EDGE + LEFT_WIDTH + 32
RIGHT_WIDTH = WIDTH - EDGE - RIGHT
GAP = 14

CAPTION = 26
"""Height of a line of words above pictures."""

PLANES_HEIGHT = 372
STRIP_COLUMNS, STRIP_ROWS = 6, 2

HEAD = ("Patient ID", "Sex", "Age at scan", "Study date")
"""Facts that stand beside the name."""

VALUE_WIDTH = 240
"""Of the longest fact beside the name: an ID may have 64 characters."""

UNNAMED = "name: see the DICOM header"
"""Printed when the font has no glyphs for any spelling of the name."""


def draw_page(report: Report) -> npt.NDArray[np.uint8]:
    """Return the page of a report, ``(H, W, 3)`` RGB."""
    return compose_page(report).pixels()


def compose_page(report: Report) -> Canvas:
    """Draw the page and keep what was written on it."""
    canvas = Canvas.blank(WIDTH, HEIGHT)
    _head(canvas, report)
    Column(canvas, EDGE, TOP + 12, LEFT_WIDTH, BOTTOM).fill(report.text, HEAD)
    below = _planes(canvas, report)
    _strip(canvas, report, below + CAPTION + GAP)
    _foot(canvas, report.text)
    return canvas


def patient_name(name: object) -> str:
    """Return the first spelling of a name that can be drawn."""
    spellings = person_names(str(name))
    if not spellings:
        return "name not given"
    return next((spelling for spelling in spellings if has_glyphs(spelling)), UNNAMED)


def _head(canvas: Canvas, report: Report) -> None:
    text = report.text
    left = _badge(canvas, WIDTH - EDGE, RESEARCH_LINE, WARNING)
    if text.edition:
        left = _badge(canvas, left - 12, text.edition, INK)
    demonstration = text.heading.startswith("DEMONSTRATION")
    room = round(left) - EDGE - 24
    size = largest(text.heading, (36, 32, 28, 24), room, bold=True)
    colour = BAD if demonstration else INK
    canvas.line((EDGE, 58), text.heading, size, colour, bold=True, width=room)
    _person(canvas, report)
    canvas.rule(EDGE, TOP - 8, WIDTH - 2 * EDGE)


def _person(canvas: Canvas, report: Report) -> None:
    """Write the facts that are told people apart by; the name gets what is left."""
    facts = [
        (line.label, shorten(line.value, font(20), VALUE_WIDTH))
        for line in report.text.patient
        if line.label in HEAD
    ]
    widths = (font(16).getlength(a) + font(20).getlength(b) + 32 for a, b in facts)
    room = round(WIDTH - 2 * EDGE - sum(widths))
    name = patient_name(report.headers[0].PatientName)
    x = EDGE + canvas.line((EDGE, 102), name, 24, bold=True, width=room) + 24
    for label, value in facts:
        x += canvas.line((x, 102), label, 16, FAINT) + 8
        x += canvas.line((x, 102), value, 20) + 24


def _badge(canvas: Canvas, right: float, words: str, colour: Colour) -> float:
    """Draw words in a frame that ends at ``right``; return where it begins."""
    left = right - font(17, bold=True).getlength(words) - 32
    canvas.pen.rounded_rectangle((left, 26, right, 62), 8, outline=colour, width=2)
    canvas.line((left + 16, 50), words, 17, colour, bold=True)
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
            _sides(canvas, plane, (x, y, picture.width, picture.height))
        x += picture.width + GAP
    return y + max(picture.height for picture in pictures)


def _sides(canvas: Canvas, plane: Plane, box: tuple[int, int, int, int]) -> None:
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
        canvas.line(place, letter, 17, WARNING, bold=True, anchor=anchor, halo=True)


def _strip(canvas: Canvas, report: Report, y: int) -> None:
    """Draw source slices as they are stored, in slice order."""
    count = STRIP_COLUMNS * STRIP_ROWS
    planes = strip(report.volume, report.findings.label_map, count)
    width = (RIGHT_WIDTH - (STRIP_COLUMNS - 1) * GAP) // STRIP_COLUMNS
    height = (BOTTOM - y - (STRIP_ROWS - 1) * GAP) // STRIP_ROWS
    canvas.line((RIGHT, y - 8), "Source slices, in order", 16, FAINT)
    scales = [common_scale([plane], (width, height)) for plane in planes]
    pictures = draw_all(planes, report.segments, scales)
    pitch = max(picture.height for picture in pictures) + GAP
    for index, picture in enumerate(pictures):
        row, column = divmod(index, STRIP_COLUMNS)
        x = RIGHT + column * (width + GAP) + (width - picture.width) // 2
        canvas.image.paste(picture, (x, y + row * pitch))


def _foot(canvas: Canvas, text: ReportText) -> None:
    width = WIDTH - 2 * EDGE
    canvas.rule(EDGE, BOTTOM + 10, width)
    purpose = (
        f"{RESEARCH_LINE} Intended use: {text.intended_use} Not for: {text.not_for}"
    )
    making = "  ·  ".join(f"{line.label}: {line.value}" for line in text.making)
    y = canvas.block((EDGE, BOTTOM + 18), purpose, 14, width, INK, lines=2)
    canvas.block((EDGE, y + 3), making, 13, width, FAINT, lines=2)
