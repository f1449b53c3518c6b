"""Whole lungs, as they were learned."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.chest_ct.validation.lungs import dice
from models.contract import Volume
from models.volume.lungs import network
from models.volume.lungs.air import find_air, find_airways, middle_of_body
from models.volume.lungs.grid import coarsen
from models.volume.lungs.shape import averaged, cell_steps, completed
from models.volume.lungs.sides import find_sides
from tests.models.volume.lungs.made import array, chest, lung


def learned(volume: Volume) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Return the shape on the volume's grid."""
    image = coarsen(volume)
    air = find_air(image).inside
    found = find_sides(image, air & ~find_airways(image, air), middle_of_body(image))
    return image.to_source(completed(image, found.labels).likely)


def test_the_shape_of_healthy_lungs_is_that_of_their_air() -> None:
    """To within a cell of 6 mm, each on its side."""
    shape = learned(chest())
    for side in (1, 2):
        assert dice(shape == side, lung(side)) > 0.93


def test_what_holds_no_air_is_drawn_from_the_rest() -> None:
    """The lower half of a lung full of pus is most of it in the shape."""
    dense = lung(1)
    dense[round(np.argwhere(dense)[:, 0].mean()) :] = False
    changed = array()
    changed[dense] = 35

    assert (learned(chest(changed)) == 1)[dense].mean() > 0.7


def test_cells_hold_the_mean_whatever_they_cut() -> None:
    """Cells that end within voxels take their share of them."""
    values = np.arange(7.0)[:, None, None] * np.ones((7, 2, 3))
    cells = cell_steps((7, 2, 3), (2.0, 6.0, 6.0), 6.0)

    assert cells == (2, 2, 3)
    found = averaged(values, cells)
    np.testing.assert_allclose(found[:, 0, 0], [(0 + 1 + 2 + 1.5) / 3.5, 16.5 / 3.5])


def test_other_weights_than_those_that_were_tested_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Missing or changed weights are an error and never a silent default."""
    changed = bytearray(network.WEIGHTS.read_bytes())
    changed[-1] ^= 1
    other = tmp_path / network.WEIGHTS.name
    other.write_bytes(changed)
    monkeypatch.setattr(network, "WEIGHTS", other)
    network.shipped_weights.cache_clear()

    with pytest.raises(ValueError, match="not the file of this version"):
        network.shipped_weights()
    other.unlink()
    with pytest.raises(FileNotFoundError):
        network.shipped_weights()
