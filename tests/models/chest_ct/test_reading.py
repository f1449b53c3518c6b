"""What the networks say of a prepared chest."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.chest_ct.kinds import Kind
from models.chest_ct.network import STRIDE, OriginalCNN, TriageCNN, around, bias_of
from models.chest_ct.preprocess import FILLING_HU, Prepared, prepare, whole
from models.chest_ct.reading import chest_input, read_chest, read_slices, slice_input
from models.chest_ct.slice_network import SliceNetwork
from tests.models.chest_ct.test_preprocess import VIEW, chest


@pytest.fixture
def prepared() -> Prepared:
    """Return a chest on the grid of the view."""
    return prepare(*chest(), VIEW)


def cnn() -> TriageCNN:
    """Return a tiny network, always the same one."""
    torch.manual_seed(0)
    return TriageCNN(len(Kind), channels=4, widths=(4, 4, 4, 4)).eval()


def test_windows_go_from_minus_one_to_one() -> None:
    """What is beyond a window looks like its border."""
    hu = torch.tensor([-1200, -1000, -750, -500, 100]).reshape(1, 1, 1, 5)
    lungs = torch.ones(1, 1, 1, 5)

    seen = chest_input(hu, lungs, [(-1000, -500)])

    assert seen[0, 0, 0, 0].tolist() == [-1, -1, 0, 1, 1]
    assert seen[0, 1].min() == 1
    assert slice_input(hu, [(-1000, -500)] * 2).shape == (1, 1, 2, 1, 5)


def test_the_map_lies_where_the_chest_lies(prepared: Prepared) -> None:
    """Its first cell is the first point of the field, its cells four points apart."""
    reading = read_chest(cnn(), prepared, VIEW)

    assert reading.evidence is not None
    field = whole(prepared)
    cells = tuple(edge // STRIDE for edge in field.hu.shape)
    assert reading.evidence.chances.shape == (len(Kind), *cells)
    cell = np.array([2, 3, 4, 1])
    point = np.array([2 * STRIDE, 3 * STRIDE, 4 * STRIDE, 1])
    np.testing.assert_allclose(reading.evidence.affine @ cell, field.affine @ point)
    assert 0 < reading.probability < 1


def test_away_from_the_lungs_nothing_is_told(prepared: Prepared) -> None:
    """It is no part of the answer, and would send a reader somewhere else."""
    network = cnn()
    torch.nn.init.constant_(bias_of(network.evidence), 9.0)
    evidence = read_chest(network, prepared, VIEW).evidence
    assert evidence is not None
    lungs = torch.from_numpy(whole(prepared).lungs)[None, None].float()

    told = (evidence.chances > 0).any(axis=0)

    assert np.array_equal(told, around(lungs)[0, 0].numpy() > 0)
    assert not told.all()


def test_equal_chests_are_read_alike(prepared: Prepared) -> None:
    """To the bit."""
    one, other = (read_chest(cnn(), prepared, VIEW) for _ in range(2))
    assert one.probability == other.probability


def test_the_box_of_a_chest_moves_no_answer(prepared: Prepared) -> None:
    """Another kernel's lungs may begin a point earlier, and show no more than that."""
    room = ((1, 2), (3, 0), (2, 1))
    affine = prepared.affine.copy()
    affine[:3, 3] -= affine[:3, :3] @ (1, 3, 2)
    wider = Prepared(
        np.pad(prepared.hu, room, constant_values=FILLING_HU),
        np.pad(prepared.labels, room),
        affine,
    )

    one, other = (read_chest(cnn(), each, VIEW) for each in (prepared, wider))

    assert one.probability == pytest.approx(other.probability, abs=1e-6)


def test_the_plain_network_says_nothing_of_the_place(prepared: Prepared) -> None:
    """There is no map, and not an empty one."""
    network = OriginalCNN(channels=4, widths=(2, 2, 2), head=4).eval()
    assert read_chest(network, prepared, VIEW).evidence is None


@pytest.mark.parametrize(("most", "read"), [(48, 17), (5, 5)])
def test_slices_are_read_from_end_to_end(
    prepared: Prepared, most: int, read: int
) -> None:
    """All of them, or as many as there may be, the first and the last among them."""
    torch.manual_seed(0)
    view = VIEW.model_copy(update={"field": (most, 32, 48)})

    reading = read_slices(SliceNetwork(2, width=4).eval(), prepared, view)

    assert len(reading.places) == len(reading.slices) == min(read, len(prepared.hu))
    assert reading.places[0] == 0
    assert reading.places[-1] == len(prepared.hu) - 1
    assert float(reading.attention.sum()) == pytest.approx(1, abs=1e-5)
