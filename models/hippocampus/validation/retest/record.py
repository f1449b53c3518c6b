"""The measured noise in a bundle, where a report finds it."""

from __future__ import annotations

import json
from pathlib import Path

from models.hippocampus.interpretation.progression.noise import KEY, Noise
from models.volume.bundle import BUNDLE_FILE, load_bundle


def write_noise(folder: Path, noise: Noise) -> None:
    """Write ``training.retest`` of the bundle in ``folder``; all else stays.

    A new training makes a new bundle without it: noise belongs to its weights.

    Raises
    ------
    models.volume.bundle.BundleError
        The bundle is not whole.
    """
    load_bundle(folder)
    path = folder / BUNDLE_FILE
    content = json.loads(path.read_text(encoding="utf-8"))
    content["training"][KEY] = noise.as_json()
    partial = path.with_suffix(".partial")
    text = json.dumps(content, indent=2, ensure_ascii=False)
    partial.write_text(text + "\n", encoding="utf-8")
    partial.replace(path)


def read_noise(folder: Path) -> Noise | None:
    """Return the noise that the bundle states, None where it was not measured."""
    return Noise.of(load_bundle(folder).training)
