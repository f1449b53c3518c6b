"""What is known of the studies: anybody's table, or words in their names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from node.batch.entry import Entry
from node.batch.truth import NORMAL_NAMES, PATHOLOGY_NAMES, of_file, of_name, of_names
from node.errors import ConfigError
from tests.node.batch import results as given

ROOT = Path("studies")
OUTPUT = Path(__file__).parents[3] / "docs" / "output.md"


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


@pytest.mark.parametrize(
    ("name", "truth"),
    [
        ("norma_anon.zip", 0),
        ("Normal/007", 0),
        ("Норма 12", 0),
        ("pneumonia-3.zip", 1),
        ("pneumotorax_anon", 1),
        ("ПНЕВМОНИЯ/1", 1),
        ("abnormal_2", 1),
        ("no pathology/3", None),
        ("без патологии", None),
        ("normal/pneumonia_1", None),
        ("1.2.840.113", None),
        ("enormal", None),
    ],
)
def test_whole_words_of_a_name_tell(name: str, truth: int | None) -> None:
    """Both, a negation or neither tell nothing."""
    assert of_name(name) == truth


def test_names_are_asked_below_the_root_alone() -> None:
    """A folder called normal may hold anything."""
    truth = of_names(Path("normal"))
    entry = replace(given.reported(), path="normal/one")

    assert truth.told(entry).truth is None
    assert truth.told(replace(entry, path="normal/covid 1")).truth == 1


def test_every_word_of_a_name_is_documented() -> None:
    """Who asks for names to be believed can look up which."""
    text = OUTPUT.read_text(encoding="utf-8")

    words = {f"`{word}`" for word in NORMAL_NAMES | PATHOLOGY_NAMES}
    assert sorted(word for word in words if word not in text) == []
