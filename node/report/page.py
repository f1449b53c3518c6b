"""The drawn page: the answer at the top left, the images beside it, proof below.

::

    heading                                     research use
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

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from models.contract import Grade
from node.report.canvas import (
    FAINT,
    INK,
    PANEL,
    WARNING,
    Canvas,
    Colour,
    block_height,
)
from node.report.fonts import font, has_glyphs
from node.report.pictures import Plane, draw_all, strip, three_planes
from node.report.sop import Report
from node.report.text import RESEARCH_LINE, Line, ReportText, Row, person_names

WIDTH, HEIGHT = 1440, 1080
"""Pixels; near one to one in a viewer on a common screen."""

EDGE = 36
TOP, BOTTOM = 136, 972
"""The body lies between these; head above, foot below."""

LEFT_WIDTH = 508
RIGHT = EDGE + LEFT_WIDTH + 32
RIGHT_WIDTH = WIDTH - EDGE - RIGHT
GAP = 14

PLANE_SIZE = ((RIGHT_WIDTH - 2 * GAP) // 3, 372)
STRIP_COLUMNS, STRIP_ROWS = 6, 2

GRADES: dict[Grade, tuple[str, Colour]] = {
    Grade.A: ("good", (63, 185, 104)),
    Grade.B: ("with reservations", (240, 178, 60)),
    Grade.C: ("do not rely on it", (240, 88, 82)),
}
"""What a grade means to a reader, and its colour."""

BODY_SIZES = (18, 17, 16, 15, 14, 13)
"""Font sizes of the left column, the first that fits; below the last it is cut."""

UNNAMED = "name: see the DICOM header"
"""Printed when the font has no glyphs for any spelling of the name."""


def draw_page(report: Report) -> npt.NDArray[np.uint8]:
    """Return the page of a report, ``(H, W, 3)`` RGB."""
    return compose_page(report).pixels()


def compose_page(report: Report) -> Canvas:
    """Draw the page and keep what was written on it."""
    canvas = Canvas.blank(WIDTH, HEIGHT)
    _head(canvas, report)
    y = _volumes(canvas, report.text.rows, TOP + 24)
    _column(canvas, report.text, y)
    _pictures(canvas, report)
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
    badge = text.edition or RESEARCH_LINE
    badge_width = font(18, bold=True).getlength(badge) + 32
    left = WIDTH - EDGE - badge_width
    canvas.pen.rounded_rectangle(
        (left, 30, WIDTH - EDGE, 66), radius=8, outline=WARNING, width=2
    )
    canvas.line((left + 16, 55), badge, 18, WARNING, bold=True)
    demonstration = text.heading.startswith("DEMONSTRATION")
    canvas.line(
        (EDGE, 62),
        text.heading,
        36,
        WARNING if demonstration else INK,
        bold=True,
        width=round(left) - EDGE - 24,
    )
    name = patient_name(report.headers[0].PatientName)
    end = EDGE + canvas.line((EDGE, 106), name, 24, bold=True, width=600)
    facts = "   ".join(
        f"{line.label} {line.value}" for line in text.patient if line.label in HEAD
    )
    canvas.line((end + 24, 106), facts, 20, FAINT, width=round(WIDTH - EDGE - end - 24))
    canvas.rule(EDGE, TOP - 8, WIDTH - 2 * EDGE)


HEAD = ("Patient ID", "Sex", "Age at scan", "Study date")
"""Facts that stand beside the name."""


def _volumes(canvas: Canvas, rows: Sequence[Row], y: float) -> float:
    """Write the numbers, a line per structure, unions below a rule; return the y."""
    for row in rows:
        size = 30 if row.union else 24
        if row.union:
            canvas.rule(EDGE, y, LEFT_WIDTH)
            y += 8
        y += size + 8
        canvas.pen.rounded_rectangle(
            (EDGE, y - size + 8, EDGE + 14, y), radius=3, fill=row.colour
        )
        right: float = EDGE + LEFT_WIDTH
        for value, unit in reversed(row.numbers):
            right = _number(canvas, right, y, value, unit, size)
        room = right - EDGE - 30
        canvas.line((EDGE + 26, y), row.structure, 21, width=round(room))
        y += 8
    return y + 14


def _number(
    canvas: Canvas, right: float, y: float, value: str, unit: str, size: int
) -> float:
    """Write a number that ends at ``right``; return where its field begins."""
    field = 128 if unit == "mm³" else 108
    unit_width = max(font(17).getlength(unit), 34)
    canvas.line((right - unit_width, y), unit, 17, FAINT)
    canvas.line((right - unit_width - 6, y), value, size, bold=True, anchor="rs")
    needed = font(size, bold=True).getlength(value) + unit_width + 24
    return right - max(field, needed)


def _column(canvas: Canvas, text: ReportText, y: float) -> None:
    """Write grade, statements, notes and facts below the numbers, as they fit."""
    size = next((s for s in BODY_SIZES if y + _needs(text, s) <= BOTTOM), 0)
    y = _grade(canvas, text, y, size or BODY_SIZES[-1])
    paragraphs = _paragraphs(text)
    size = size or BODY_SIZES[-1]
    for number, line in enumerate(paragraphs):
        needed = _paragraph_height(line, size)
        left = len(paragraphs) - number
        if y + needed > BOTTOM - size and left > 1:
            more = f"… {left} more lines in the structured report"
            canvas.block((EDGE, y), more, size, LEFT_WIDTH, FAINT)
            return
        y = _paragraph(canvas, line, y, size)


def _needs(text: ReportText, size: int) -> float:
    reasons = sum(
        block_height(flag.text, size, LEFT_WIDTH - 94) for flag in text.reasons
    )
    card = max(78, 40 + reasons) + 30
    return card + sum(_paragraph_height(line, size) for line in _paragraphs(text))


def _grade(canvas: Canvas, text: ReportText, y: float, size: int) -> float:
    """Draw the card with the grade and its reasons; return the y below it."""
    meaning, colour = GRADES[text.grade]
    lines = [flag.text for flag in text.reasons] or ["No reservation was found."]
    width = LEFT_WIDTH - 94
    height = max(78, 44 + sum(block_height(line, size, width) for line in lines))
    canvas.pen.rounded_rectangle(
        (EDGE, y, EDGE + LEFT_WIDTH, y + height + 8), radius=10, fill=PANEL
    )
    canvas.pen.rounded_rectangle(
        (EDGE + 12, y + 12, EDGE + 66, y + 66), radius=8, fill=colour
    )
    canvas.line(
        (EDGE + 39, y + 40), text.grade.value, 36, PANEL, bold=True, anchor="mm"
    )
    x = EDGE + 82
    canvas.line((x, y + 30), f"Quality {text.grade}: {meaning}", 19, bold=True)
    below = y + 40
    for line in lines:
        below = canvas.block((x, below), line, size, width, INK)
    return y + height + 26


def _paragraphs(text: ReportText) -> list[Line]:
    notes = [Line("Note", flag.text) for flag in text.notes]
    facts = [line for line in text.patient if line.label not in HEAD]
    return [*text.statements, *notes, *facts, *text.images]


LABEL_WIDTH = 118


def _paragraph(canvas: Canvas, line: Line, y: float, size: int) -> float:
    canvas.line((EDGE, y + size), line.label, size, FAINT, width=LABEL_WIDTH - 10)
    width = LEFT_WIDTH - LABEL_WIDTH
    return canvas.block((EDGE + LABEL_WIDTH, y), line.value, size, width) + 5


def _paragraph_height(line: Line, size: int) -> float:
    return block_height(line.value, size, LEFT_WIDTH - LABEL_WIDTH) + 5


def _pictures(canvas: Canvas, report: Report) -> None:
    volume, labels = report.volume, report.findings.label_map
    planes = three_planes(volume, labels)
    y = TOP + 12
    width, height = PLANE_SIZE
    pictures = draw_all(planes, report.segments, PLANE_SIZE)
    for column, (plane, picture) in enumerate(zip(planes, pictures, strict=True)):
        x = RIGHT + column * (width + GAP)
        canvas.place(picture, (x, y, width, height))
        canvas.line((x + 10, y + 26), plane.title, 17, INK)
        if not report.text.nominal:
            _sides(canvas, plane, x, y)
    _strip(canvas, report, y + height + 40)


def _sides(canvas: Canvas, plane: Plane, x: int, y: int) -> None:
    width, height = PLANE_SIZE
    left, right, top, bottom = plane.sides
    middle = y + height / 2
    canvas.line((x + 12, middle), left, 17, WARNING, anchor="lm")
    canvas.line((x + width - 12, middle), right, 17, WARNING, anchor="rm")
    canvas.line((x + width / 2, y + 22), top, 17, WARNING, anchor="mm")
    canvas.line((x + width / 2, y + height - 16), bottom, 17, WARNING, anchor="mm")


def _strip(canvas: Canvas, report: Report, y: int) -> None:
    """Draw source slices as they are stored, in slice order."""
    count = STRIP_COLUMNS * STRIP_ROWS
    planes = strip(report.volume, report.findings.label_map, count)
    width = (RIGHT_WIDTH - (STRIP_COLUMNS - 1) * GAP) // STRIP_COLUMNS
    height = (BOTTOM - y - (STRIP_ROWS - 1) * GAP) // STRIP_ROWS
    canvas.line((RIGHT, y - 12), "Source slices, in order", 17, FAINT)
    pictures = draw_all(planes, report.segments, (width, height))
    for index, picture in enumerate(pictures):
        row, column = divmod(index, STRIP_COLUMNS)
        x = RIGHT + column * (width + GAP)
        canvas.place(picture, (x, y + row * (height + GAP), width, height))


def _foot(canvas: Canvas, text: ReportText) -> None:
    width = WIDTH - 2 * EDGE
    canvas.rule(EDGE, BOTTOM + 14, width)
    making = "   ".join(f"{line.label} {line.value}" for line in text.making)
    y = canvas.block((EDGE, BOTTOM + 22), making, 14, width, FAINT)
    purpose = f"Intended use: {text.intended_use}  Not for: {text.not_for}"
    y = canvas.block((EDGE, y + 2), purpose, 14, width, FAINT)
    canvas.line((EDGE, HEIGHT - 12), RESEARCH_LINE, 16, WARNING, bold=True)
