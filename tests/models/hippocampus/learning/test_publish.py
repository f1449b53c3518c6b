"""A bundle is there whole or not at all, and says what it was made of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from models.hippocampus.cases.data import TASK04_SHA256
from models.hippocampus.learning import publish
from models.hippocampus.learning.publish import training_record
from models.hippocampus.network import ResidualUNet
from models.hippocampus.settings import HippocampusSettings
from models.training.settings import Recipe
from models.volume.bundle import amend, load_bundle
from tests.models.hippocampus.learning.test_dataset import build_case

SETTINGS = HippocampusSettings(
    loop=Recipe(epochs=1), widths=(2, 4), window=(32, 40, 32)
)


def published(folder: Path, seed: int = 0, version: str = "own") -> Path:
    """Publish a network that has learned nothing."""
    torch.manual_seed(seed)
    network = ResidualUNet(SETTINGS.widths).eval()
    record = training_record("mine", [build_case(1, 1)], "d" * 64, SETTINGS)
    metrics = {"split": "none held out"}
    return publish.publish(
        network, folder, training=record, metrics=metrics, version=version
    )


def test_the_data_are_called_task04_only_where_they_are_it() -> None:
    """By their hash; any others are the folder that they came from."""
    cases = [build_case(1, 1), build_case(2, 2)]

    own = training_record("mine", cases, "d" * 64, SETTINGS)
    theirs = training_record("mine", cases, TASK04_SHA256, SETTINGS)

    assert (own["data"], own["cases"]) == ("own, folder mine", 2)
    assert theirs["data"].startswith("Task04_Hippocampus")


def test_own_weights_have_no_licence_of_others(tmp_path: Path) -> None:
    """Whose data they were decides; the node's page shows what stands here."""
    made = load_bundle(published(tmp_path))

    assert made.licence.startswith("not stated")
    assert made.training["limits"].keys() == {"total_mm3", "anterior_to_posterior"}


def test_what_was_measured_stays_with_the_weights_that_it_was_measured_of(
    tmp_path: Path,
) -> None:
    """The same line typed again keeps it; other weights begin anew."""
    measured = {
        "metrics": {"cases": 220},
        "training.retest": {"repeats": 12},
        "training.limits.entropy": 0.13,
    }
    amend(published(tmp_path), measured)

    again = load_bundle(published(tmp_path, version="1.0.0"))
    other = load_bundle(published(tmp_path, seed=1))

    assert again.version == "1.0.0"
    assert again.metrics == {"cases": 220}
    assert again.training["retest"] == {"repeats": 12}
    assert again.training["limits"]["entropy"] == 0.13
    assert other.metrics == {"split": "none held out"}
    assert not {"retest", "entropy"} & {*other.training, *other.training["limits"]}


def test_a_bundle_that_is_not_finished_replaces_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut off before the golden case, the earlier one serves on."""
    published(tmp_path)
    before = json.loads((tmp_path / "bundle.json").read_text(encoding="utf-8"))

    def cut_off(_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(publish, "golden_case", cut_off)
        with pytest.raises(KeyboardInterrupt):
            published(tmp_path, seed=1)

    assert load_bundle(tmp_path).weights == before["weights"]
    amend(tmp_path, {"training.retest": {"repeats": 12}})  # what is left stops nobody
    assert load_bundle(published(tmp_path, seed=1)).weights != before["weights"]
    assert not (tmp_path / publish.DRAFT).exists()
