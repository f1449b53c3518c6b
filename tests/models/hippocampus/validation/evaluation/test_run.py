"""``pacs-model evaluate``: from the folder of the folds to the figures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import models
from models.commands import app
from models.hippocampus.cases.data import read_data
from models.hippocampus.cases.folds import LeakError, read_folds
from models.hippocampus.cases.split import split_by_subject
from models.hippocampus.learning.baseline.settings import BaselineSettings
from models.hippocampus.learning.baseline.train import train_fold
from models.hippocampus.learning.publish import publish, training_record
from models.hippocampus.network import ResidualUNet
from models.hippocampus.settings import Split
from models.hippocampus.validation.evaluation.run import run, split_in_words, write
from models.hippocampus.validation.origin import Origin
from models.training.settings import Recipe
from models.volume.bundle import load_bundle
from tests.models.hippocampus.cases.test_held_out import (
    SETTINGS,
    write_data,
    write_folds,
)

TINY = BaselineSettings(
    loop=Recipe(epochs=1, batch=64, ema=0, precision="fp32"),
    split=Split(folds=2),
    widths=(2, 4),
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of eight pairs of six subjects."""
    folder = tmp_path_factory.mktemp("data")
    write_data(folder)
    return folder


@pytest.fixture(scope="module")
def folds(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of two folds and a baseline, none of which has learned much."""
    folder = write_folds(tmp_path_factory.mktemp("folds"), data)
    train_fold(data, folder, TINY, 1)
    return folder


def test_one_line_gives_tables_json_and_markdown(
    data: Path, folds: Path, tmp_path: Path
) -> None:
    """All cases of all folds, each once, beside the baseline on its fold."""
    outputs = [tmp_path / "metrics.json", tmp_path / "metrics.md"]
    line = ["evaluate", "hippocampus", "--data", str(data), "--folds", str(folds)]

    result = CliRunner().invoke(
        app, [*line, *(f"--output={path}" for path in outputs)], catch_exceptions=False
    )

    content = json.loads(outputs[0].read_text())
    assert result.exit_code == 0
    assert (content["cases"], content["subjects"]) == (8, 6)
    assert content["split"].startswith("all 2 folds by subject, seed 0")
    assert sum(fold["cases"] for fold in content["by_fold"]) == 8
    assert content["baseline"]["folds"] == [1]
    assert content["baseline"]["cases"] == content["by_fold"][1]["cases"]
    assert [each["cases"] for each in content["by_volume"]["quarters"]] == [2] * 4
    assert "8 cases of 6 subjects; folds 0, 1" in result.stdout
    assert "true mm³" in result.stdout
    assert "| posterior HD95 mm |" in outputs[1].read_text()


def test_a_bundle_takes_the_figures_of_its_own_folds_alone(
    data: Path, folds: Path, tmp_path: Path
) -> None:
    """With the limit of entropy; one of other settings is refused before the work."""
    there = read_data(data)
    record = training_record("data", there.cases, there.sha256, SETTINGS)
    record["balance"] = 0.1
    record["limits"]["entropy"] = 0.5
    bundle = publish(
        ResidualUNet((4, 8)).eval(),
        tmp_path,
        training=record,
        metrics={},
        version="own",
    )

    content = run(data, folds, bundle=bundle)

    made = load_bundle(bundle)
    assert made.metrics == content
    assert set(content["networks"]) == {"0", "1"}
    assert made.training["limits"]["entropy"] == content["largest_entropy"] != 0.5
    told: list[int] = []
    with pytest.raises(ValueError, match="trained with other settings and data"):
        run(
            data,
            folds,
            told=lambda *count: told.extend(count),
            bundle=models.bundle_folder("hippocampus"),
        )
    assert not told


def test_a_baseline_that_saw_what_it_is_judged_on_is_refused(
    data: Path, tmp_path: Path
) -> None:
    """Its record says whom it was trained on."""
    there, folder = read_data(data), write_folds(tmp_path, data)
    _, held_out = split_by_subject(there.cases, 0, 2, 0)
    score = {"case": held_out[0].name, "subject": 0, "fold": 0, "entropy": 0}
    record = {
        "trained_on": [held_out[0].subject],
        "training": {"data_sha256": there.sha256},
        "scores": [score | {"network": {}, "served": {}}],
    }
    (folder / "baseline0.json").write_text(json.dumps(record))

    with pytest.raises(LeakError, match="baseline0"):
        run(data, folder)

    record["training"] = {"data_sha256": "d" * 64}
    (folder / "baseline0.json").write_text(json.dumps(record))
    with pytest.raises(ValueError, match="baseline0 was trained with other cases"):
        run(data, folder)


def test_folds_that_are_not_there_are_said_in_words(folds: Path) -> None:
    """One of two is not all."""
    _, second = read_folds(folds)

    assert split_in_words(Origin.of_folds([second])).startswith("fold 1 of 2 folds")


def test_a_name_that_says_no_format_is_refused_before_the_work(tmp_path: Path) -> None:
    """Usage, not a failure after minutes."""
    line = ["evaluate", "hippocampus", "--data", ".", "--folds", "."]

    result = CliRunner().invoke(app, [*line, "--output", "metrics.txt"])

    assert result.exit_code == 2
    with pytest.raises(ValueError, match="ends in"):
        write({"by_fold": []}, tmp_path / "metrics.txt")
