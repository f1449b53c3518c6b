"""The golden case: a phantom that every copy of the weights must read alike."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.contract import Context, Model, SeriesInfo, Volume
from models.hippocampus.phantom_image import phantom
from models.volume.bundle import BundleError

SEED = 7
TOLERANCE = 0.02
"""Largest relative difference of a volume: fp32 and bf16 differ by less."""


def read_phantom(model: Model, seed: int, precision: str = "fp32") -> dict[str, float]:
    """Return mm³ by structure that the model measures on a phantom."""
    image, _ = phantom(seed)
    affine = np.diag([1.0, 1.0, 1.0, 1.0])
    affine[:3, :3] = [[0, 0, -1], [0, -1, 0], [1, 0, 0]]  # RAS axes to LPS mm
    series = SeriesInfo("2.25.1", "2.25.2", "MR", ())
    volume = Volume(image, affine, "arbitrary", series)
    findings = model.predict(volume, Context(precision=precision))
    return {
        m.structure: m.value for m in findings.measurements if m.unit.value == "mm3"
    }


def golden_case(model: Model) -> dict[str, Any]:
    """Return the ``golden_case`` object of a bundle."""
    return {
        "phantom_seed": SEED,
        "mm3": read_phantom(model, SEED),
        "tolerance": TOLERANCE,
    }


def deviations(model: Model) -> dict[str, float]:
    """Return the relative difference from the golden case, by structure.

    Raises
    ------
    models.volume.bundle.BundleError
        There was nothing of a structure when the case was written.
    """
    golden = model.bundle.golden_case
    lacking = [name for name, expected in golden["mm3"].items() if not expected > 0]
    if lacking:
        raise BundleError(
            f"no {' and no '.join(lacking).lower()} is found in the golden case: "
            "the network has not learned what it is; train longer"
        )
    found = read_phantom(model, golden["phantom_seed"])
    return {
        name: abs(found[name] - expected) / expected
        for name, expected in golden["mm3"].items()
    }
