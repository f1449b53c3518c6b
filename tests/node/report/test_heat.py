"""The heat of a decision at the voxels of a volume."""

from __future__ import annotations

import numpy as np
import pytest

from models.evidence import HeatMap
from node.report.heat import heat_at
from tests.node.report.classified import classified_case
from tests.node.report.inputs import Case


@pytest.fixture(scope="module")
def chest(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Return a small chest with a nodule and an effusion."""
    return classified_case(tmp_path_factory.mktemp("chest") / "study")


def test_heat_lies_where_the_map_says(chest: Case) -> None:
    """At its own voxels exactly, half way between them by half, nothing outside."""
    volume = chest.volume
    array = np.zeros((6, 12, 16), np.float32)
    array[3, 6, 8] = 1.0
    heat = HeatMap(array, volume.affine @ np.diag([4.0, 4.0, 4.0, 1.0]), "made up")
    d, h, w = np.ogrid[: volume.shape[0], : volume.shape[1], : volume.shape[2]]
    found = heat_at(volume, heat, (d, h, w))

    assert found is not None
    assert np.argwhere(found == found.max()).tolist() == [[12, 24, 32]]
    assert found[12, 24, 34] == pytest.approx(0.5)
    assert found[0].max() == 0
