"""Which cases a fold holds out: by subject, so that no person is on both sides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.hippocampus.cases.data import Case


def split_by_subject(
    cases: Sequence[Case], fold: int, folds: int = 5, seed: int = 0
) -> tuple[list[Case], list[Case]]:
    """Return training and held-out cases of one fold; no subject is in both.

    Raises
    ------
    ValueError
        ``fold`` is not one of ``0 … folds - 1``.
    """
    if not 0 <= fold < folds:
        raise ValueError(f"fold is 0 to {folds - 1}, not {fold}")
    subjects = np.array(sorted({case.subject for case in cases}))
    held_out = set(
        np.random.default_rng(seed).permutation(subjects)[fold::folds].tolist()
    )
    training = [case for case in cases if case.subject not in held_out]
    return training, [case for case in cases if case.subject in held_out]
