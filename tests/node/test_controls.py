"""The controls of a site: every line is one side of one person, or named as none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from node.controls import Reading, read_controls
from node.errors import NodeError

WEIGHTS = "98ccaf40ed86" + "0" * 52
HEAD = "subject,age,sex,side,icv_mm3,total_mm3,study_uid,weights\n"


def measured(study_uid: str) -> Reading:
    """Know studies of these weights, and one of others."""
    known = {
        "1.2": Reading(3300.0, WEIGHTS, "F", 60),
        "1.3": Reading(3300.0, "f" * 64),
        "1.4": Reading(3300.0, WEIGHTS, "O"),
    }
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
        ("a,60,F,left,,3400,,", "the left side of this subject stands in line 2"),
        ("A,60,F,left,,3400,,", "the left side of this subject stands in line 2"),
        ("b,60,M,left,,,1.2,", "sex M, the study says F"),
        ("b,62,F,left,,,1.2,", "age 62, the study says 60"),
        ("b,58.9,F,left,,,1.2,", "age 58.9, the study says 60"),
        ("b,60,F,left,,,1.2,\nc,60,F,left,,,1.2,", "this study_uid stands in line 3"),
        ('b,60,F,left,,3400,,"' + "x" * 140_000, "a quotation mark may lack its"),
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
    assert told.startswith(f"c.csv, line {3 + line.count(chr(10))}: ")
    assert words in told
    assert "\n" not in told


@pytest.mark.parametrize("end", ["\r", "\r\n", "\n"])
def test_lines_end_as_any_computer_ends_them(tmp_path: Path, end: str) -> None:
    """A carriage return alone is what a Macintosh spreadsheet writes."""
    path = tmp_path / "c.csv"
    lines = ["subject;age;sex;side;total_mm3", "a;60;F;left;3400", "b;61;M;left;3500"]
    path.write_bytes(end.join(lines).encode())

    controls = read_controls(path, WEIGHTS, measured).controls

    assert [control.total_mm3 for control in controls] == [3400.0, 3500.0]


@pytest.mark.parametrize(
    "line", ["a,61,F,left,,,1.2,", "a,59.5,F,left,,,1.2,", "a,60,F,left,,,1.4,"]
)
def test_a_study_of_the_person_gives_the_volume(tmp_path: Path, line: str) -> None:
    """Ages are rounded in many ways; a sex that no norm knows contradicts none."""
    path = tmp_path / "c.csv"
    path.write_text(f"{HEAD}{line}\n")

    (control,) = read_controls(path, WEIGHTS, measured).controls

    assert control.total_mm3 == 3300.0


def table(folder: Path, volumes: list[float]) -> Path:
    """Write a table of one left side per volume."""
    lines = [f"s{i},60,F,left,,{v:g},," for i, v in enumerate(volumes)]
    path = folder / "c.csv"
    path.write_text(HEAD + "\n".join(lines))
    return path


@pytest.mark.parametrize(
    ("volumes", "words"),
    [
        ([3400.0] * 40, "SD 0.0 % of the mean, 3400 mm³ stands there 40 times"),
        ([3400.0 + i for i in range(40)], "SD 0.3 % of the mean"),
        ([3400.0] * 9 + [2500.0 + 50 * i for i in range(31)], "there 10 times"),
    ],
)
def test_volumes_that_people_cannot_have_are_refused(
    tmp_path: Path, volumes: list[float], words: str
) -> None:
    """Typed or copied down a column: a calibration with them would be narrow."""
    with pytest.raises(NodeError, match=words):
        read_controls(table(tmp_path, volumes), WEIGHTS, measured)


def test_volumes_in_tenths_of_a_millilitre_are_those_of_people(tmp_path: Path) -> None:
    """Some are equal then."""
    volumes = [round(v, -2) for v in np.random.default_rng(1).normal(3400, 350, 40)]

    controls = read_controls(table(tmp_path, volumes), WEIGHTS, measured).controls

    assert len(controls) == 40
    assert len(set(volumes)) < 20


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
