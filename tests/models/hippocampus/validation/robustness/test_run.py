"""From a fold's network and cases to the table, by the command."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from models.commands import app
from models.hippocampus.learning.cases import Case
from models.hippocampus.learning.settings import SHIPPED, HippocampusSettings
from models.hippocampus.model import HippocampusModel, build
from models.hippocampus.network import ResidualUNet
from models.hippocampus.phantom_image import phantom
from models.hippocampus.preprocess import normalise
from models.hippocampus.validation.folds import write_fold
from models.hippocampus.validation.robustness.suite import SUITE, Entry
from models.hippocampus.validation.robustness.trial import read_trials, trial
from models.training.settings import read_settings
from models.volume.nifti import write_nifti
from tests.models.hippocampus.test_model import RAS


@pytest.fixture(scope="module")
def model() -> HippocampusModel:
    """Build the shipped model: it never saw a phantom."""
    return build()


def case(seed: int = 3) -> Case:
    """Return a phantom as a case."""
    image, truth = phantom(seed)
    return Case(f"hippocampus_{seed:03d}", seed, normalise(image), truth)


def entry(key: str) -> Entry:
    """Return a row of the table by its name."""
    return next(entry for entry in SUITE if entry.key == key)


@pytest.mark.parametrize(
    "key", ["intensity x 0.01", "offset +100 SD", "axes stored otherwise"]
)
def test_what_must_not_matter_does_not(model: HippocampusModel, key: str) -> None:
    """Gain, offset and the order of the axes change nothing."""
    clean = trial(model, 0, case(), SUITE[0], "fp32")

    found = trial(model, 0, case(), entry(key), "fp32")

    assert found.mm3 == pytest.approx(clean.mm3, rel=2e-3)
    assert found.dice["whole"] == pytest.approx(clean.dice["whole"], abs=2e-3)


FLAGGED = [e.key for e in SUITE if not e.trusted and e.key != "other hand"]


@pytest.mark.parametrize("key", FLAGGED)
def test_what_cannot_be_read_is_flagged(model: HippocampusModel, key: str) -> None:
    """No grade A for a cut field, inverted contrast, no anatomy, or nothing at all."""
    assert trial(model, 0, case(), entry(key), "fp32").flagged


def test_the_command_tries_held_out_cases_and_writes_the_table(tmp_path: Path) -> None:
    """A tiny network, one case that it never saw, every perturbation."""
    data, folds, output = (tmp_path / name for name in ("data", "folds", "out"))
    for folder in (data / "images", data / "labels"):
        folder.mkdir(parents=True)
    settings = read_settings(HippocampusSettings, SHIPPED)
    settings = settings.model_copy(update={"widths": (4, 8)})
    for number in (1, 3, 5, 7, 9):
        image, truth = phantom(number)
        name = f"hippocampus_{number:03d}.nii.gz"
        write_nifti(data / "images" / name, image, RAS)
        write_nifti(data / "labels" / name, truth.astype(np.uint8), RAS)
    folds.mkdir()
    torch.manual_seed(0)
    write_fold(ResidualUNet((4, 8)), folds, 0, [], settings)

    places = ["--data", str(data), "--folds", str(folds), "--output", str(output)]
    done = CliRunner().invoke(app, ["robustness", "hippocampus", *places])

    assert done.exit_code == 0, done.output
    assert "contrast inverted" in done.output
    found = read_trials(output / "trials.jsonl")
    assert [one.entry for one in found] == [entry.key for entry in SUITE]
    assert "| other hand |" in (output / "robustness.md").read_text(encoding="utf-8")
