"""``pacs-node batch`` as a person types it: files, exit status, interrupt, resume."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from models.hippocampus.phantom import write_study
from tests.node.test_main import ROOT, pacs_node
from tests.processes import ended_with_the_test

NAMES = ("Иванов Пётр", "山田太郎", "王小明", "محمد علي", "=SUM(A1)")
"""Folders of studies, as wards name them."""

OF_MR = ("--model", "hippocampus")
"""Else each other model has a sheet of its own, in which it reads none of these."""

ODD = r"\xcc\xe0\xf8\xe0"
"""How a name in Windows-1251 is written down: each byte that is not UTF-8."""


@dataclass(frozen=True)
class Typed:
    """What the command left."""

    folder: Path
    status: int
    output: str
    errors: str


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory) -> Typed:
    """Read six studies, a damaged one, and a folder without one."""
    folder = tmp_path_factory.mktemp("typed")
    for seed, name in enumerate(NAMES, start=61):
        write_study(folder / name, seed)
    *_, last = write_study(folder / "damaged", 68)
    last.write_bytes(last.read_bytes()[:200])
    odd = os.fsdecode(b"\xcc\xe0\xf8\xe0")  # the name Masha in Windows-1251
    write_study(folder / odd, 69)
    (folder / "letters").mkdir()
    (folder / "letters" / "letter.txt").write_text("no image")
    command = ("batch", ".", "-o", "t.xlsx", "--summary", "s.json", "-w", "2", *OF_MR)
    return Typed(folder, *pacs_node(*command, folder=folder))


def test_there_is_a_row_for_every_input_with_its_name(typed: Typed) -> None:
    """Names of any script come back as they are; a formula is a name."""
    sheet = load_workbook(typed.folder / "t.xlsx")["hippocampus"]
    head, *rows = sheet.iter_rows()
    names = {row[0].value: row for row in rows}

    assert [cell.value for cell in head][:3] == [
        "path_to_study",
        "study_uid",
        "series_uid",
    ]
    assert {*NAMES, ODD} < names.keys()
    assert names["=SUM(A1)"][0].data_type == "s"
    assert len(rows) == len(NAMES) + 3


def test_a_number_is_a_number_and_a_failure_has_none(typed: Typed) -> None:
    """Empty, and never 0."""
    sheet = load_workbook(typed.folder / "t.xlsx")["hippocampus"]
    head, *rows = sheet.iter_rows(values_only=True)
    table: list[dict[Any, Any]] = [dict(zip(head, row, strict=True)) for row in rows]
    sound = [row for row in table if row["processing_status"] == "SUCCESS"]
    failed = [row for row in table if row["processing_status"] == "FAILURE"]

    assert len(sound) == len(NAMES) + 1
    assert all(1500 < row["total_mm3"] < 6000 for row in sound)
    assert [row["total_mm3"] for row in failed] == [None, None]
    assert {row["path_to_study"]: row["reason"].split(".")[0] for row in failed} == {
        "damaged": "A damaged file lies among the images of the series",
        "letters": "No study was found here",
    }


def test_the_summary_says_the_same_for_a_machine(typed: Typed) -> None:
    """Counts, and where each object lies; one input had no study, which is an error."""
    summary = json.loads((typed.folder / "s.json").read_text("utf-8"))

    assert typed.status == 1
    assert (
        summary["counts"] | {"reported": 6, "failed": 1, "no_study": 1}
        == summary["counts"]
    )
    for entry in summary["entries"]:
        for made in entry["objects"]:
            assert (typed.folder / made["path"]).is_file()


def test_without_a_terminal_there_are_numbered_lines(typed: Typed) -> None:
    """No control code, on standard error; the table is standard output."""
    lines = typed.errors.splitlines()

    assert {line.split("]")[0] for line in lines} == {f"[{n}/8" for n in range(1, 9)}
    assert "\x1b" not in typed.errors + typed.output
    assert "5" in typed.output
    assert "Traceback" not in typed.errors


def test_an_interrupt_is_taken_up_again(tmp_path: Path) -> None:
    """Ctrl-C in the middle writes what there is; the same command reads the rest."""
    for seed in range(71, 76):
        write_study(tmp_path / "in" / str(seed), seed)
    command = ("batch", "in", "-o", "t.csv", "--lang", "ru", "-w", "1", *OF_MR)
    process = subprocess.Popen(
        [sys.executable, "-m", "node", *command],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with ended_with_the_test(process):
        assert process.stderr is not None
        first = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    interrupted = table(tmp_path / "t.csv")

    status, _, again = pacs_node(*command, folder=tmp_path)

    assert first.startswith("[1/5]")
    assert process.returncode == 130
    assert "type the same command again" in errors
    done = {row["path_to_study"] for row in interrupted if row["total_mm3"]}
    assert 1 <= len(done) < 5
    assert len(interrupted) == 5
    assert status == 0
    assert again.count("обработано ранее") == len(done)
    assert all(row["total_mm3"] for row in table(tmp_path / "t.csv"))


def test_a_second_interrupt_ends_it_at_once(tmp_path: Path) -> None:
    """Whatever it was still doing; no traceback, no signal death."""
    write_study(tmp_path / "in" / "1", 78)
    process = subprocess.Popen(
        [sys.executable, "-m", "node", "batch", "in"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with ended_with_the_test(process):
        deadline = time.monotonic() + 60
        while not (tmp_path / "results" / ".pacs-node" / "ledger.sqlite").exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        for _ in range(4):
            process.send_signal(signal.SIGINT)
            time.sleep(0.05)
        _, errors = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "Traceback" not in errors


def table(path: Path) -> list[dict[str, str]]:
    """Return the rows of a .csv."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        ((), 2, "pacs-node batch ROOT"),
        (("in", "-i", "in"), 2, "pacs-node batch ROOT"),
        (("nowhere",), 2, "name where the studies lie"),
        (("in", "-o", "t.ods"), 2, ".xlsx or .csv"),
        (("in", "-o", "nowhere/t.csv"), 2, "no such folder"),
        (("in", "--to", "ORTHANC"), 2, "AET@HOST:PORT"),
        (("in", "--to", "TOO_LONG_A_TITLE_X@h:104"), 2, "AET@HOST:PORT"),
        (("in", "--lang", "de"), 2, "languages are en, ru"),
        (("in", "--bundle", "in"), 2, "bundle.json"),
        (("in", "--model", "liver"), 2, "models are hippocampus"),
        (("in", "--summary", "nowhere/s.json"), 2, "--summary"),
        (("in",), 1, "No study"),
    ],
)
def test_wrong_use_is_said_before_anything_is_read(
    tmp_path: Path, arguments: tuple[str, ...], status: int, words: str
) -> None:
    """One line that says what to write instead."""
    (tmp_path / "in").mkdir()

    found, output, errors = pacs_node(
        "batch", *arguments, folder=tmp_path, COLUMNS="200"
    )

    assert (found, "Traceback" in errors) == (status, False)
    assert words in output + errors


def test_a_bundle_of_ones_own_is_used_by_name(tmp_path: Path) -> None:
    """A copy of ours under another version: the table says which one read."""
    write_study(tmp_path / "in", 77)
    own = tmp_path / "own"
    (own / "weights").mkdir(parents=True)
    shipped = ROOT / "models" / "hippocampus"
    content = json.loads((shipped / "bundle.json").read_text("utf-8"))
    content["version"] = "9.9.9"
    (own / "bundle.json").write_text(json.dumps(content), "utf-8")
    weights = "weights/hippocampus.safetensors"
    (own / weights).write_bytes((shipped / weights).read_bytes())

    started = time.monotonic()
    status, output, errors = pacs_node(
        "batch", "in", "--bundle", "own", "--json", folder=tmp_path
    )

    (entry,) = json.loads(output)["entries"]
    assert (status, entry["model_version"]) == (0, "9.9.9"), errors
    assert 0 < entry["seconds"] < time.monotonic() - started
