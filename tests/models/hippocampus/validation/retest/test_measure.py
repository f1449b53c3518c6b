"""Measuring the noise, with readers whose answer is known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import models
from models.hippocampus.cases.data import Case
from models.hippocampus.findings import STRUCTURES
from models.hippocampus.interpretation.progression.noise import KEY, Noise, Spread
from models.hippocampus.phantom_image import phantom
from models.hippocampus.preprocess import FloatVolume, normalise
from models.hippocampus.validation.origin import Origin
from models.hippocampus.validation.readers import Volumes
from models.hippocampus.validation.retest.measure import measure_noise
from models.volume.bundle import load_bundle
from tests.models.hippocampus.validation.test_origin import build_fold, build_trained


def build_case(number: int) -> Case:
    """Return a phantom as a case; two of a subject."""
    image, labels = phantom(number)
    return Case(f"phantom_{number:03d}", (number + 1) // 2, normalise(image), labels)


def steady(image: FloatVolume) -> Volumes:
    """Read every image alike."""
    return {structure.name: 3000.0 for structure in STRUCTURES}


def empty(image: FloatVolume) -> Volumes:
    """Find nothing."""
    return {structure.name: 0.0 for structure in STRUCTURES}


def by_brightness(image: FloatVolume) -> Volumes:
    """Read what the perturbation changes: the spread of the image."""
    return {structure.name: 3000.0 * float(image.std()) for structure in STRUCTURES}


def test_a_reader_that_nothing_moves_has_no_noise() -> None:
    """Cases and subjects are counted."""
    noise, _ = measure_noise([(build_case(n), steady) for n in (1, 2, 3)], repeats=2)

    assert noise.spreads["Hippocampus"] == Spread(0, 0, 0)
    assert (noise.cases, noise.subjects, noise.repeats) == (3, 2, 2)


def test_the_noise_is_the_same_in_any_order_and_changes_with_the_seed() -> None:
    """Draws belong to the case, not to when it is read."""
    held_out = [(build_case(n), by_brightness) for n in (1, 2)]

    first, _ = measure_noise(held_out, 2)
    turned, _ = measure_noise(held_out[::-1], 2)
    other, _ = measure_noise(held_out, 2, seed=1)

    name = "Hippocampus"
    assert first.spreads[name].sem == pytest.approx(turned.spreads[name].sem)
    assert first.spreads[name].sem != other.spreads[name].sem


def test_no_case_is_no_noise() -> None:
    """Rather than a zero that would make every interval a point."""
    with pytest.raises(ValueError, match="no held-out case"):
        measure_noise([])


def test_a_case_that_is_not_found_is_named_and_ends_nothing() -> None:
    """Hours of the others are not lost to it."""
    both = [(build_case(1), steady), (build_case(2), empty)]

    noise, unread = measure_noise(both, repeats=2)

    assert (noise.cases, unread) == (1, ["phantom_002"])
    with pytest.raises(ValueError, match="no held-out case"):
        measure_noise(both[1:], repeats=2)


def test_a_bundle_takes_the_noise_and_stays_whole(tmp_path: Path) -> None:
    """All else is as it was; the networks that it was measured with are named."""
    folder = build_trained(tmp_path)
    before = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
    noise = Noise({s.name: Spread(1.08, 0.95, 1.21) for s in STRUCTURES}, 43, 29, 12)

    origin = Origin.of_folds([build_fold(number) for number in range(5)])
    origin.state(folder, f"training.{KEY}", noise.as_json(), "")

    assert Noise.of(load_bundle(folder).training) == noise
    after = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
    stated = after["training"].pop("retest")
    assert "scan\u2013rescan" in stated["kind"]
    assert list(stated["networks"]) == ["0", "1", "2", "3", "4"]
    assert after == before


def test_phantoms_are_read_with_noise_by_the_shipped_network() -> None:
    """The whole way once: a perturbed crop, the network, a volume."""
    from models.hippocampus.model import WEIGHTS
    from models.hippocampus.network import ResidualUNet
    from models.hippocampus.preprocess import Preprocessing
    from models.hippocampus.validation.readers import reader
    from models.training.checkpoint import load_weights

    path = models.bundle_folder("hippocampus") / WEIGHTS
    read = reader(load_weights(ResidualUNet(), path), Preprocessing())

    noise, _ = measure_noise([(build_case(7), read)], repeats=2)

    assert 0 < noise.spreads["Hippocampus"].sem < 10
    assert np.isfinite([s.sem for s in noise.spreads.values()]).all()
