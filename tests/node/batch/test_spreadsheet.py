"""A table that Excel opens as it was meant, whatever folders are called."""

from __future__ import annotations

import csv
import os
import re
from datetime import datetime
from decimal import Decimal
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from node.batch import spreadsheet
from node.batch.legible import visible
from node.batch.rows import Row
from node.batch.truth import of_file
from node.errors import ConfigError, NodeError

NAMES = ["Иванов 01", "脳 MRI", "頭部", "دماغ", "=SUM(A1:A9)", "+1", "-1", "@x", "#N/A"]

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


def rows(*paths: str) -> list[Row]:
    """Return a row per path."""
    return [{"path_to_study": path, "total_mm3": Decimal("3385.10")} for path in paths]


def sheet(path: Path, name: str = "hippocampus") -> Any:
    """Return a sheet as openpyxl reads it."""
    return load_workbook(path)[name]


def written(folder: Path, *paths: str) -> Path:
    """Write a spreadsheet with a row per path."""
    target = folder / "results.xlsx"
    spreadsheet.write(target, {"hippocampus": rows(*paths)}, {"Studies": len(paths)})
    return target


def test_names_of_every_script_stay_as_they_are(tmp_path: Path) -> None:
    """Also those that Excel would take for a formula or an error."""
    target = written(tmp_path, *NAMES)
    cells = list(sheet(target)["A"])[1:]

    assert [cell.value for cell in cells] == NAMES
    assert {cell.data_type for cell in cells} == {"s"}


def test_no_cell_is_a_formula(tmp_path: Path) -> None:
    """In the file itself, not only as it is read back; nor after F2 in Excel."""
    with ZipFile(written(tmp_path, *NAMES)) as book:
        xml = b"".join(book.read(name) for name in book.namelist())

    assert b"<f>" not in xml
    assert b'quotePrefix="1"' in xml


@given(st.lists(names, min_size=1, max_size=5))
@settings(max_examples=40)
def test_every_text_is_read_back(paths: list[str]) -> None:
    """From .xlsx and .csv; what no file can hold is written as a code."""
    content = spreadsheet.as_xlsx({"m": rows(*paths)}, {})
    book = load_workbook(BytesIO(content))
    table = spreadsheet.as_csv(rows(*paths)).decode("utf-8-sig")
    read = [line[0] for line in csv.reader(table.splitlines(keepends=True))][1:]

    told = [visible(path) for path in paths]
    assert [cell.value for cell in book["m"]["A"]][1:] == told
    assert len(told) == len(paths)
    if not any(
        re.search("[\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]", path) for path in told
    ):
        assert [name.replace("'", "") for name in read] == [
            name.replace("'", "") for name in told
        ]


def test_a_csv_is_known_as_utf8_and_holds_no_formula(tmp_path: Path) -> None:
    """By the mark at its head; an apostrophe makes a text of a formula."""
    target = tmp_path / "results.csv"
    spreadsheet.write(target, {"hippocampus": rows(*NAMES)}, {})

    assert target.read_bytes().startswith(b"\xef\xbb\xbf")
    with target.open(encoding="utf-8-sig", newline="") as stream:
        read = list(csv.reader(stream))
    assert read[0] == ["path_to_study", "total_mm3"]
    assert [line[0] for line in read[1:5]] == NAMES[:4]
    assert [line[0] for line in read[5:9]] == [f"'{name}" for name in NAMES[4:8]]
    assert read[1][1] == "3385.10"


def test_a_box_of_numbers_is_no_formula(tmp_path: Path) -> None:
    """It begins with a minus, and a program reads it as it is."""
    target = tmp_path / "results.csv"
    names = ["-77.2,-35.2,10,20.5,-1,2", "-77.2+cmd|' /C calc'!A0"]
    spreadsheet.write(target, {"hippocampus": rows(*names)}, {})

    with target.open(encoding="utf-8-sig", newline="") as stream:
        read = [line[0] for line in csv.reader(stream)]
    assert read[1:] == [names[0], f"'{names[1]}"]


FIELDS = st.text(st.sampled_from("x;,|\t\n\"'=+-@1"), max_size=9)


@pytest.mark.parametrize("separator", [";", "\t", ",", "|"])
@given(st.lists(FIELDS, min_size=1, max_size=3))
@settings(max_examples=150)
def test_no_cell_is_a_formula_whatever_separates_them(
    separator: str, fields: list[str]
) -> None:
    """A Russian Excel separates by ``;``: then a name falls into several cells."""
    row: Row = {f"column {number}": each for number, each in enumerate(fields)}
    table = spreadsheet.as_csv([row]).decode("utf-8-sig")

    cells = [
        cell
        for line in csv.reader(StringIO(table, newline=""), delimiter=separator)
        for cell in line
    ]

    allowed = {each for each in fields if spreadsheet.NUMBERS.fullmatch(each)}
    opening = [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    assert [cell for cell in opening if cell.split('"')[0] not in allowed] == []


def test_text_is_quoted_and_a_number_is_not(tmp_path: Path) -> None:
    """A name stays one cell where it comes first, and numbers are read as numbers."""
    row: Row = {"path_to_study": "in/x;=1+1;.zip", "a": 7, "b": Decimal("1.50")}

    heading, line = spreadsheet.as_csv([row]).decode("utf-8-sig").splitlines()

    assert heading == '"path_to_study","a","b"'
    assert line == '"in/x;\'=1+1;.zip",7,1.50'


def test_a_table_of_ours_is_a_truth(tmp_path: Path) -> None:
    """Its quotes and apostrophes are no hindrance to who reads it back."""
    row: Row = {"path_to_study": "in/x;=1.zip", "study_uid": "1.2.3", "pathology": 1}
    target = tmp_path / "truth.csv"
    spreadsheet.write(target, {"m": [row]}, {})

    assert of_file(target, tmp_path / "in").by_uid == {"1.2.3": 1}


def test_what_no_file_can_hold_is_still_recognised(tmp_path: Path) -> None:
    """A name that is not UTF-8, and control characters."""
    names_on_disk = [os.fsdecode(b"caf\xe9"), "a\x01b", "a\rb", "a\ufffeb"]

    target = written(tmp_path, *names_on_disk)

    assert [cell.value for cell in sheet(target)["A"]][1:] == [
        "caf\\xe9",
        "a\\x01b",
        "a\\x0db",
        "a\\ufffeb",
    ]


def test_numbers_are_numbers_with_the_digits_of_the_report(tmp_path: Path) -> None:
    """Excel adds them up; an empty cell stays empty."""
    target = tmp_path / "r.xlsx"
    cells: Row = {"a": Decimal("3385.10"), "b": Decimal(3385), "c": None, "d": 7}
    spreadsheet.write(target, {"hippocampus": [cells]}, {})

    a, b, c, d = sheet(target)[2]
    assert (a.value, a.number_format) == (3385.1, "0.00")
    assert (b.value, b.number_format) == (3385, "0")
    assert (c.value, d.value) == (None, 7)


def test_the_heading_stays_in_sight_and_filters(tmp_path: Path) -> None:
    """And columns are as wide as what stands in them."""
    table = sheet(written(tmp_path, "脳" * 20, "b"))

    assert table.freeze_panes == "B2"
    assert table.auto_filter.ref == "A1:B3"
    assert table.column_dimensions["A"].width == 42
    assert table.column_dimensions["B"].width > len("total_mm3") + 3  # the arrow


def test_a_row_without_a_result_is_seen_at_a_glance(tmp_path: Path) -> None:
    """It is tinted from end to end, and no other is; UIDs leave room for the rest."""
    target = tmp_path / "r.xlsx"
    table: list[Row] = [
        {"study_uid": "1." * 30, "processing_status": status}
        for status in ("SUCCESS", "FAILURE")
    ]

    spreadsheet.write(target, {"hippocampus": table}, {})

    filled = [
        {cell.fill.fgColor.rgb for cell in row}
        for row in sheet(target).iter_rows(min_row=2)
    ]
    assert filled == [{"00000000"}, {spreadsheet.NO_RESULT.fgColor.rgb}]
    assert sheet(target).column_dimensions["A"].width == 22


def test_metrics_have_a_sheet_or_a_file_of_their_own(tmp_path: Path) -> None:
    """Beside the rows; without a truth there is none."""
    metrics: list[Row] = [{"Measure": "AUC", "Value": Decimal("0.900")}]

    for suffix in (".xlsx", ".csv"):
        path = tmp_path / f"r{suffix}"
        spreadsheet.write(path, {"metrics": rows("a")}, {}, metrics)

    book = load_workbook(tmp_path / "r.xlsx")
    assert book.sheetnames == ["metrics 2", "Metrics", "Summary"]
    assert book["Metrics"]["B2"].value == 0.9
    assert '"AUC",0.900' in (tmp_path / "r.metrics.csv").read_text("utf-8-sig")


def test_each_model_has_a_sheet_and_the_run_another(tmp_path: Path) -> None:
    """Names that Excel refuses are changed, and none is taken twice."""
    target = tmp_path / "r.xlsx"
    sheets = {"hippocampus": rows("a"), "summary": rows("b"), "a/b" * 20: rows("c")}

    spreadsheet.write(target, sheets, {"Studies": 3})

    book = load_workbook(target)
    assert book.sheetnames[0] == "hippocampus"
    assert book.sheetnames[1] == "summary 2"
    assert book.sheetnames[-1] == "Summary"
    assert [cell.value for cell in book["Summary"][1]] == ["Studies", 3]
    assert max(len(name) for name in book.sheetnames) <= 31


@pytest.mark.parametrize("suffix", spreadsheet.SUFFIXES)
def test_what_is_no_table_of_ours_holds_no_result(tmp_path: Path, suffix: str) -> None:
    """Whatever lies under the name: nothing is waited for, and nothing fails."""
    path = tmp_path / f"r{suffix}"
    cut = "processing_status,study_uid,model\nSUCCESS\n"

    for content in (None, b"", b"PK\3\4 cut off", b"\xff\0\r", cut.encode()):
        if content is not None:
            path.write_bytes(content)
        assert spreadsheet.finished(path, ["m"]) <= {("", "")}


def test_two_models_are_two_csv(tmp_path: Path) -> None:
    """Named after them."""
    sheets = {"hippocampus": rows("a"), "chest": rows("b")}

    files = spreadsheet.write(tmp_path / "r.csv", sheets, {})

    assert [file.name for file in files] == ["r.hippocampus.csv", "r.chest.csv"]
    assert all(file.is_file() for file in files)


def test_a_run_without_entries_is_a_table_too(tmp_path: Path) -> None:
    """Both kinds can be opened."""
    for suffix in spreadsheet.SUFFIXES:
        (file,) = spreadsheet.write(tmp_path / f"r{suffix}", {"m": []}, {})
        assert file.stat().st_size > 0


def test_a_file_that_cannot_be_replaced_stays(tmp_path: Path) -> None:
    """The old table stands, nothing half lies beside it, the advice is one line."""
    target = tmp_path / "results.csv"
    target.mkdir()

    with pytest.raises(NodeError, match="is not read twice") as told:
        spreadsheet.write(target, {"m": rows("a")}, {})

    assert "\n" not in str(told.value)
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("table.ods", r"\.xlsx or \.csv"),
        ("table", r"\.xlsx or \.csv"),
        ("no/such/table.csv", "no such folder"),
        ("folder.csv", "this is a folder"),
    ],
)
def test_a_name_that_cannot_be_written_is_refused_first(
    tmp_path: Path, name: str, said: str
) -> None:
    """Before an hour of reading."""
    (tmp_path / "folder.csv").mkdir()

    with pytest.raises(ConfigError, match=said):
        spreadsheet.check(tmp_path / name)


def test_a_folder_that_is_not_writable_is_refused_first(tmp_path: Path) -> None:
    """Root may write everywhere: then there is nothing to refuse."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    if os.access(closed, os.W_OK):
        pytest.skip("root may write everywhere")

    with pytest.raises(ConfigError, match="not writable"):
        spreadsheet.check(closed / "r.xlsx")


def test_a_good_name_is_taken(tmp_path: Path) -> None:
    """Capitals too; nothing is written to find out."""
    spreadsheet.check(tmp_path / "R.XLSX")
    spreadsheet.check(tmp_path / spreadsheet.default_name(datetime(2026, 11, 21)))  # noqa: DTZ001 - a name on the wall clock

    assert not list(tmp_path.iterdir())
