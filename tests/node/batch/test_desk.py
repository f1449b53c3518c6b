"""A run of a model that decides: through pool and ledger to table, sheet and JSON."""

from __future__ import annotations

import csv
import json
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

import models
from node.batch import desk
from node.batch.records import opened
from node.errors import ConfigError
from node.history.repetition import repeat
from node.history.story import story_of
from tests.node.batch import results as given
from tests.node.batch import triage

STUDIES = {
    "norma_01": 0.12,
    "norma_02": 0.7,
    "pneumonia_01": 0.873,
    "pneumonia_02": 0.3,
    "pneumonia_03": 0.95,
    "no chest": 0.999,
}
"""Folder → probability."""

FIRST = [
    "path_to_study",
    "study_uid",
    "series_uid",
    "probability_of_pathology",
    "pathology",
    "processing_status",
    "time_of_processing",
    "most_dangerous_pathology_type",
    "pathology_localization",
    "method",
    "quality_flags",
    "reason",
]
"""RESULTS section 3, and what stands next to it."""

Table = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Ran:
    """What a run left: the screen, a table by folder, and the JSON."""

    out: str
    err: str
    table: Table
    told: dict[str, Any]
    folder: Path


class Screen:
    """Catches what is printed, where pytest's own way lasts for one test only."""

    def __init__(self) -> None:
        self.out, self.err = StringIO(), StringIO()

    def readouterr(self) -> tuple[str, str]:
        """Return what was printed so far."""
        return self.out.getvalue(), self.err.getvalue()


@pytest.fixture(scope="module")
def patch() -> Any:
    """Yield a monkeypatch for a whole module, with the model in place."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("node.batch.run.perform", triage.perform)
        patch.setattr(models, "MODELS", dict(models.MODELS))
        triage.register()
        yield patch


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a study for each probability, and a folder without any."""
    folder = tmp_path_factory.mktemp("triage")
    for number, (name, probability) in enumerate(STUDIES.items()):
        triage.write_study(folder / "in" / name, probability, number)
    (folder / "in" / "notes").mkdir()
    (folder / "in" / "notes" / "a.txt").write_text("nothing")
    return folder


def run(
    ward: Path, screen: Any, name: str, *, fast: bool = False, **wanted: Any
) -> Ran:
    """Read the ward into a table of this name."""
    asked = desk.Wanted(
        table=ward / f"{name}.csv", summary_file=ward / f"{name}.json", **wanted
    )
    desk.batch(triage.order(ward, fast=fast), asked, given.NOW)
    out, err = screen.readouterr()
    return Ran(
        out,
        err,
        table_of(ward / f"{name}.csv"),
        json.loads((ward / f"{name}.json").read_text(encoding="utf-8")),
        ward,
    )


def table_of(path: Path) -> Table:
    """Return the rows of a table by the name of the folder."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return {Path(row["path_to_study"]).name: row for row in rows}


@pytest.fixture(scope="module")
def first(ward: Path, patch: Any) -> Ran:
    """Read the ward for the first time, against the truth of its names."""
    screen = Screen()
    with redirect_stdout(screen.out), redirect_stderr(screen.err):
        return run(ward, screen, "first", truth_from_names=True)


def test_a_row_is_what_hospitals_know(first: Ran) -> None:
    """Their columns in their order, a box of the original series beside a 1."""
    row = first.table["pneumonia_01"]

    assert list(row)[: len(FIRST)] == FIRST
    assert row["probability_of_pathology"] == "0.873"
    assert (row["pathology"], row["processing_status"]) == ("1", "SUCCESS")
    assert row["most_dangerous_pathology_type"] == "Consolidation"
    assert row["pathology_localization"] == "2,9,4,7,1,2"
    assert row["localization_mm"] == "1.5,9.5,3.5,7.5,0.5,2.5"
    assert row["localization_images"] == "2-3"
    assert (row["method"], row["threshold"]) == ("cnn_3d", "0.500")
    assert row["lungs_ml"] == "1.0"
    assert (row["truth"], row["correct"]) == ("1", "CORRECT")


def test_below_the_threshold_is_never_normal(first: Ran) -> None:
    """A 0 is told in words, in the note of every row, and has no box."""
    row = first.table["norma_01"]

    assert (row["pathology"], row["answer"]) == ("0", "below threshold")
    assert row["pathology_localization"] == "N/A"
    assert row["most_dangerous_pathology_type"] == "N/A"
    assert all("DEMONSTRATION" in each["note"] for each in first.table.values())
    assert all(
        "below the threshold, not normal" in r["note"] for r in first.table.values()
    )
    told = first.out.replace("not normal", "")
    assert "normal" not in told.lower()


@pytest.mark.parametrize("name", ["no chest", "notes"])
def test_a_failure_has_no_decision(first: Ran, name: str) -> None:
    """Empty, never 0 or 1, whatever the truth; the reason is in words."""
    row = first.table[name]

    empty = ("probability_of_pathology", "pathology", "pathology_localization")
    assert [row[column] for column in empty] == [""] * 3
    assert (row["processing_status"], row["correct"]) == ("FAILURE", "")
    assert row["reason"].endswith(".")


def test_each_study_is_told_as_it_ends(first: Ran) -> None:
    """What was loaded, the stages, the result, and whether it is right."""
    block = first.err[first.err.index("norma_02") :].split("[")[0]

    for words in ("4 images", "Stages", "3D network 0.4 s"):
        assert words in block
    assert "pathology suspected, 0.700 (threshold 0.500)" in block
    assert "Consolidation: images 2-3, columns 2-9, rows 4-7" in block
    assert "0: WRONG" in block


def test_the_end_sums_up(first: Ran) -> None:
    """Shares without a word of health, and figures with intervals."""
    assert "below threshold 2 (40 %) · pathology suspected 3 (60 %)" in first.out
    assert "Truth (names of files and folders): 3 of 5 right" in first.out
    assert "Sensitivity 0.667 (0.208 to 0.939), 2 of 3" in first.out
    assert "Per study" in first.out


def test_the_json_holds_answers_places_and_metrics(first: Ran) -> None:
    """With all digits, and failures apart."""
    model = first.told["models"][triage.NAME]
    entry = next(e for e in first.told["entries"] if e["path"].endswith("monia_01"))

    assert model["totals"]["below_threshold"] == 2
    assert model["metrics"]["true_positive"] == 2
    assert model["metrics"]["specificity"]["value"] == 0.5
    assert model["metrics"]["failed_positive"] == 0
    assert first.told["truth"] == {"source": "names", "not_found": []}
    assert entry["classifications"][0]["probability"] == 0.873
    assert entry["locations"][0]["xyz"] == [2, 9, 4, 7, 1, 2]
    assert entry["truth"] == 1


def test_a_resumed_run_writes_the_same_rows(
    first: Ran, ward: Path, patch: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """What an earlier run decided comes from the ledger, to the last digit."""
    again = run(ward, capsys, "again", truth_from_names=True)

    assert sum(entry["kept"] for entry in again.told["entries"]) == 5
    for name in STUDIES:
        before, after = first.table[name], again.table[name]
        assert {**after, "time_of_processing": ""} == {
            **before,
            "time_of_processing": "",
        }


def test_a_table_of_truth_makes_a_sheet_of_metrics(
    first: Ran, ward: Path, patch: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the workbook and beside a .csv; who is not there is named."""
    truth = ward / "truth.csv"
    truth.write_text("File;Pathology\nnorma_01.zip;0\npneumonia_01;1\nlost;1\n")
    asked = desk.Wanted(table=ward / "t.xlsx", truth_file=truth)

    desk.batch(triage.order(ward), asked, given.NOW)

    book = load_workbook(ward / "t.xlsx")
    assert book.sheetnames == [triage.NAME, "Metrics", "Summary"]
    rows = {line[1].value: line[2].value for line in book["Metrics"].iter_rows(2)}
    assert rows["AUC"] == 1.0
    assert rows["With a result, without truth"] == 3
    assert "Truth not used: lost" in capsys.readouterr().out


@pytest.fixture(scope="module")
def fast(first: Ran, ward: Path) -> Ran:
    """Read the ward once more, and fast."""
    screen = Screen()
    with redirect_stdout(screen.out), redirect_stderr(screen.err):
        return run(ward, screen, "fast", fast=True)


def test_fast_says_so_first_and_reads_again(first: Ran, fast: Ran) -> None:
    """Another way of reading is another result, in a version of its own."""
    row = fast.table["pneumonia_01"]

    assert fast.err.splitlines()[0] == "Fast: hippocampus leaves out the heat map."
    assert (row["method"], row["version"]) == ("z_profile", "v2")
    assert row["note"].endswith("Fast: leaves out the heat map")
    assert "Fast" not in first.table["pneumonia_01"]["note"]


def test_a_fast_result_is_repeated_fast(fast: Ran, ward: Path, patch: Any) -> None:
    """Once more, it comes out equal: answers, places and objects."""
    ordered = triage.order(ward, fast=True)

    with opened(ordered) as ledger:
        study = ledger.studies.get(fast.table["norma_02"]["study_uid"])
        assert study
        (job,) = story_of(study, ledger).jobs
        done = repeat(job, ledger, ordered.settings, in_order=False)

    assert (done.trouble, done.changed) == ("", ())
    assert done.is_equal, [each for each in done.rows if not each.is_equal]
    assert "classification 1" in {each.what for each in done.rows}
    assert job.results[-1].summary["Lungs pathology of the lungs"] == (
        "pathology suspected, 0.700 (threshold 0.500), decided by z_profile"
    )


def test_a_model_without_a_fast_mode_reads_as_always(
    ward: Path, patch: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """It says so, and what was read stands."""
    triage.write_bundle(tmp_path / "bundle", fast={})
    triage.write_study(tmp_path / "in" / "one", 0.6, 1)
    slow = triage.order(tmp_path)

    desk.batch(slow, desk.Wanted(table=tmp_path / "a.csv"), given.NOW)
    asked = desk.Wanted(table=tmp_path / "b.csv", summary_file=tmp_path / "b.json")
    desk.batch(replace(slow, fast=True), asked, given.NOW)

    told = json.loads((tmp_path / "b.json").read_text(encoding="utf-8"))
    assert "has nothing to leave out" in capsys.readouterr().err
    assert [entry["kept"] for entry in told["entries"]] == [True]


def test_a_truth_for_a_model_that_only_measures_is_refused(tmp_path: Path) -> None:
    """Before anything is read."""
    (tmp_path / "in").mkdir()
    columns = {"total_ml": {"structure": "Lungs", "unit": "mL"}}
    triage.write_bundle(tmp_path / "bundle", columns=columns)
    asked = desk.Wanted(table=tmp_path / "t.csv", truth_from_names=True)

    with pytest.raises(ConfigError, match="decides nothing"):
        desk.batch(triage.order(tmp_path), asked, given.NOW)
