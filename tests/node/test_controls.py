"""The controls of a site: every line is one side of one person, or named as none."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.controls import read_controls
from node.errors import NodeError

WEIGHTS = "98ccaf40ed86" + "0" * 52
HEAD = "subject,age,sex,side,icv_mm3,total_mm3,study_uid,weights\n"


def measured(study_uid: str) -> tuple[float, str]:
    """Know one study of these weights, and one of others."""
    known = {"1.2": (3300.0, WEIGHTS), "1.3": (3300.0, "f" * 64)}
    if study_uid not in known:
        raise LookupError("no result of this study_uid")
    return known[study_uid]


def test_volumes_come_from_the_line_or_from_the_results(tmp_path: Path) -> None:
    """Sides and sexes in any usual spelling; other columns are left alone."""
    path = tmp_path / "c.csv"
    path.write_text(
        "note,subject,age,sex,side,icv_mm3,total_mm3,study_uid\n"
        "x,a,60.5,f,L,1450000,3400,\n\n"
        "y,a,60.5,F,right,,,1.2\n"
    )

    first, second = read_controls(path, WEIGHTS, measured).controls

    assert (first.subject.side, first.subject.head_size_mm3) == ("left", 1450000.0)
    assert (first.total_mm3, second.total_mm3) == (3400.0, 3300.0)
    assert (second.subject.sex, second.subject.head_size_mm3) == ("F", None)


def test_a_table_of_a_continental_spreadsheet_is_read(tmp_path: Path) -> None:
    """Semicolons, decimal commas and a byte order mark."""
    path = tmp_path / "c.csv"
    lines = "subject;age;sex;side;total_mm3\na;60,5;M;right;3400,5\n"
    path.write_text(lines, encoding="utf-8-sig")

    (control,) = read_controls(path, WEIGHTS, measured).controls

    assert (control.subject.age_years, control.total_mm3) == (60.5, 3400.5)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (",60,F,left,,3400,,", "no subject; write any word"),
        ("b,old,F,left,,3400,,", "age 'old' is not 0 to 120 years"),
        ("b,nan,F,left,,3400,,", "age 'nan'"),
        ("b,60,O,left,,3400,,", "sex 'O' is not known; write F or M"),
        ("b,60,F,both,,3400,,", "side 'both' is not known; write left or right"),
        ("b,60,F,left,1450,3400,,", "icv_mm3 '1450' is not 500000 to 2.5e+06 mm³"),
        ("b,60,F,left,,3.4,,", "total_mm3 '3.4' is not 1500 to 6000 mm³"),
        ("b,60,F,left,,,,", "neither total_mm3 nor study_uid"),
        ("b,60,F,left,,,9.9,", "no result of this study_uid"),
        ("b,60,F,left,,,1.3,", "calibration_other_weights"),
        ("b,60,F,left,,3400,,ffffffffffff", "calibration_other_weights"),
        ("b,60,F,left,,3400,,98cc", "calibration_other_weights"),
        ("a,60,F,left,,3400,,", "stands in line 2 already"),
    ],
)
def test_a_wrong_line_is_named_with_what_to_do(
    tmp_path: Path, line: str, words: str
) -> None:
    """By its number, on one line, and without the subject."""
    path = tmp_path / "c.csv"
    path.write_text(f"{HEAD}a,60,F,left,,3400,,98CCAF40ED86\n{line}\n")

    with pytest.raises(NodeError) as caught:
        read_controls(path, WEIGHTS, measured)

    told = str(caught.value)
    assert told.startswith("c.csv, line 3: ")
    assert words in told
    assert "\n" not in told


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "line 1: no column subject, age, sex, side, total_mm3 or study_uid"),
        (b"subject,age,sex,side\n", "line 1: no column total_mm3 or study_uid"),
        (b"\xff\xfe\x00", "not UTF-8"),
    ],
)
def test_a_file_that_is_no_table_of_controls_is_refused(
    tmp_path: Path, content: bytes, words: str
) -> None:
    """With the columns that it should have."""
    path = tmp_path / "c.csv"
    path.write_bytes(content)

    with pytest.raises(NodeError, match=words):
        read_controls(path, WEIGHTS, measured)


def test_a_file_that_is_not_there_is_said_to_be_so(tmp_path: Path) -> None:
    """One line, no traceback."""
    with pytest.raises(NodeError, match="No such file"):
        read_controls(tmp_path / "c.csv", WEIGHTS, measured)
