"""From a fold's network and cases to the table, by the command."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import models
from models.commands import app
from models.hippocampus.cases.data import Case, read_data
from models.hippocampus.cases.folds import Fold, read_folds, write_fold
from models.hippocampus.model import HippocampusModel, build
from models.hippocampus.network import ResidualUNet
from models.hippocampus.phantom_image import phantom
from models.hippocampus.preprocess import normalise
from models.hippocampus.settings import SHIPPED, HippocampusSettings
from models.hippocampus.validation.robustness.run import about, origin_of_trials, run
from models.hippocampus.validation.robustness.suite import SUITE, Entry
from models.hippocampus.validation.robustness.trial import (
    as_fold,
    read_trials,
    trial,
)
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


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Write five phantoms and a tiny network that saw none; return the options."""
    root = tmp_path_factory.mktemp("robustness")
    data, folds, output = (root / name for name in ("data", "folds", "out"))
    for folder in (data / "images", data / "labels"):
        folder.mkdir(parents=True)
    for number in (1, 3, 5, 7, 9):
        image, truth = phantom(number)
        name = f"hippocampus_{number:03d}.nii.gz"
        write_nifti(data / "images" / name, image, RAS)
        write_nifti(data / "labels" / name, truth.astype(np.uint8), RAS)
    folds.mkdir()
    write_tiny_fold(folds, read_data(data).sha256)
    return ["--data", str(data), "--folds", str(folds), "--output", str(output)]


def write_tiny_fold(folder: Path, data_sha256: str = "", **changes: object) -> Fold:
    """Write fold 0 of the shipped settings but two widths, and read it."""
    settings = read_settings(HippocampusSettings, SHIPPED)
    settings = settings.model_copy(update={"widths": (4, 8), **changes})
    torch.manual_seed(0)
    of = {"data_sha256": data_sha256}
    write_fold(ResidualUNet((4, 8)), folder, 0, [], settings, training=of)
    (fold,) = read_folds(folder)
    return fold


@pytest.fixture(scope="module")
def said(places: list[str]) -> str:
    """Run the command where an attempt with other networks was interrupted."""
    output = Path(places[-1])
    output.mkdir()
    partial = output / "trials.jsonl.partial"
    others = [{"case": f"hippocampus_{n:03d}"} for n in (1, 3, 5, 7, 9) for _ in SUITE]
    lines = [json.dumps(one) + "\n" for one in ({"folds": "others"}, *others)]
    partial.write_text("".join(lines), encoding="utf-8")

    done = CliRunner().invoke(app, ["robustness", "hippocampus", *places])

    assert done.exit_code == 0, done.output
    return done.output


def test_the_command_tries_held_out_cases_and_writes_the_table(
    places: list[str], said: str
) -> None:
    """A tiny network, one case that it never saw, every perturbation."""
    output = Path(places[-1])

    assert "contrast inverted" in said
    assert "without a reliability score" in said
    found = read_trials(output / "trials.jsonl")
    assert [one.entry for one in found] == [entry.key for entry in SUITE]
    assert "| other hand |" in (output / "robustness.md").read_text(encoding="utf-8")
    assert {path.name for path in output.iterdir()} == {
        "trials.jsonl",
        "folds.json",
        "robustness.json",
        "robustness.md",
    }


def test_limits_of_another_training_are_refused_before_the_work(
    places: list[str],
) -> None:
    """What they flag says nothing of the readings of these folds."""
    shipped = str(models.bundle_folder("hippocampus"))

    with pytest.raises(ValueError, match="trained with other settings"):
        CliRunner().invoke(
            app,
            ["robustness", "hippocampus", *places, "--bundle", shipped],
            catch_exceptions=False,
        )


@pytest.mark.parametrize("is_cut", [False, True])
def test_an_interrupted_run_goes_on_where_it_was(
    places: list[str], said: str, is_cut: bool
) -> None:
    """A case that is whole is not read again, one that was cut off is."""
    data, folds, output = map(Path, places[1::2])
    whole = (output / "trials.jsonl").read_text(encoding="utf-8")
    shipped = models.bundle_folder("hippocampus")
    first = json.dumps(about(origin_of_trials(output / "trials.jsonl"), shipped))
    marked = whole.replace('"subject": ', '"subject": 1')
    kept = f"{first}\n{marked[:-9] if is_cut else marked}"
    other = output.parent / f"out-{is_cut}"
    other.mkdir()
    (other / "trials.jsonl.partial").write_text(kept, encoding="utf-8")

    (other / "folds.json").write_text("of earlier trials", encoding="utf-8")

    for done in run(data, folds, other, shipped):
        assert is_cut
        assert done == (1, 1)
        assert (other / "folds.json").read_text(encoding="utf-8") == "of earlier trials"

    found = (other / "trials.jsonl").read_text(encoding="utf-8")
    assert found == (whole if is_cut else marked)
    assert origin_of_trials(other / "trials.jsonl").every == 1


def test_a_fold_is_read_as_it_was_trained_and_graded_by_no_fitted_score(
    tmp_path: Path, model: HippocampusModel
) -> None:
    """Its window, not the shipped one; a score that was fitted on it stays out."""
    fold = write_tiny_fold(tmp_path, window=(48, 56, 48))
    fitted = replace(
        model.bundle, training={**model.bundle.training, "reliability": {"a": 1}}
    )

    found = as_fold(fitted, fold)

    assert found.preprocessing["window"] == [48, 56, 48]
    assert found.preprocessing["frame"] == model.bundle.preprocessing["frame"]
    assert set(fitted.training) - set(found.training) == {"reliability"}
