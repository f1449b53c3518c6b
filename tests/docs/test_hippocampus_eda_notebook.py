"""The notebook runs from top to bottom, and is committed without what it printed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "docs" / "hippocampus_eda.ipynb"
EXECUTE = Path(sys.executable).with_name("jupyter-execute")


def run(folder: Path, data: Path | None) -> list[dict[str, Any]]:
    """Execute the notebook and return all outputs of its cells."""
    environment = {key: value for key, value in os.environ.items() if key != DATA}
    environment |= {"TMPDIR": str(folder)} | ({DATA: str(data)} if data else {})
    executed = folder / "executed.ipynb"
    done = subprocess.run(
        [EXECUTE, "--output", str(executed), str(NOTEBOOK)],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    cells = json.loads(executed.read_text(encoding="utf-8"))["cells"]
    return [output for cell in cells for output in cell.get("outputs", [])]


DATA = "PACS_AI_DATA"


def printed(outputs: list[dict[str, Any]]) -> str:
    """Return what the cells printed."""
    return "".join("".join(output.get("text", "")) for output in outputs)


def pictures(outputs: list[dict[str, Any]]) -> int:
    """Return the number of pictures that the cells show."""
    return sum("image/png" in output.get("data", {}) for output in outputs)


@pytest.mark.slow
def test_it_runs_on_a_bare_machine(tmp_path: Path) -> None:
    """On synthetic pairs, where it finds what it broke itself."""
    outputs = run(tmp_path, data=None)

    text = printed(outputs)
    assert "21 of 24 cases can be used, of 12 subjects." in text
    assert "hippocampus_005  head and tail lie" in text
    assert "hippocampus_010  no image" in text
    assert "hippocampus_018  no label map" in text
    assert "hippocampus_008  separate pieces: posterior: 1 voxel apart" in text
    assert pictures(outputs) >= 9  # five plots, usual and extremes, the slip


@pytest.mark.data
def test_it_tells_the_story_of_the_shared_data(
    shared_data: Path, tmp_path: Path
) -> None:
    """With the three cases that are broken there."""
    text = printed(run(tmp_path, shared_data))

    assert "220 of 223 cases can be used, of 144 subjects." in text
    assert "010, 118, 281" in text


def test_it_is_committed_without_outputs() -> None:
    """Pictures of patients are never committed, nor numbers that may be stale."""
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]

    assert code
    assert all(cell["outputs"] == [] for cell in code)
    assert all(cell["execution_count"] is None for cell in code)
