"""The table of labels."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.chest_ct.cases.labels import Label, LabelError, read_labels


def table(folder: Path, *lines: str) -> Path:
    """Write a table."""
    path = folder / "labels.csv"
    path.write_text("\n".join(lines), encoding="utf-8-sig")
    return path


def test_a_table_with_more_columns_than_are_needed_is_read(tmp_path: Path) -> None:
    """As a spreadsheet saves it, with a mark of the byte order."""
    path = table(
        tmp_path,
        "series_uid,study_uid,remark,pathology,age,sex,patient_id",
        "1.2.1,1.2,x,1,64,F,P1",
        ",1.3,y,0,,,P2",
    )

    assert read_labels(path) == (
        Label("1.2", "1.2.1", True, "64", "F", "P1"),
        Label("1.3", "", False, patient_id="P2"),
    )


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["study_uid,pathology", "1,1"], "labels.csv has no column series_uid"),
        (
            ["study_uid,series_uid,pathology", "1,2,yes"],
            "labels.csv, line 2: pathology is 0 or 1, not yes",
        ),
        (
            ["study_uid,series_uid,pathology", "1,2,1", "1,3,"],
            "line 3: pathology is 0 or 1, not empty",
        ),
        (["study_uid,series_uid,pathology", ",2,1"], "line 2: no study_uid"),
        (
            ["study_uid,series_uid,pathology", "1,2,1", "1,2,0"],
            "labels.csv: 1 stands there twice",
        ),
        (
            ["study_uid,series_uid,pathology", "1,2,1", "1,3,0"],
            "labels.csv: 1 stands there twice; leave the line of the series",
        ),
        (
            ["study_uid,series_uid,pathology,patient_id", "1,2,1,P", "3,4,0,"],
            "labels.csv: patient_id stands in 1 of 2 lines",
        ),
    ],
)
def test_a_table_that_cannot_be_used_says_where(
    tmp_path: Path, lines: list[str], says: str
) -> None:
    """The line of the table and the value."""
    with pytest.raises(LabelError, match=says):
        read_labels(table(tmp_path, *lines))
