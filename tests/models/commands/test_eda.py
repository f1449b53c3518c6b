"""``pacs-model eda`` as a person types it, on synthetic pairs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from models.hippocampus.cases.data import read_data
from models.hippocampus.eda.phantom_pairs import write_pairs


def pacs_model(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, without a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "models", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_command_reports_records_and_copies(tmp_path: Path) -> None:
    """Lines for a log on standard error, what was found on standard output."""
    names = write_pairs(tmp_path / "data", subjects=2)
    (tmp_path / "data" / "images" / f"{names[1]}.nii.gz").unlink()
    output = tmp_path / "eda"

    done = pacs_model("eda", "hippocampus", tmp_path / "data", "--output", output)

    assert done.returncode == 0, done.stderr
    assert "[4/4] " in done.stderr
    assert done.stdout.splitlines() == [
        "3 of 4 cases can be used, of 2 subjects.",
        "",
        "Broken, left out",
        "  hippocampus_002  no image",
        "",
        f"report      {output}/report.html",
        f"record      {output}/eda.json",
        f"clean copy  {output}/out",
    ]
    assert [case.name for case in read_data(output / "out").cases] == [
        *(names[0], names[2], names[3]),
    ]


def test_an_empty_folder_is_one_line_and_status_one(tmp_path: Path) -> None:
    """And nothing is written."""
    (tmp_path / "data").mkdir()

    done = pacs_model(
        "eda", "hippocampus", tmp_path / "data", "--output", tmp_path / "eda"
    )

    assert done.returncode == 1
    assert done.stderr.startswith("pacs-model: data: no images/*.nii.gz")
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "eda").exists()
