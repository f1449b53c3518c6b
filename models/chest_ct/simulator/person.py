"""Who is scanned, and in what state: figures drawn once, before anything is painted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.chest_ct.simulator.settings import PersonSettings, Range


def draw(rng: np.random.Generator, span: Range) -> float:
    """Return a uniform number of a range."""
    return float(rng.uniform(*span))


@dataclass(frozen=True, slots=True)
class Person:
    """One body. Lengths in millimetres, densities in HU.

    Places are ``(z, y, x)``: z = 0 at the lowest lung, y = 0 in the middle of the
    chest, x = 0 at the spine.

    Attributes
    ----------
    height, half_width, half_depth
        Of the cavity of the chest.
    squareness
        Exponent of the superellipse of its cross-section.
    kyphosis
        How far the upper spine lies before the middle one.
    dome, dome_drop
        Height of the right half of the diaphragm over the lowest lung, and how much
        lower the left half stands.
    """

    is_female: bool
    height: float
    half_width: float
    half_depth: float
    squareness: float
    kyphosis: float
    dome: float
    dome_drop: float
    fat: float
    visceral_fat: float
    muscle: float
    breast: float
    heart: float
    heart_turn: float
    aorta: float
    unfolding: float
    trachea: float
    vessel: float
    bone: float
    rib_slope: float
    rib_step: float
    lung_hu: float
    gas: float
    hernia: bool
    azygos: bool
    seed: int

    @property
    def carina(self) -> tuple[float, float, float]:
        """Where the trachea divides."""
        z = 0.63 * self.height
        return z, self.spine_y(z) - 42, 4.0

    def spine_y(self, z: float) -> float:
        """Return y of the middle of the vertebral bodies at a height."""
        bend = (z / self.height - 0.45) / 0.55
        away = bend**2 * (0.3 if bend < 0 else 1)
        return self.half_depth - 23 - self.kyphosis * min(away, 1.6)


def draw_person(seed: int, settings: PersonSettings) -> Person:
    """Return the body of a seed; equal seeds give equal bodies."""
    rng = np.random.default_rng([seed, 1])
    is_female = bool(rng.random() < settings.female_share)
    size = rng.normal(1, settings.size_sd) * (settings.female_size if is_female else 1)
    fat = draw(rng, settings.fat_mm) * (1.2 if is_female else 1)

    def scaled(span: Range) -> float:
        return float(size * draw(rng, span))

    return Person(
        is_female=is_female,
        height=scaled(settings.height_mm),
        half_width=scaled(settings.half_width_mm),
        half_depth=scaled(settings.half_depth_mm),
        squareness=draw(rng, (2.1, 2.7)),
        kyphosis=draw(rng, settings.kyphosis_mm),
        dome=scaled(settings.dome_mm),
        dome_drop=draw(rng, settings.dome_drop_mm),
        fat=fat,
        visceral_fat=3 + 0.35 * fat * float(rng.uniform(0.5, 1.5)),
        muscle=scaled(settings.muscle_mm),
        breast=draw(rng, settings.breast_mm) * is_female,
        heart=scaled(settings.heart_mm),
        heart_turn=draw(rng, (0.4, 0.9)),
        aorta=draw(rng, settings.aorta_mm),
        unfolding=draw(rng, (0.0, 14.0)),
        trachea=scaled(settings.trachea_mm),
        vessel=scaled(settings.hilar_artery_mm),
        bone=draw(rng, settings.bone_hu),
        rib_slope=draw(rng, (0.35, 0.65)),
        rib_step=scaled((24.0, 28.0)),
        lung_hu=draw(rng, settings.lung_hu),
        gas=draw(rng, (0.0, 1.0)),
        hernia=bool(rng.random() < settings.hernia_share),
        azygos=bool(rng.random() < settings.azygos_share),
        seed=seed,
    )


@dataclass(frozen=True, slots=True)
class State:
    """What of a person changes from study to study, apart from disease.

    Attributes
    ----------
    breath
        0 end of inspiration, 1 a quiet expiration.
    contrast
        HU that a contrast agent adds to blood; 0 without one.
    prone
        Gravity pulls to the front.
    """

    breath: float
    contrast: float
    prone: bool
    seed: int


def draw_state(seed: int, settings: PersonSettings) -> State:
    """Return the state of a seed; equal seeds give equal states."""
    rng = np.random.default_rng([seed, 2])
    enhanced = rng.random() < settings.contrast_share
    return State(
        breath=float(np.clip(rng.exponential(settings.breath_mean), 0, 0.8)),
        contrast=draw(rng, settings.contrast_hu) * bool(enhanced),
        prone=bool(rng.random() < settings.prone_share),
        seed=seed,
    )
