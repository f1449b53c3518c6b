"""The rows of a run as a file: .xlsx for people, .csv for machines.

A file appears under its name when it is complete, or not at all. Every text is
written as text: a folder called ``=SUM(A1)`` is a folder and no formula.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from io import BytesIO, StringIO
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet
from rich.cells import cell_len

from node.batch.cells import Cell
from node.batch.legible import visible
from node.batch.rows import Row
from node.batch.whole_file import write_whole
from node.errors import ConfigError

SUFFIXES = (".xlsx", ".csv")
SUMMARY = "Summary"
METRICS = "Metrics"

HEADING = PatternFill("solid", fgColor="FFE4EAF1")
NO_RESULT = PatternFill("solid", fgColor="FFFBE5E1")
"""Behind the heading of a table, and behind a row without a result."""

WIDEST = 60
"""Widest column, in characters; longer texts are cut off by the next cell."""

UID_WIDTH = 20
"""Of a column of UIDs: who looks at a table reads what stands beside them."""

HEADING_ROOM = 4
"""Places beside a heading: it is bold, and the arrow of the filter is drawn there."""

LONGEST = 32_767
"""Characters in a cell (Excel specifications and limits)."""

LONGEST_TITLE = 31
"""Characters in the name of a sheet (the same)."""

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a text begins with that Excel takes from a .csv as a formula."""

NUMBERS = re.compile(r"[-+]?[\d.]+(,[-+]?[\d.]+)+")
"""Several numbers in one cell, such as a box: text to Excel, numbers to a program."""


def default_name(now: datetime) -> str:
    """Return the name of a spreadsheet that nobody named.

    >>> default_name(datetime(2026, 11, 21, 11, 30, 5))
    'results_2026-11-21_11-30-05.xlsx'
    """
    return f"results_{now:%Y-%m-%d_%H-%M-%S}.xlsx"


def check(path: Path) -> None:
    """Refuse a name under which nothing could be written, before anything is read.

    Raises
    ------
    ConfigError
        Another kind of file, or a folder that is missing or not writable.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise ConfigError(f"{path}: name a spreadsheet that ends in .xlsx or .csv")
    if path.is_dir():
        raise ConfigError(f"{path}: this is a folder; name a file in it")
    if not path.parent.is_dir():
        raise ConfigError(f"{path.parent}: no such folder; make it or name another")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise ConfigError(f"{path.parent}: not writable; name a file elsewhere")


def write(
    path: Path,
    sheets: Mapping[str, Sequence[Row]],
    about: Mapping[str, Cell],
    metrics: Sequence[Row] = (),
) -> tuple[Path, ...]:
    """Write the rows of every model; return the files.

    Parameters
    ----------
    sheets
        Name of the model → its rows, which have the same columns.
    about
        What stands on the sheet ``Summary``, line by line; a .csv has none.
    metrics
        Rows of the sheet ``Metrics``, or of a .csv of that name; none: no sheet.

    Raises
    ------
    NodeError
        The disk refuses. Nothing that stood there before is lost.
    """
    if path.suffix.lower() == ".csv":
        contents = {
            _file_of(path, model, len(sheets)): as_csv(rows)
            for model, rows in sheets.items()
        }
        if metrics:
            contents[_file_of(path, METRICS.lower(), 2)] = as_csv(metrics)
    else:
        contents = {path: as_xlsx(sheets, about, metrics)}
    for file, content in contents.items():
        write_whole(file, content)
    return tuple(contents)


def as_csv(rows: Sequence[Row]) -> bytes:
    """Return a table in bytes, with the mark by which Excel knows it as UTF-8."""
    stream = StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(rows[0] if rows else ())
    writer.writerows([_plain(cell) for cell in row.values()] for row in rows)
    return stream.getvalue().encode("utf-8-sig")


def _plain(cell: Cell) -> str:
    if not isinstance(cell, str):
        return "" if cell is None else str(cell)
    text = visible(cell)
    is_safe = NUMBERS.fullmatch(text) or not text.startswith(FORMULA)
    return text if is_safe else f"'{text}"


def as_xlsx(
    sheets: Mapping[str, Sequence[Row]],
    about: Mapping[str, Cell],
    metrics: Sequence[Row] = (),
) -> bytes:
    """Return a workbook in bytes: a sheet per model, the metrics, the summary."""
    book = Workbook()
    book.remove(book.worksheets[0])
    taken = {SUMMARY.lower(), METRICS.lower()}
    for model, rows in sheets.items():
        _fill(book.create_sheet(_title(model, taken)), rows)
    if metrics:
        _fill(book.create_sheet(METRICS), metrics)
    _tell(book.create_sheet(SUMMARY), about)
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def _fill(sheet: Worksheet, rows: Sequence[Row]) -> None:
    """Write a table that can be filtered; heading and first column stay in sight."""
    if not rows:
        return
    columns = list(rows[0])
    for number, name in enumerate(columns, start=1):
        _put(sheet, 1, number, name)
        sheet.cell(1, number).font = Font(bold=True)
        sheet.cell(1, number).fill = HEADING
    for line, row in enumerate(rows, start=2):
        for number, cell in enumerate(row.values(), start=1):
            _put(sheet, line, number, cell)
            if row.get("processing_status") == "FAILURE":
                sheet.cell(line, number).fill = NO_RESULT
    for number, name in enumerate(columns, start=1):
        texts = [name + " " * HEADING_ROOM, *(str(row[name] or "") for row in rows)]
        _widen(sheet, number, texts, UID_WIDTH if name.endswith("_uid") else WIDEST)
    sheet.freeze_panes = "B2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{len(rows) + 1}"


def _tell(sheet: Worksheet, about: Mapping[str, Cell]) -> None:
    """Write lines of a name and a value."""
    for line, (name, cell) in enumerate(about.items(), start=1):
        _put(sheet, line, 1, name)
        sheet.cell(line, 1).font = Font(bold=True)
        _put(sheet, line, 2, cell)
        sheet.cell(line, 2).alignment = Alignment(horizontal="left")
    _widen(sheet, 1, about)
    _widen(sheet, 2, [str(cell) for cell in about.values()])


def _put(sheet: Worksheet, line: int, column: int, content: Cell) -> None:
    """Write one cell; text stays text, whatever it begins with."""
    place = sheet.cell(line, column)
    if isinstance(content, str):
        place.value = visible(content)[:LONGEST]
        place.data_type = "s"
        place.quotePrefix = content.startswith(FORMULA)
    elif isinstance(content, Decimal):
        place.value = content
        digits = -int(content.as_tuple().exponent)
        place.number_format = f"0.{'0' * digits}" if digits > 0 else "0"
    else:
        place.value = content


def _widen(
    sheet: Worksheet, column: int, texts: Iterable[str], most: int = WIDEST
) -> None:
    """Make a column as wide as its longest text; those of East Asia take two places."""
    widest = max((cell_len(visible(text)) for text in texts), default=0)
    letter = get_column_letter(column)
    sheet.column_dimensions[letter].width = min(widest, most) + 2


def _title(model: str, taken: set[str]) -> str:
    """Return a name for a sheet that Excel takes and that is not taken yet."""
    plain = re.sub(r"[\[\]:*?/\\]", "_", visible(model)).strip("' ")[:LONGEST_TITLE]
    title, number = plain or "model", 1
    while title.lower() in taken:
        number += 1
        title = f"{plain[: LONGEST_TITLE - 4]} {number}"
    taken.add(title.lower())
    return title


def _file_of(path: Path, model: str, models: int) -> Path:
    """Return the .csv of a model; of several, each has its name in it."""
    if models == 1:
        return path
    plain = re.sub(r"[^\w.-]", "_", model)
    return path.with_name(f"{path.stem}.{plain}{path.suffix}")
