"""A site that measures less than a norm does: controls of known truth."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import lru_cache

import numpy as np

import models
from models.hippocampus.interpretation.norms.calibration import (
    Calibration,
    Control,
    fit,
)
from models.hippocampus.interpretation.norms.norm import Norm, Subject, load_norms
from models.volume.bundle import load_bundle

BIAS_MM3, SD_RATIO = -400.0, 1.2
"""By which the site differs from every norm."""


def norm(name: str) -> Norm:
    """Return a norm by its name."""
    (found,) = (each for each in load_norms() if each.name == name)
    return found


def women(count: int, side: str = "right", seed: int = 0) -> list[Control]:
    """Return healthy women of 53 to 70 years, measured as this site measures."""
    scores = np.random.default_rng(seed).normal(size=count)
    controls = []
    for (subject, centre, sd), score in zip(_women(count, side), scores, strict=True):
        volume = centre + BIAS_MM3 + float(score) * SD_RATIO * sd
        controls.append(Control(subject, volume))
    return controls


@lru_cache
def _women(count: int, side: str) -> tuple[tuple[Subject, float, float], ...]:
    """Return women with centre and spread of a norm that holds for them."""
    asked = norm("nobis2019" if side == "right" else "nomis2021")
    subjects = [
        Subject(float(age), "F", side, 1.45e6) for age in np.linspace(53, 70, count)
    ]
    spreads = [asked.distribution(subject) for subject in subjects]
    return tuple(
        (subject, spread.centre_mm3, spread.sd_mm3)
        for subject, spread in zip(subjects, spreads, strict=True)
    )


def calibrated(
    count: int = 40, norm_sha256: str | None = None, weights_sha256: str | None = None
) -> Calibration:
    """Return a calibration against Nobis 2019, by the weights in force."""
    entries = fit(women(count), [norm("nobis2019")])
    if norm_sha256:
        entries = tuple(replace(each, norm_sha256=norm_sha256) for each in entries)
    bundle = load_bundle(models.bundle_folder("hippocampus"))
    return Calibration(
        model="hippocampus",
        model_version=bundle.version,
        weights_sha256=weights_sha256 or bundle.weights_digest,
        made=date(2026, 1, 2),
        controls_sha256="c" * 64,
        entries=entries,
    )
