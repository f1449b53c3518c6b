"""The measured noise in a bundle, where a report finds it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from models.hippocampus.interpretation.progression.noise import KEY, Noise
from models.volume.bundle import amend, load_bundle


def write_noise(
    folder: Path, noise: Noise, networks: Mapping[str, str] | None = None
) -> None:
    """Write ``training.retest`` of the bundle in ``folder``; all else stays.

    A new training makes a new bundle without it: noise belongs to its weights.

    Parameters
    ----------
    networks
        Number of a fold → SHA-256 of the weights that it was measured with.

    Raises
    ------
    models.volume.bundle.BundleError
        The bundle is not whole.
    """
    content = {**noise.as_json(), "networks": dict(networks or {})}
    amend(folder, {f"training.{KEY}": content})


def read_noise(folder: Path) -> Noise | None:
    """Return the noise that the bundle states, None where it was not measured."""
    return Noise.of(load_bundle(folder).training)
