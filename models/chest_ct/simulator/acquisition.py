"""How a scanner looks at a patient: drawn apart from patient and disease."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from models.chest_ct.simulator.kinds import Acquisition
from models.chest_ct.simulator.person import Person, draw
from models.chest_ct.simulator.settings import AcquisitionSettings

REFERENCE_MM = 2.5
"""Thickness for which the noise of the settings holds."""


class Kernel(NamedTuple):
    """A reconstruction kernel by its name; sharpness 0 is soft, 1 sharp."""

    name: str
    sharpness: float


KERNELS = (
    Kernel("B30f", 0.0),
    Kernel("STANDARD", 0.2),
    Kernel("B40f", 0.25),
    Kernel("B", 0.35),
    Kernel("B50f", 0.55),
    Kernel("LUNG", 0.75),
    Kernel("B60f", 0.8),
    Kernel("B70f", 1.0),
)

PADDINGS_HU = (-1024, -2000, -2048)


def draw_acquisition(
    seed: int,
    person: Person,
    settings: AcquisitionSettings,
    *,
    prone: bool,
    large: bool = False,
) -> Acquisition:
    """Return the acquisition of a seed; ``large`` takes the larger matrix."""
    rng = np.random.default_rng([seed, 10])
    weights = np.array(settings.thickness_weights)
    thickness = float(rng.choice(settings.thickness_mm, p=weights / weights.sum()))
    kernel = KERNELS[int(rng.integers(len(KERNELS)))]
    matrix = settings.matrix_large if large else settings.matrix
    wanted = draw(rng, settings.field_mm)
    field = max(wanted, 2 * person.half_width + 2 * settings.shift_mm + 8)
    overlap = float(rng.choice([1.0, 1.0, 1.0, 0.8])) if thickness > 1 else 1.0
    return Acquisition(
        spacing_mm=(round(thickness * overlap, 3), field / matrix, field / matrix),
        matrix=matrix,
        thickness_mm=thickness,
        kernel=kernel.name,
        sharpness=kernel.sharpness,
        noise_hu=_noise(rng, thickness, kernel, settings),
        prone=prone,
        tilt_deg=float(rng.normal(0, settings.tilt_deg / 2)),
        shift_mm=_shift(rng, settings),
        cover_mm=_cover(rng, settings),
        circle=bool(rng.random() < settings.circle_share),
        padding_hu=int(rng.choice(PADDINGS_HU)),
        motion_mm=float(rng.exponential(1.2)),
        seed=seed,
    )


def _shift(
    rng: np.random.Generator, settings: AcquisitionSettings
) -> tuple[float, float, float]:
    across, along = rng.uniform(-1, 1, 2) * settings.shift_mm
    return 0.0, float(across), float(along)


def _noise(
    rng: np.random.Generator,
    thickness: float,
    kernel: Kernel,
    settings: AcquisitionSettings,
) -> float:
    """Return the noise of a slice: less when thick, more when sharp."""
    soft = draw(rng, settings.noise_soft_hu)
    return float(
        soft * (REFERENCE_MM / thickness) ** 0.5 * (1 + 2.0 * kernel.sharpness)
    )


def _cover(
    rng: np.random.Generator, settings: AcquisitionSettings
) -> tuple[float, float]:
    """Return how far the scan reaches beyond the lungs, below and above."""
    below, above = draw(rng, (5.0, 32.0)), draw(rng, (5.0, 26.0))
    if rng.random() < settings.partial_share:
        cut = draw(rng, (-14.0, -3.0))
        below, above = (cut, above) if rng.random() < 0.5 else (below, cut)
    return below, above
