"""Trees fill a lung, taper, and keep their volume on any grid."""

from __future__ import annotations

import numpy as np
import pytest

from models.chest_ct.simulator.space import Grid
from models.chest_ct.simulator.trees import Tree, beside, grow, splat

TIPS = np.random.default_rng(3).uniform(10, 70, (300, 3))
LOBES = (TIPS[:, 0] > 40).astype(np.intp)


def tree(seed: int = 0) -> Tree:
    """Return a tree from a corner to 300 places."""
    root = np.zeros(3)
    return grow(TIPS, LOBES, root, 5.0, np.random.default_rng(seed))


def test_every_tip_is_reached() -> None:
    """Some branch ends within a tenth of its length of every place."""
    ends = tree().end
    away = np.linalg.norm(TIPS[:, None] - ends[None], axis=2).min(axis=1)

    assert np.quantile(away, 0.99) < 2


def test_branches_taper_and_none_is_thicker_than_the_root() -> None:
    """The thickest branch has the radius of the root or less, the tips a seventh."""
    radii = tree().radius

    assert radii.max() <= 5.0
    assert radii.min() == pytest.approx(5.0 / 300 ** (1 / 3), rel=0.01)


def test_no_branch_crosses_to_another_lobe_at_the_tips() -> None:
    """The first branches part the lobes, so thin ones stay in theirs."""
    grown = tree()
    thin = grown.radius < 1.0
    crosses = (grown.start[thin, 0] > 44) != (grown.end[thin, 0] > 44)

    assert crosses.mean() < 0.05


@pytest.mark.parametrize("radius", [0.3, 0.8, 3.0])
@pytest.mark.parametrize("spacing", [1.0, 2.0])
def test_a_branch_keeps_its_volume(radius: float, spacing: float) -> None:
    """Thinner or thicker than a voxel, on a fine or a coarse grid."""
    start, end = np.array([[8.0, 9.0, 10.0]]), np.array([[30.0, 27.0, 29.0]])
    branch = Tree(start, (start + end) / 2, end, np.array([radius]))
    size = int(40 / spacing)
    share = splat(branch, Grid((0.0, 0.0, 0.0), spacing, (size, size, size)))

    length = float(np.linalg.norm(end - start))
    assert share.max() <= 1
    assert share.sum() * spacing**3 == pytest.approx(
        np.pi * radius**2 * length, rel=0.12
    )


def test_airways_run_beside_their_arteries() -> None:
    """Beside, not inside: as far as both radii, and in the same direction."""
    arteries = tree()
    airways = beside(arteries, np.array([4.0, 6.0, 0.0]), 0.75)
    thin = arteries.radius < 1.5
    apart = np.linalg.norm(airways.start - arteries.start, axis=1)

    assert np.all(apart[thin] > airways.radius[thin])
    assert np.allclose(
        airways.end - airways.start, arteries.end - arteries.start, atol=1e-6
    )
