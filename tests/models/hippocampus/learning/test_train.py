"""A training from folder to bundle, and from folder to the results of the folds."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import models
from models.contract import Context
from models.hippocampus.cases.folds import read_folds
from models.hippocampus.cases.held_out import held_out
from models.hippocampus.cases.scores import score_held_out
from models.hippocampus.golden import read_phantom
from models.hippocampus.learning.balance import LARGEST
from models.hippocampus.phantom import write_study
from models.volume.bundle import load_bundle
from tests.models.hippocampus.learning.trainings import (
    trained_bundle,
    typed,
    write_training,
)
from tests.node.test_main import pacs_node
from tests.processes import ended_with_the_test

ROOT = Path(__file__).parents[4]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train on five phantoms for one epoch."""
    return trained_bundle(tmp_path_factory.mktemp("training"))


def test_a_training_ends_with_a_bundle_that_serves(bundle: Path) -> None:
    """It names settings and data, and the network has the widths of the settings."""
    made = load_bundle(bundle)

    assert made.training["cases"] == 5
    assert made.training["settings"]["widths"] == [2, 4]
    assert made.preprocessing["window"] == [32, 40, 32]
    assert len(made.training["data_sha256"]) == 64
    assert made.metrics == {"split": "none held out"}
    assert abs(made.training["balance"]) <= LARGEST
    served = models.load("hippocampus", bundle)
    assert read_phantom(served, 1, Context().precision)


def test_infer_serves_the_bundle_by_one_option(bundle: Path, tmp_path: Path) -> None:
    """From a study on the disk to a SEG that names this training."""
    write_study(tmp_path / "study", 3)

    status, output, errors = pacs_node(
        "infer", "study", "--bundle", str(bundle), folder=tmp_path
    )

    assert status == 0, errors
    assert list(tmp_path.rglob("SEG.dcm")), output


def test_folds_are_trained_where_they_lack_and_refused_where_they_differ(
    tmp_path: Path,
) -> None:
    """A fold that is there stays; one under way goes on; other settings are named."""
    words = write_training(tmp_path)
    folder = tmp_path / "folds"
    words += ["--output", str(folder)]

    first = typed(*words, "--folds", "1")
    weights = (folder / "fold1.safetensors").read_bytes()
    second = typed(*words, "--folds", "0-1")

    assert "fold 1: Dice of 1 cases" in first.output
    assert "fold 1: is there" in second.output
    assert (folder / "fold1.safetensors").read_bytes() == weights
    assert len(weights) <= 5_000_000
    assert [fold.number for fold in read_folds(folder)] == [0, 1]
    record = json.loads((folder / "fold0.json").read_text(encoding="utf-8"))
    (case,) = record["metrics"]["by_case"]
    assert set(case["network"]) == {"anterior", "posterior", "whole"}
    assert case["subject"] not in record["trained_on"]
    (line,) = (folder / "fold0.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["epoch"] == 1
    with pytest.raises(ValueError, match="made with other settings: choose another"):
        typed(*words, "--folds", "1", "--epochs", "3")

    judged = [score_held_out(pair) for pair in held_out(folder, tmp_path / "data")]
    assert judged[0].network == case["network"]  # of the file, and not of before it
    assert abs(record["training"]["balance"]) <= LARGEST


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        (["--folds", "5"], "folds are 0 to 4, not 5"),
        (["--folds", "x"], "folds are such as 0-4, 0,2 or all"),
        (["--folds", "all", "--fold", "1"], "are of a bundle"),
        (["--folds", "all", "--release", "1.0.0"], "are of a bundle"),
        (["--folds", "all", "--wandb", "x"], "--wandb is of one training"),
    ],
)
def test_a_fold_that_does_not_exist_is_wrong_use(
    tmp_path: Path, wish: list[str], says: str
) -> None:
    """It is said before anything is read."""
    words = ["train", "hippocampus", "--data", str(tmp_path)]

    result = typed(*words, "--output", str(tmp_path / "out"), *wish)

    assert result.exit_code == 2
    assert says in " ".join(result.output.replace("│", " ").split())


def test_deterministic_is_for_the_training_alone(tmp_path: Path) -> None:
    """Two runs give the same weights to the bit; the process is left as it was."""
    words = [*write_training(tmp_path, 2), "--deterministic"]
    for name in ("one", "other"):
        assert typed(*words, "--output", str(tmp_path / name)).exit_code == 0

    one, other = (
        (tmp_path / name / "weights/hippocampus.safetensors").read_bytes()
        for name in ("one", "other")
    )
    assert one == other
    assert not torch.are_deterministic_algorithms_enabled()


def test_a_watched_figure_is_told_without_being_asked_for(tmp_path: Path) -> None:
    """The best of two epochs is published, though nobody wished to look on."""
    words = write_training(tmp_path)
    settings = tmp_path / "training.toml"
    watched = settings.read_text() + '\n[loop.watched]\nfigure = "whole"\n'
    settings.write_text(watched, encoding="utf-8")

    done = typed(
        *words, "--output", str(tmp_path / "b"), "--fold", "0", "--epochs", "2"
    )

    assert done.exit_code == 0, done.output
    assert "the weights are those of epoch" in done.output


def test_ctrl_c_says_how_to_go_on(tmp_path: Path) -> None:
    """Status 130 and one line; every whole epoch is kept."""
    words = [*write_training(tmp_path, 2), "--output", "out", "--epochs", "99999"]
    command = [sys.executable, "-m", "models", *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with ended_with_the_test(
        subprocess.Popen(
            command,
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    ) as process:
        assert process.stdout is not None
        said = [process.stdout.readline(), process.stdout.readline()]
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()

    assert process.returncode == 130, errors
    assert said[1].startswith("epoch     1 of 99999   loss")
    assert (tmp_path / "out" / "checkpoint.pt").is_file()
    says = "interrupted; every whole epoch is kept in out: type the same line again"
    assert errors == f"{says} to go on\n"
