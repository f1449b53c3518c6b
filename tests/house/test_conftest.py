"""An unmet need is a skip for a developer and a failure where it was promised."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).resolve().parents[1] / "conftest.py"

ONE_TEST = """
import pytest

@pytest.mark.{marker}
def test_needs_something() -> None:
    pass
"""


def run_one(folder: Path, marker: str, **environment: str) -> str:
    """Run one marked test under our conftest and return pytest's output."""
    return run_text(folder, ONE_TEST.format(marker=marker), **environment)


def run_text(folder: Path, text: str, **environment: str) -> str:
    """Run the tests in a text under our conftest and return pytest's output."""
    (folder / "conftest.py").write_text(CONFTEST.read_text(encoding="utf-8"))
    (folder / "test_one.py").write_text(text)
    (folder / "pytest.ini").write_text(
        "[pytest]\nmarkers =\n    data\n    pacs\n    viewer\n"
    )
    outer = {key: value for key, value in os.environ.items() if key != "CI"}
    outer.pop("PACS_AI_REQUIRE_DATA", None)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."]
    done = subprocess.run(
        command,
        cwd=folder,
        env=outer | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.stdout


@pytest.mark.parametrize(
    ("marker", "environment", "outcome"),
    [
        ("data", {}, "1 skipped"),
        ("data", {"PACS_AI_REQUIRE_DATA": "1"}, "1 error"),
        ("pacs", {}, "1 skipped"),
        ("pacs", {"CI": "1"}, "1 error"),
        ("viewer", {}, "1 skipped"),
        ("viewer", {"CI": "1"}, "1 error"),
    ],
)
def test_an_unmet_need_fails_only_where_it_was_promised(
    tmp_path: Path, marker: str, environment: dict[str, str], outcome: str
) -> None:
    """Absent data or programs skip, except under make test-data or in CI."""
    absent = {"PACS_AI_DATA": str(tmp_path / "absent"), "PATH": str(tmp_path)}

    output = run_one(tmp_path, marker, **absent, **environment)

    assert outcome in output


def test_present_data_let_the_test_run(tmp_path: Path) -> None:
    """A folder named by PACS_AI_DATA is taken as the data."""
    output = run_one(tmp_path, "data", PACS_AI_DATA=str(tmp_path))

    assert "1 passed" in output


TALKATIVE = """
import logging, sys

def test_talks() -> None:
    {statement}
"""


@pytest.mark.parametrize(
    "statement",
    [
        'sys.stdout.write("event study=Secret^Patient")',
        'sys.stderr.write("error: TEST-1 cannot be read")',
        'logging.getLogger("library").warning("bad value in PHANTOM-000007")',
    ],
)
def test_a_test_whose_output_names_a_patient_fails(
    tmp_path: Path, statement: str
) -> None:
    """Whatever was printed or logged, and although the test itself has passed."""
    output = run_text(tmp_path, TALKATIVE.format(statement=statement))

    assert "1 failed" in output
    assert "stand in what was logged or printed" in output


def test_a_test_that_names_nobody_passes(tmp_path: Path) -> None:
    """The guard looks for the people of the tests, not for words."""
    output = run_text(tmp_path, TALKATIVE.format(statement='sys.stdout.write("study")'))

    assert "1 passed" in output
