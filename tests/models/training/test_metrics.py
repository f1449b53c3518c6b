"""Overlap, surface distance and intervals on shapes whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from models.training.metrics import bootstrap_mean, dice, hd95_mm


def cube(shift: int = 0) -> np.ndarray:
    """Return a cube of 4 voxels, moved along the first axis."""
    mask = np.zeros((16, 12, 12), bool)
    mask[4 + shift : 8 + shift, 4:8, 4:8] = True
    return mask


def test_dice_counts_the_shared_half() -> None:
    """Moved by half its length a cube shares one half; nothing equals nothing."""
    assert dice(cube(), cube()) == 1
    assert dice(cube(), cube(2)) == 0.5
    assert dice(cube(), cube(6)) == 0
    assert dice(cube() & False, cube() & False) == 1


def test_surface_distance_is_in_millimetres() -> None:
    """A shift of two voxels of 1.5 mm is 3 mm."""
    assert hd95_mm(cube(), cube(), (1.5, 1, 1)) == 0
    assert hd95_mm(cube(), cube(2), (1.5, 1, 1)) == 3
    assert hd95_mm(cube(), cube() & False, (1, 1, 1)) == float("inf")


def test_subjects_are_drawn_not_cases() -> None:
    """Repeating the cases of each subject makes the interval no narrower."""
    rng = np.random.default_rng(0)
    once = {str(n): [value] for n, value in enumerate(rng.normal(0.9, 0.02, 30))}
    twice = {subject: values * 5 for subject, values in once.items()}

    narrow, wide = bootstrap_mean(twice), bootstrap_mean(once)

    assert narrow == pytest.approx(wide)
    assert wide["low"] < wide["mean"] < wide["high"]
