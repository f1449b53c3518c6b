"""``pacs-node explain`` as a person types it, over the ledger of a real run."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from models.hippocampus.phantom import write_study
from node.log import salted
from tests.node.test_main import pacs_node

STUDY = ("--results", "results")


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a phantom that was read."""
    folder = tmp_path_factory.mktemp("explain")
    write_study(folder / "study", 51)
    status, _, errors = pacs_node("infer", "study", "-o", "results", folder=folder)
    assert status == 0, errors
    return folder


@pytest.fixture
def folder(read: Path, tmp_path: Path) -> Path:
    """Return a copy of its ledger and results that a test may spoil."""
    shutil.copytree(read / "results", tmp_path / "results")
    return tmp_path


def change(folder: Path, sql: str, *values: object) -> list[Any]:
    """Run one statement over the ledger."""
    path = folder / "results" / ".pacs-node" / "ledger.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        return connection.execute(sql, values).fetchall()


def uid(folder: Path) -> str:
    """Return the study's UID."""
    ((found,),) = change(folder, "SELECT study_instance_uid FROM studies")
    return str(found)


def test_the_log_the_ledger_and_the_report_lead_to_one_story(folder: Path) -> None:
    """By the UID, by an object's UID and by the hash; 80 columns, no control codes."""
    status, output, _ = pacs_node("explain", uid(folder), *STUDY, folder=folder)
    assert status == 0
    assert max(map(len, output.splitlines())) <= 80
    assert "\x1b" not in output
    (hashed,) = {
        line.partition("study=")[2] for line in output.splitlines() if "study=" in line
    }
    ((sr,),) = change(folder, "SELECT sop_instance_uid FROM objects WHERE kind = 'SR'")

    for wanted in (hashed, sr):
        _, same, _ = pacs_node("explain", wanted, *STUDY, folder=folder)
        assert same == output
    assert "attempt 1" in output
    assert "not verified by a physician" in output
    assert "refused because description" in output


def test_a_machine_reads_all_of_it(folder: Path) -> None:
    """Numbers with all their digits, whole digests, where each file lies."""
    _, output, _ = pacs_node("explain", uid(folder), *STUDY, "--json", folder=folder)

    (study,) = json.loads(output)["studies"]
    (job,) = (each for each in study["jobs"] if each["model"] == "hippocampus")
    (result,) = job["results"]
    assert study["timeline"][0]["text"].endswith("from files")
    assert [verdict["chosen"] for verdict in job["series"]] == [False, True]
    assert len(result["provenance"]["weights_sha256"]) == 64
    assert result["provenance"]["status"] == "research"
    assert {made["is_there"] for made in result["objects"]} == {True}
    assert result["measurements"][0]["printed"]


def test_a_result_comes_out_again_byte_for_byte(folder: Path) -> None:
    """And nothing is kept of it; the ledger is not written."""
    before = change(folder, "SELECT * FROM objects")

    status, output, errors = pacs_node(
        "explain", uid(folder), *STUDY, "--rerun-check", folder=folder
    )

    assert (status, errors) == (0, "")
    assert "all equal: 10 values, the objects byte for byte" in output
    assert change(folder, "SELECT * FROM objects") == before
    assert sorted(path.name for path in folder.iterdir()) == ["results"]


def test_a_result_that_was_changed_is_seen(folder: Path) -> None:
    """A number in the ledger and an object that are not what the model says."""
    change(folder, "UPDATE objects SET sha256 = 'x' WHERE kind = 'SC'")
    change(folder, "UPDATE results SET measurements = "
           "replace(measurements, '\"mL\"', '\"L\"')")  # fmt: skip

    status, output, _ = pacs_node(
        "explain", uid(folder), *STUDY, "--rerun-check", folder=folder
    )

    assert status == 1
    assert "differ: " in output
    assert "SC" in output.splitlines()[-1]


def test_images_that_retention_removed_cannot_be_read_again(folder: Path) -> None:
    """One line says so, and the story is told all the same."""
    change(folder, "UPDATE instances SET path = NULL")

    status, output, _ = pacs_node(
        "explain", uid(folder), *STUDY, "--rerun-check", folder=folder
    )

    assert status == 1
    assert "images        0 of 100 still here" in output
    said = "cannot be repeated: the images are gone; send the study again"
    assert output.splitlines()[-1].strip() == said


def test_several_studies_are_listed_with_what_to_type(folder: Path) -> None:
    """One accession number may stand for several."""
    ((salt,),) = change(folder, "SELECT site_salt FROM installation")
    change(
        folder,
        "INSERT INTO studies SELECT '1.2.3', state, first_received_at, "
        "last_received_at, completed_at, completeness, completeness_reason, "
        "calling_ae_title, accession_hash, patient_hash, study_date FROM studies",
    )
    change(folder, "UPDATE studies SET accession_hash = ?", salted(salt, "A4711"))

    status, output, _ = pacs_node("explain", "A4711", *STUDY, folder=folder)

    named = [line.split()[-1] for line in output.splitlines() if "pacs-node" in line]
    assert status == 0
    assert len(named) == 2
    assert "1.2.3" in named


def test_what_nobody_knows_is_answered_on_one_line(folder: Path) -> None:
    """With what may be given; what was typed may name a person and is not repeated."""
    status, output, errors = pacs_node("explain", "Ivanov^Petr", *STUDY, folder=folder)

    assert (status, output) == (1, "")
    assert len(errors.splitlines()) == 1
    assert "Accession Number" in errors
    assert "study= in the log" in errors
    assert "Ivanov" not in errors
