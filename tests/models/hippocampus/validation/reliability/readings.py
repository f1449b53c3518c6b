"""Readings of known worth, in numbers: no image is read."""

from __future__ import annotations

import numpy as np

from models.hippocampus.quality.reliability import BETTER
from models.hippocampus.validation.robustness.suite import CLEAN
from models.hippocampus.validation.robustness.trial import Trial


def trials(folds: int = 5, subjects: int = 40) -> list[Trial]:
    """Return readings whose expected Dice is true, and whose other signs are noise.

    Each subject is read clean and with a perturbation that costs up to 0.4.
    """
    rng = np.random.default_rng(0)
    found = []
    for subject in range(subjects):
        for entry, loss in ((CLEAN.key, 0.15), ("noise 1 SD", 0.4)):
            lost = loss * rng.random()
            signs = {name: 1 + 0.01 * rng.normal() for name in BETTER}
            signs["expected_dice"] = 0.95 - lost
            dice = {"whole": 0.95 - lost}
            found.append(
                Trial(subject % folds, subject, str(subject), entry, "A", 3e3, 3e3)
            )
            found[-1].dice.update(dice)
            found[-1].signs.update(signs)
    return found
