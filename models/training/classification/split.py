"""Folds by patient, alike in what is in them, with a test part beside them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Split:
    """Who is where: each patient in one part.

    Attributes
    ----------
    test
        Patients that no training and no choice sees.
    folds
        The other patients, a part for each fold.
    """

    test: tuple[str, ...]
    folds: tuple[tuple[str, ...], ...]

    def held_out(self, fold: int) -> tuple[str, ...]:
        """Return the patients on whom the network of a fold is judged."""
        return self.folds[fold]

    def trained_on(self, fold: int) -> tuple[str, ...]:
        """Return the patients that the network of a fold sees."""
        others = (part for number, part in enumerate(self.folds) if number != fold)
        return tuple(patient for part in others for patient in part)


def split_patients(
    strata: Mapping[str, Hashable], folds: int, test_share: float = 0.0, seed: int = 0
) -> Split:
    """Return the folds, which hang on patients, strata and seed alone.

    Of every stratum a share is put aside for the test, and the folds get the rest in
    turn: in a stratum, and in all, two folds differ by one patient at most.

    Parameters
    ----------
    strata
        Patient → what the parts should be alike in, such as the label. All cases of
        a patient are where the patient is.
    test_share
        0 to below 1. 0.2 with four folds is a split of 60, 20 and 20 of a hundred.

    Raises
    ------
    ValueError
        A number is out of range, or the patients are fewer than the folds.
    """
    if folds < 2 or not 0 <= test_share < 1:
        raise ValueError("there are two folds or more, and a test share below 1")
    rng = np.random.default_rng(seed)
    test: list[str] = []
    rest: list[str] = []
    for stratum in _by_stratum(strata):
        shuffled = [stratum[number] for number in rng.permutation(len(stratum))]
        aside = round(test_share * len(shuffled))
        test += shuffled[:aside]
        rest += shuffled[aside:]
    if len(rest) < folds:
        raise ValueError(f"{len(rest)} patients do not fill {folds} folds")
    return Split(tuple(test), tuple(tuple(rest[k::folds]) for k in range(folds)))


def _by_stratum(strata: Mapping[str, Hashable]) -> list[Sequence[str]]:
    """Return the patients of each stratum, in an order that no machine changes."""
    found: dict[Hashable, list[str]] = {}
    for patient in sorted(strata):
        found.setdefault(strata[patient], []).append(patient)
    return list(found.values())
