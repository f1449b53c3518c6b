"""The whole analysis over files: clean data, and a fault of every kind together."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from models.chest_ct import eda
from models.chest_ct.cases.found import find_cases
from models.chest_ct.cases.labels import LabelError
from models.chest_ct.eda import entries
from models.chest_ct.eda.analysis import Analysis, analyse
from models.chest_ct.eda.clean_table import write_table
from models.chest_ct.eda.kinds import KINDS
from models.chest_ct.eda.record import write_record
from models.chest_ct.eda.run import run, summary
from models.chest_ct.eda.story import tell
from models.chest_ct.simulator.kinds import SimulatedStudy
from models.commands.parts import part
from models.eda.pages import write_page
from tests.models.chest_ct.eda.conftest import write_labels
from tests.models.chest_ct.eda.planting import PLANTS, Folder, Said

MADE_OF_VALUES = {
    *("both_labels", "label_leak", "one_label", "series_twice", "several_series"),
    *("study_twice", "two_people"),
}
"""Kinds that need no files; test_telltales, test_entries and test_people plant them."""


@pytest.fixture(scope="module")
def planted(
    sound: Path,
    studies: Sequence[SimulatedStudy],
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, list[Said]]:
    """Return a folder with a fault of every kind, and what must be said of it."""
    path = shutil.copytree(sound, tmp_path_factory.mktemp("planted") / "data")
    folder = Folder(path, studies)
    for study in studies:
        folder.label(study.volume.series.study_instance_uid, int(study.is_positive))
    said = [each for plant in PLANTS for each in plant(folder)]
    folder.finish()
    return path, said


@pytest.fixture(scope="module")
def found(planted: tuple[Path, list[Said]]) -> Analysis:
    """Return the analysis of that folder."""
    return analyse(planted[0], workers=1)


def test_every_planted_fault_is_found_and_nothing_else(
    planted: tuple[Path, list[Said]], found: Analysis
) -> None:
    """Each under its own kind, and of the right line or file."""
    said = [(each.kind, each.where) for each in found.remarks]

    assert sorted(said) == sorted([*planted[1], ("few_patients", "all")])
    assert {kind for kind, _ in said} | MADE_OF_VALUES == set(KINDS)


def test_what_passed_is_what_a_training_finds(
    planted: tuple[Path, list[Said]], found: Analysis, tmp_path: Path
) -> None:
    """The clean table in the place of the other leaves nothing out."""
    table = planted[0] / "labels.csv"
    before = table.read_bytes()
    try:
        table.write_bytes(write_table(found, tmp_path).read_bytes())
        cases, left_out = find_cases(planted[0])
    finally:
        table.write_bytes(before)

    assert left_out == []
    assert sorted(case.name for case in cases) == sorted(
        case.seen.study_uid for case in found.passed
    )
    assert len({case.patient for case in cases}) == 2


def test_no_person_is_named_in_anything_that_is_written(
    planted: tuple[Path, list[Said]], found: Analysis, tmp_path: Path
) -> None:
    """Neither a Patient ID nor a name, in record, table, report or terminal."""
    write_record(found, tmp_path / "eda.json")
    write_table(found, tmp_path)
    write_page(tell(found), Path(eda.__path__[0]), tmp_path, "md")
    written = "\n".join(summary(found))
    for name in ("eda.json", "labels.csv", "report.md"):
        written += (tmp_path / name).read_text(encoding="utf-8")

    assert "somebody else" not in written
    assert "one more" not in written
    assert "Simulated^" not in written
    assert json.loads((tmp_path / "eda.json").read_text())["counts"]["passed"] == 4


def test_clean_data_are_called_clean(
    sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over two processes: no fault, no finding; the page shows every study."""
    monkeypatch.setattr(entries, "FEWEST_PATIENTS", 1)
    labels = "2 with pathology, 2 without"
    lines = run(sound, tmp_path / "eda", workers=2)

    assert lines == [
        f"4 of 4 labelled studies can be used ({labels}), of 2 people.",
        "",
        f"report       {tmp_path}/eda/report.html",
        f"record       {tmp_path}/eda/eda.json",
        f"clean table  {tmp_path}/eda/out/labels.csv",
    ]
    page = (tmp_path / "eda" / "report.html").read_text(encoding="utf-8")
    assert "Nothing is left out. Nothing else is out of the ordinary." in page
    assert page.count("data:image/png") == 4
    with (tmp_path / "eda" / "out" / "labels.csv").open(newline="") as stream:
        people = [row["patient_id"] for row in csv.DictReader(stream)]
    assert [people.count(each) for each in people] == [2, 2, 2, 2]


def test_data_that_cannot_be_analysed_are_one_line(tmp_path: Path) -> None:
    """It is said what is missing, and nothing is written."""
    data, output = tmp_path / "data", tmp_path / "eda"
    data.mkdir()
    with pytest.raises(FileNotFoundError, match=r"no labels\.csv in data"):
        run(data, output)
    write_labels(data, "1.2.3,,0")
    with pytest.raises(FileNotFoundError, match=r"nothing beside labels\.csv"):
        run(data, output)
    (data / "a.zip").write_bytes(b"")
    write_labels(data, "1.2.3,,maybe")
    with pytest.raises(LabelError, match="line 2: pathology is 0 or 1, not maybe"):
        run(data, output)
    with pytest.raises(ValueError, match="never written to"):
        run(data, data / "eda")
    assert not output.exists()


def test_the_command_finds_the_analysis_of_this_model() -> None:
    """By its place, as that of every model."""
    assert part("chest_ct", "eda.run").run is run
