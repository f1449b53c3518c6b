"""The Python that the pages show is run as it stands there, for every model."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import models
from models.chest_ct.simulator.dicom import write_dicom
from models.chest_ct.simulator.plan import plan
from models.chest_ct.simulator.settings import shipped, tiny
from models.chest_ct.simulator.study import simulate
from models.contract import Findings
from models.hippocampus.phantom import write_study
from models.volume.bundle import Bundle
from tests.models.hippocampus.learning.trainings import write_training

DOCS = Path(__file__).parents[2] / "docs"
SHOWN = "chest_ct"
"""The model of the pages; the lines hold for any other."""

LONGEST = 3
"""Lines that a person types, the empty one not counted."""


def _hippocampus_study(folder: Path) -> None:
    write_study(folder / "study", 9)


def _chest_study(folder: Path) -> None:
    settings = tiny(shipped())
    write_dicom(simulate(plan(settings)[0], settings), folder / "study")


def _hippocampus_training(folder: Path) -> None:
    write_training(folder)
    (folder / "training.toml").rename(folder / "bundle.toml")


Writer = Callable[[Path], None]

STUDIES: dict[str, Writer] = {
    "chest_ct": _chest_study,
    "hippocampus": _hippocampus_study,
}
TRAININGS: dict[str, Writer] = {"hippocampus": _hippocampus_training}
"""Model → writes what the lines name into a folder. A training of the chest model that
is over in seconds is tests/models/chest_ct/learning/test_whole.py."""


def shown(page: str) -> str:
    """Return the only block of Python of a page."""
    text = (DOCS / page).read_text(encoding="utf-8")
    (block,) = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return str(block)


def run(page: str, model: str, folder: Path, patch: pytest.MonkeyPatch) -> Any:
    """Run the block of a page in a folder for a model; return its names."""
    patch.chdir(folder)
    names: dict[str, Any] = {}
    code = shown(page).replace(f'"{SHOWN}"', f'"{model}"')
    exec(compile(code, page, "exec"), names)  # noqa: S102 - a page of this repository
    return names


@pytest.mark.parametrize("page", ["batch.md", "training.md"])
def test_three_lines_are_enough(page: str) -> None:
    """An import, a call, and what is done with the answer."""
    lines = [line for line in shown(page).splitlines() if line]

    assert len(lines) == LONGEST
    assert f'"{SHOWN}"' in lines[1]


@pytest.mark.slow
@pytest.mark.parametrize("model", sorted(STUDIES.keys() & models.MODELS.keys()))
def test_a_folder_becomes_findings(
    model: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What is printed are the numbers."""
    STUDIES[model](tmp_path)

    findings = run("batch.md", model, tmp_path, monkeypatch)["findings"]

    assert isinstance(findings, Findings)
    assert findings.measurements
    assert "value=" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("model", sorted(TRAININGS.keys() & models.MODELS.keys()))
def test_settings_become_a_bundle_with_figures(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bundle serves, and its figures are of cases that were held out."""
    TRAININGS[model](tmp_path)

    bundle = run("training.md", model, tmp_path, monkeypatch)["bundle"]

    assert isinstance(bundle, Bundle)
    assert "none held out" not in str(bundle.metrics)
    assert models.load(model, bundle.folder).bundle.digest == bundle.digest
