"""What is known of the studies: anybody's table, or words in their names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from node.batch.entry import Entry
from node.batch.truth import of_file, of_names
from node.errors import ConfigError
from tests.node.batch import results as given
from tests.node.batch.zipped import write_zip

Names = list[str]

ROOT = Path("studies")


def known(folder: Path, table: str, entry: Entry) -> int | None:
    """Return what a table says of an entry."""
    path = folder / "truth.csv"
    path.write_text(table, encoding="utf-8")
    return of_file(path, ROOT).told(entry).truth


@pytest.mark.parametrize(
    "table",
    [
        "study_uid,pathology\n1.2.840.1,1\n",
        "StudyInstanceUID;Label\n1.2.840.1;1\n",
        "Study UID\tTruth\tage\n1.2.840.1\t1\t60\n",
        "\ufeffage, path_to_study, Ground truth\n60, studies/one.zip, 1\n\n",
        "File name|target\nONE.ZIP|1\n",
        "path,pathology\none,1\n",
    ],
)
def test_a_table_is_read_as_people_make_it(tmp_path: Path, table: str) -> None:
    """Any separator, any usual heading, by UID or by name, with .zip or without."""
    assert known(tmp_path, table, given.reported("studies/one")) == 1


def test_a_name_stands_for_all_that_lies_there(tmp_path: Path) -> None:
    """The nearest one counts; what lies above the root says nothing."""
    table = "path,pathology\nward,1\nward/b.zip,0\nstudies,0\n"

    found = {
        name: known(tmp_path, table, given.reported(f"studies/{name}"))
        for name in ("ward/a.zip", "ward/b.zip/DICOM", "other/a.zip")
    }

    assert found == {"ward/a.zip": 1, "ward/b.zip/DICOM": 0, "other/a.zip": None}


def lying(root: Path, *paths: str) -> dict[str, Entry]:
    """Return an entry for each folder below a root, with an image in it."""
    for path in paths:
        (root / path).mkdir(parents=True)
        (root / path / "image.dcm").touch()
    return {
        path: replace(given.reported(f"{root}/{path}"), study_instance_uid=path)
        for path in paths
    }


def truths(root: Path, table: str, *paths: str) -> tuple[dict[str, int | None], Names]:
    """Return what a table says of studies in such folders, and what it cannot use."""
    file = root.with_suffix(".csv")
    file.write_text(table, encoding="utf-8")
    entries = lying(root, *paths)
    truth = of_file(file, root)
    told = {path: truth.told(entry).truth for path, entry in entries.items()}
    return told, truth.unknown(entries.values())


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("path,pathology\n1,0\n2,1\n", {"1/1": 0, "2/1": 1}),
        ("path,pathology\n1,0\n", {"1/1": 0, "2/1": None}),
        ("path,pathology\n1,0\n2,1\n", {"a/1/1": 0, "a/1/2": 0, "a/2/1": 1}),
        ("path,pathology\n1,0\n", {"a/1/2": 0, "a/2/1": None}),
    ],
)
def test_a_folder_deep_inside_is_not_taken_for_a_patient_of_that_name(
    tmp_path: Path, table: str, expected: dict[str, int | None]
) -> None:
    """Series are called 1 and 2 as patients are; the place nearest the root counts."""
    assert truths(tmp_path / "in", table, *expected) == (expected, [])


@pytest.mark.parametrize(
    "table", ["path,pathology\n1,0\n2,1\n", "path,pathology\n1,0\n"]
)
def test_nor_is_a_folder_inside_a_zip(tmp_path: Path, table: str) -> None:
    """Patients of one ZIP lie there as in a folder."""
    root = tmp_path / "in"
    names = ("1/1/a.dcm", "2/1/a.dcm")
    write_zip(root / "all.zip", dict.fromkeys(names, b"x"))
    file = tmp_path / "truth.csv"
    file.write_text(table)

    truth = of_file(file, root)

    told = [
        truth.told(replace(given.reported(f"{root}/all.zip/{n}"), study_instance_uid=n))
        for n in ("1/1", "2/1")
    ]
    assert [entry.truth for entry in told] == [0, 1 if "2,1" in table else None]


def test_two_rows_that_contradict_leave_a_study_without_truth(tmp_path: Path) -> None:
    """It is named with both; neither is believed."""
    table = "path,pathology\nward,1\nb.zip,0\nc,1\n"

    told, unused = truths(tmp_path / "in", table, "ward/b", "ward/c", "ward/d")

    assert told == {"ward/b": None, "ward/c": 1, "ward/d": 1}
    assert unused == ["ward/b: ward = 1, b = 0"]


@pytest.mark.parametrize(
    "row", ["ward/b.zip", "{root}/ward/b", "{root}/ward/b.zip", "./ward/b"]
)
def test_an_exact_path_wins(tmp_path: Path, row: str) -> None:
    """Below the input or in full: who wrote it meant this study."""
    root = tmp_path / "in"
    table = f"path,pathology\nward,1\n{row.format(root=root)},0\nb,1\n"

    told, _ = truths(root, table, "ward/b")

    assert told == {"ward/b": 0}


def test_a_uid_wins_over_every_name(tmp_path: Path) -> None:
    """No other study has it."""
    table = "uid,path,pathology\nward/b,,0\n,ward/b,1\n,ward,1\n"

    assert truths(tmp_path / "in", table, "ward/b")[0] == {"ward/b": 0}


def test_a_folder_in_full_stands_for_all_that_lies_there(tmp_path: Path) -> None:
    """As it does when it is written from the root."""
    root = tmp_path / "in"

    told, unused = truths(root, f"path,pathology\n{root}/ward,1\n", "ward/b", "c")

    assert (told, unused) == ({"ward/b": 1, "c": None}, [])


def test_an_input_without_a_study_has_its_truth_too(tmp_path: Path) -> None:
    """A damaged ZIP of a sick person is counted as such, apart."""
    assert known(tmp_path, "zip,pathology\nfour,1\n", given.no_study()) == 1


def test_what_the_run_did_not_come_upon_is_named(tmp_path: Path) -> None:
    """By what the table calls it."""
    path = tmp_path / "truth.csv"
    path.write_text("study_uid,path,pathology\n1.2.840.1,,1\n,lost.zip,0\n7.7,,0\n")

    assert of_file(path, ROOT).unknown([given.reported()]) == ["7.7", "lost"]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("", "first line must name"),
        ("study_uid,age\n1,2\n", "first line must name"),
        ("pathology\n1\n", "first line must name"),
        ("path,pathology\na,yes\n", "line 2 says 'yes'; write 0 or 1"),
        ("path,pathology\na,0\nb,\n", "line 3 says ''"),
        ("path,pathology\na,1.0\n", "line 2 says '1.0'"),
        ("path,pathology\na.zip,0\nA,1\n", "line 3 contradicts"),
        ("path,pathology\n,1\n", "line 2 names no study"),
    ],
)
def test_what_could_be_misread_is_refused(
    tmp_path: Path, table: str, said: str
) -> None:
    """With the line; no value is guessed."""
    with pytest.raises(ConfigError, match=said):
        known(tmp_path, table, given.reported())


def test_a_table_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    """So is one in another encoding."""
    (tmp_path / "old.csv").write_bytes("путь;патология\n".encode("cp1251"))

    for name, said in (("none.csv", "No such file"), ("old.csv", "not UTF-8")):
        with pytest.raises(ConfigError, match=said):
            of_file(tmp_path / name, ROOT)


def test_names_are_asked_below_the_root_alone() -> None:
    """A folder called normal may hold anything."""
    truth = of_names(Path("normal"))
    entry = replace(given.reported(), path="normal/one")

    assert truth.told(entry).truth is None
    assert truth.told(replace(entry, path="normal/covid 1")).truth == 1


def test_the_root_itself_is_no_name(tmp_path: Path) -> None:
    """A study in a ZIP and unpacked beside it lies in the root and nowhere deeper."""
    root = tmp_path / "pneumonia"
    root.mkdir()
    entry = replace(given.reported(), path=str(root))
    table = tmp_path / "truth.csv"
    table.write_text("path,pathology\npneumonia,1\n")

    assert of_names(root).told(entry).truth is None
    assert of_file(table, root).told(entry).truth is None


def test_a_file_that_is_read_alone_has_its_name(tmp_path: Path) -> None:
    """It is the study, not what is around it; what lies in it is asked by itself."""
    root = write_zip(tmp_path / "covid.zip", {"a/1": b""})
    whole = replace(given.reported(), path=str(root))
    inside = replace(whole, path=f"{root}/a")
    table = tmp_path / "truth.csv"
    table.write_text("path,pathology\ncovid,1\n")

    assert of_names(root).told(whole).truth == 1
    assert of_names(root).told(inside).truth is None
    assert [of_file(table, root).told(e).truth for e in (whole, inside)] == [1, 1]
