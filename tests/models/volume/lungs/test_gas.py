"""Gas that is taken for lungs at first, and bodies in which nothing else is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy import ndimage

from models.contract import SeriesInfo, Volume
from models.volume.lungs import LEFT_LUNG, find_lungs
from models.volume.lungs.find import GAS_ML
from tests.models.volume.lungs.made import array, ball, chest, lung

STEP_MM = 2.2
"""Of bodies made here: a voxel is a coarse one."""

Floats = npt.NDArray[np.float64]


def volume(hu: Floats) -> Volume:
    """Return densities as an axial CT."""
    affine = np.diag([1.0, 1.0, 1.0, 1.0])[[2, 1, 0, 3]]
    affine[:3] *= STEP_MM
    series = SeriesInfo("2.25.1", "2.25.2", "CT", ())
    return Volume(hu.astype(np.float32), affine, "HU", series)


def belly(*pockets: tuple[float, float]) -> tuple[Floats, list[npt.NDArray[np.bool_]]]:
    """Return a body of tissue and where in it ``(row, column)`` gas may lie."""
    z, y, x = np.indices((40, 80, 100), sparse=True)
    body = ((x - 50) / 45) ** 2 + ((y - 40) / 32) ** 2 < 1
    hu = np.where(body & (z >= 0), 40.0, -1000.0)
    places = [
        ((x - column) / 9) ** 2 + ((y - row) / 9) ** 2 + ((z - 20) / 14) ** 2 < 1
        for row, column in pockets
    ]
    return hu, places


def test_a_pocket_of_gas_is_no_lung_and_no_failure() -> None:
    """All that was taken for air of a lung is gas: there are no lungs."""
    rng = np.random.default_rng(0)
    hu, (pocket,) = belly((32, 50))
    hu[pocket] = rng.normal(-920, 20, int(pocket.sum()))

    found = find_lungs(volume(hu))

    assert [flag.code for flag in found.flags] == ["no_lungs"]
    assert not found.labels.any()


def test_no_lung_is_drawn_from_memory_alone() -> None:
    """Bowel with stool in it on both sides."""
    rng = np.random.default_rng(0)
    hu, pockets = belly((32, 25), (32, 70))
    for pocket in pockets:
        gas = rng.normal(-960, 10, int(pocket.sum()))
        gas[rng.random(gas.size) < 0.2] = -850
        hu[pocket] = gas

    found = find_lungs(volume(hu))

    assert [flag.code for flag in found.flags] == ["no_lungs"]


def test_a_thin_shell_does_not_make_it_raise() -> None:
    """A test object of plastic: no cell of 6 mm of it is tissue."""
    rng = np.random.default_rng(0)
    hu = np.full((40, 80, 100), -1000.0)
    hu[:, 10:70, 20:80] = 60
    hu[:, 11:69, 21:79] = rng.normal(-850, 60, (40, 58, 58))

    assert find_lungs(volume(hu)).labels.shape == hu.shape


@pytest.mark.parametrize(("aside", "most"), [(0, 0.35), (8, 0.1), (14, 0.1), (18, 0.1)])
def test_gas_beside_the_base_is_not_put_back(aside: int, most: float) -> None:
    """It stays out of the filled lung, but for a part where it lies under the dome."""
    depth = np.argwhere(lung(2))[:, 0].min()
    row, column = np.argwhere(lung(2)).mean(axis=0)[1:]
    inside = np.asarray(chest().array) > -300  # of the body, not of the room
    gas = ball((depth - 4, row, column + aside), 22.0) & ~lung(2) & inside
    gas[depth + 2 :] = False
    changed = array()
    changed[gas] = -1000

    found = find_lungs(chest(changed)).labels

    assert gas.sum() > 300
    assert (found[gas] > 0).mean() < most


def test_a_side_full_of_gas_counts_as_lung_and_is_told() -> None:
    """A pneumothorax around a collapsed lung has no vessels, and is kept."""
    hu = array()
    hu[lung(2)] = 20
    gas = ndimage.binary_erosion(lung(2), iterations=3)  # apart from the other lung
    middle = np.argwhere(lung(2)).mean(axis=0)
    gas &= ~ball((middle[0], middle[1], middle[2]), 30.0)
    hu[gas] = -1000

    found = find_lungs(chest(hu))

    assert {"one_lung", "gas_in_lungs"} <= {flag.code for flag in found.flags}
    assert (found.labels[gas] == LEFT_LUNG).mean() > 0.9


def test_gas_that_is_left_out_needs_no_word() -> None:
    """Of the bowel, below the lungs, as much as a pneumothorax has."""
    hu = array()
    depth = np.argwhere(lung(2))[:, 0].min()
    row, column = np.argwhere(lung(2)).mean(axis=0)[1:]
    gas = ball((depth - 4, row, column), 50.0)
    gas[depth - 3 :] = False
    hu[gas] = -1000

    found = find_lungs(chest(hu))

    assert gas.sum() * np.prod(chest().spacing_mm) / 1000 > GAS_ML
    assert (found.labels[gas] > 0).mean() < 0.1
    assert "gas_in_lungs" not in {flag.code for flag in found.flags}
