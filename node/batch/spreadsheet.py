"""The rows of a run as a file: .xlsx for people, .csv for machines.

A file appears under its name when it is complete, or not at all. Every text is
written as text: a folder called ``=SUM(A1)`` is a folder and no formula.
"""

from __future__ import annotations

import csv
import os
import re
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from io import BytesIO, StringIO
from pathlib import Path
from zipfile import BadZipFile

from openpyxl import Workbook, load_workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet
from rich.cells import cell_len

from node.batch.cells import Cell
from node.batch.legible import visible
from node.batch.rows import Row
from node.batch.whole_file import write_whole
from node.errors import ConfigError

Lines = list[list[str]]
"""A table as it is read back: its heading, then its rows."""

BROKEN = (
    *(OSError, EOFError, ValueError, TypeError, LookupError, SyntaxError),
    *(BadZipFile, zlib.error, csv.Error),
)
"""What a file that is no table of ours makes the readers raise."""

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

OPENING = re.compile(r"(?:^|(?<=[,;|\t\r\n]))(?=[\"']*[=+\-@\t\r])")
"""Where a formula would begin, also if another separator cuts the text there.

Excel separates by that of the country it is set to, such as ``;`` in Russia, and then
sees no quotes but at the beginning of a line.
"""

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


def finished(path: Path, models: Sequence[str]) -> set[tuple[str, str]]:
    """Return study and model of every result in a table that was written before.

    What is no table of ours has none, nor has what cannot be read.
    """
    if path.suffix.lower() == ".csv":
        files = [_file_of(path, model, len(models)) for model in models]
        tables = [table for file in files for table in _tables(file, _csv_rows)]
    else:
        tables = _tables(path, _xlsx_rows)
    return {
        (row.get("study_uid", ""), row.get("model", ""))
        for heading, *rows in filter(None, tables)
        if {"study_uid", "model", "processing_status"} <= set(heading)
        for row in (dict(zip(heading, cells, strict=False)) for cells in rows)
        if row.get("processing_status") == "SUCCESS"
    }


def _tables(file: Path, rows_of: Callable[[Path], list[Lines]]) -> list[Lines]:
    """Return the tables of a file; none of one that is missing or broken."""
    try:
        return rows_of(file)
    except BROKEN:
        return []


def _csv_rows(file: Path) -> list[Lines]:
    """Return the one table of a .csv, which Excel may have saved once more."""
    with file.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        first = stream.readline()
        stream.seek(0)
        separator = max(",;\t", key=first.count)
        return [list(csv.reader(stream, delimiter=separator))]


def _xlsx_rows(file: Path) -> list[Lines]:
    with closing(load_workbook(file, read_only=True)) as book:
        return [
            [
                ["" if cell is None else str(cell) for cell in row]
                for row in sheet.iter_rows(values_only=True)
            ]
            for sheet in book.worksheets
        ]


def as_csv(rows: Sequence[Row]) -> bytes:
    """Return a table in bytes, with the mark by which Excel knows it as UTF-8.

    Text is in quotes, so that a name in which there is a separator stays one cell.
    """
    stream = StringIO(newline="")
    writer = csv.writer(stream, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow([_plain(name) for name in rows[0]] if rows else ())
    writer.writerows([_plain(cell) for cell in row.values()] for row in rows)
    return stream.getvalue().encode("utf-8-sig")


def _plain(cell: Cell) -> Cell:
    """Return a cell that is no formula, nor are the parts that Excel may cut it into.

    >>> _plain("in/x;=1+1;.zip")
    "in/x;'=1+1;.zip"
    """
    if not isinstance(cell, str):
        return cell
    text = visible(cell)
    return text if NUMBERS.fullmatch(text) else OPENING.sub("'", text)


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
