"""Measuring the noise, with readers whose answer is known."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import models
from models.hippocampus.findings import STRUCTURES
from models.hippocampus.interpretation.progression.noise import Noise, Spread
from models.hippocampus.learning.cases import Case
from models.hippocampus.phantom_image import phantom
from models.hippocampus.preprocess import FloatVolume, normalise
from models.hippocampus.validation.retest.measure import measure_noise
from models.hippocampus.validation.retest.record import read_noise, write_noise
from models.hippocampus.validation.volumes import Volumes


def build_case(number: int) -> Case:
    """Return a phantom as a case; two of a subject."""
    image, labels = phantom(number)
    return Case(f"phantom_{number:03d}", (number + 1) // 2, normalise(image), labels)


def steady(image: FloatVolume) -> Volumes:
    """Read every image alike."""
    return {structure.name: 3000.0 for structure in STRUCTURES}


def by_brightness(image: FloatVolume) -> Volumes:
    """Read what the perturbation changes: the spread of the image."""
    return {structure.name: 3000.0 * float(image.std()) for structure in STRUCTURES}


def test_a_reader_that_nothing_moves_has_no_noise() -> None:
    """Cases and subjects are counted."""
    noise = measure_noise([(build_case(n), steady) for n in (1, 2, 3)], repeats=2)

    assert noise.spreads["Hippocampus"] == Spread(0, 0, 0)
    assert (noise.cases, noise.subjects, noise.repeats) == (3, 2, 2)


def test_the_noise_is_the_same_in_any_order_and_changes_with_the_seed() -> None:
    """Draws belong to the case, not to when it is read."""
    held_out = [(build_case(n), by_brightness) for n in (1, 2)]

    first = measure_noise(held_out, 2)
    turned = measure_noise(held_out[::-1], 2)
    other = measure_noise(held_out, 2, seed=1)

    name = "Hippocampus"
    assert first.spreads[name].sem == pytest.approx(turned.spreads[name].sem)
    assert first.spreads[name].sem != other.spreads[name].sem


def test_no_case_is_no_noise() -> None:
    """Rather than a zero that would make every interval a point."""
    with pytest.raises(ValueError, match="no held-out case"):
        measure_noise([])


def test_a_bundle_takes_the_noise_and_stays_whole(tmp_path: Path) -> None:
    """Weights, limits and golden case are as they were."""
    folder = tmp_path / "bundle"
    shutil.copytree(models.bundle_folder("hippocampus"), folder)
    before = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
    noise = Noise({s.name: Spread(1.08, 0.95, 1.21) for s in STRUCTURES}, 43, 29, 12)

    write_noise(folder, noise)

    assert read_noise(folder) == noise
    after = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
    assert "scan\u2013rescan" in after["training"]["retest"]["kind"]
    before["training"].pop("retest", None)
    after["training"].pop("retest")
    assert after == before


def test_phantoms_are_read_with_noise_by_the_shipped_network() -> None:
    """The whole way once: a perturbed crop, the network, a volume."""
    from models.hippocampus.model import WEIGHTS
    from models.hippocampus.network import ResidualUNet
    from models.hippocampus.preprocess import Preprocessing
    from models.hippocampus.validation.volumes import reader
    from models.training.checkpoint import load_weights

    path = models.bundle_folder("hippocampus") / WEIGHTS
    read = reader(load_weights(ResidualUNet(), path), Preprocessing())

    noise = measure_noise([(build_case(7), read)], repeats=2)

    assert 0 < noise.spreads["Hippocampus"].sem < 10
    assert np.isfinite([s.sem for s in noise.spreads.values()]).all()
