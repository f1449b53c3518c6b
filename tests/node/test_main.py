"""The command line as a person types it: real processes, exit statuses, one line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import node.__main__
from models.hippocampus.phantom import write_study

ROOT = Path(__file__).parents[2]


def pacs_node(
    *arguments: str, folder: Path, **environment: str
) -> tuple[int, str, str]:
    """Run the command in a folder; return exit status, output and errors."""
    done = subprocess.run(
        [sys.executable, "-m", "node", *arguments],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "OMP_NUM_THREADS": "1",
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_infer_prints_json_and_exits_zero(tmp_path: Path) -> None:
    """A phantom is reported, with its volumes as printed in the report."""
    write_study(tmp_path / "study", 41)

    status, output, _ = pacs_node("infer", "study", "--json", folder=tmp_path)

    read, *others = json.loads(output)["entries"]
    assert (status, read["outcome"]) == (0, "reported")
    assert {m["unit"] for m in read["measurements"]} == {"mm3", "mL"}
    assert {entry["outcome"] for entry in others} == {"not_applicable"}
    for path in (tmp_path / "results").rglob("*"):
        assert not path.stat().st_mode & 0o077, path.name


def test_a_card_is_printed_of_the_model_that_reads_the_study(tmp_path: Path) -> None:
    """A model for another part of the body is nothing to tell, or to fail for."""
    write_study(tmp_path / "study", 41)

    status, output, _ = pacs_node("infer", "study", folder=tmp_path)
    other, told, _ = pacs_node(
        "infer", "study", "--model", "chest_ct", "-o", "chest", folder=tmp_path
    )

    assert (status, other) == (0, 1)
    assert output.startswith("Hippocampal volumetry: reported")
    assert "Chest CT" not in output
    assert told.startswith("Chest CT triage: not applicable")


def test_jobs_lists_what_infer_did(tmp_path: Path) -> None:
    """The ledger of an offline run is read like the node's."""
    write_study(tmp_path / "study", 42)
    pacs_node("infer", "study", folder=tmp_path)

    status, output, _ = pacs_node(
        "jobs", folder=tmp_path, PACS_NODE_NODE__DATA_DIR="results/.pacs-node"
    )

    assert status == 0
    assert "reported" in output
    assert "  B" in output, "the grade"


def test_what_could_not_be_sent_is_an_error_that_is_shown(tmp_path: Path) -> None:
    """Nothing listens there: the study was read, its objects are on their way."""
    write_study(tmp_path / "study", 43)
    nowhere = {
        "PACS_NODE_ARCHIVE__DICOM_PORT": "1",
        "PACS_NODE_NODE__DATA_DIR": "results/.pacs-node",
    }

    status, output, _ = pacs_node(
        "infer", "study", "--send", "--json", folder=tmp_path, **nowhere
    )
    _, listed, _ = pacs_node("jobs", folder=tmp_path, **nowhere)

    entry, *_ = json.loads(output)["entries"]
    log = (tmp_path / "results" / ".pacs-node" / "log.txt").read_text()
    assert (status, entry["outcome"]) == (1, "reported")
    assert {d["state"] for d in entry["deliveries"]} == {"pending"}
    assert "object_postponed" in log
    assert "on its way" in listed
    assert "SEG, SR, SC to ORTHANC@127.0.0.1:1: " in listed


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("infer", "nowhere"), 2, "no such file or folder"),
        (("infer", ".", "--model", "liver"), 2, "models are hippocampus"),
        (("jobs",), 2, "start the node"),
        (("config", "check", "--config", "none.toml"), 2, "No such file"),
        (("unknown",), 2, "No such command"),
    ],
)
def test_an_error_is_explained_without_a_traceback(
    tmp_path: Path, arguments: tuple[str, ...], status: int, words: str
) -> None:
    """The exit status follows the table of the design, and the words help."""
    found, _, errors = pacs_node(*arguments, folder=tmp_path, COLUMNS="200")

    assert found == status
    assert words in errors
    assert "Traceback" not in errors


def test_the_settings_are_shown_with_the_password_masked(tmp_path: Path) -> None:
    """`config show` prints JSON without the secret."""
    status, output, _ = pacs_node(
        "config",
        "show",
        folder=tmp_path,
        PACS_NODE_ARCHIVE_PASSWORD="s3cret",  # noqa: S106 - not a real one
    )

    assert status == 0
    assert json.loads(output)["node"]["ae_title"] == "HIPPOAI"
    assert "s3cret" not in output


def test_what_nobody_foresaw_is_one_line_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says where in the code, for the report, and nothing of the data."""

    def fail() -> None:
        raise LookupError("Ivanov^Pyotr")

    monkeypatch.setattr(node.__main__, "app", fail)

    with pytest.raises(SystemExit) as ended:
        node.__main__.main()

    errors = capsys.readouterr().err
    assert ended.value.code == 1
    assert errors.count("\n") == 1
    assert "LookupError at test_main.py" in errors
    assert "Ivanov" not in errors
