"""A made visit: the same tissue by other mathematics than that of the interval."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np

import models
from models.hippocampus.phantom_image import phantom
from models.hippocampus.validation.synthetic_visits.acquisition import Scanner, acquire

STILL = Scanner(0, 0, 0, 0, 0, 0, 1)


def test_an_undisturbed_visit_is_the_image() -> None:
    """But for its offset: magnitudes begin at 0."""
    image, _ = phantom(1)

    seen = acquire(image, None, np.random.default_rng(0), STILL)

    np.testing.assert_allclose(seen, image - image.min(), atol=1e-3)


def test_equal_seeds_give_equal_visits_and_others_others() -> None:
    """Every pair can be made again."""
    image, _ = phantom(2)

    first, again, other = (
        acquire(image, None, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )

    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


def test_the_tissue_moves_with_the_field() -> None:
    """One voxel along h, backwards: the image comes from one row further."""
    image, _ = phantom(3)
    field = np.zeros((3, *image.shape))
    field[1] = 1

    seen = acquire(image, field, np.random.default_rng(0), STILL)
    still = acquire(image, None, np.random.default_rng(0), STILL)

    offset = float(np.median(seen[:, :-1] - still[:, 1:]))
    np.testing.assert_allclose(seen[:, :-1] - offset, still[:, 1:], atol=1e-3)


def test_intensities_are_magnitudes() -> None:
    """Rician: nothing is below 0, however strong the noise."""
    image, _ = phantom(4)

    seen = acquire(image, None, np.random.default_rng(0), Scanner(noise=1.0))

    assert seen.min() >= 0


def test_pairs_share_no_code_with_the_noise_that_judges_them() -> None:
    """Neither imports the other: an interval must not be judged by its own maker."""
    root = Path(models.__file__).parent / "hippocampus"

    def imported(package: str) -> set[str]:
        return {
            node.module or ""
            for path in (root / "validation" / package).glob("*.py")
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.ImportFrom)
        }

    assert not [name for name in imported("synthetic_visits") if ".retest" in name]
    assert not [name for name in imported("retest") if ".synthetic_visits" in name]
