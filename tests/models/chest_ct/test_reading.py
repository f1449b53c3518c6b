"""What the networks say of a prepared chest."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.chest_ct.kinds import Kind
from models.chest_ct.network import (
    STRIDE,
    OriginalCNN,
    Reading,
    TriageCNN,
    around,
    bias_of,
)
from models.chest_ct.preprocess import SIDE, Prepared, placed, prepare
from models.chest_ct.reading import (
    chest_input,
    mirrored,
    mirrored_back,
    read_chest,
    read_slices,
    slice_input,
)
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
    assert reading.evidence.chances.shape == (len(Kind), 4, 8, 12)
    field = placed(prepared, (16, 32, 48))
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
    lungs = torch.from_numpy(placed(prepared, (16, 32, 48)).lungs)[None, None].float()

    told = (evidence.chances > 0).any(axis=0)

    assert np.array_equal(told, around(lungs)[0, 0].numpy() > 0)
    assert not told.all()


def test_a_chest_and_its_mirror_image_are_read_alike(prepared: Prepared) -> None:
    """One answer; every cell of the map lies where it does in the other's mirror."""
    edge = placed(prepared, (16, 32, 48))
    hu, labels = (
        mirrored(torch.from_numpy(each)).numpy() for each in (edge.hu, edge.labels)
    )
    other = Prepared(hu, labels, edge.affine)

    one, two = (read_chest(cnn(), each, VIEW) for each in (edge, other))

    assert one.probability == pytest.approx(two.probability, abs=1e-6)
    assert one.evidence is not None
    assert two.evidence is not None
    back = mirrored(torch.from_numpy(two.evidence.chances)).numpy()
    np.testing.assert_allclose(one.evidence.chances, back, atol=1e-6)


def test_in_the_mirror_the_middles_of_cells_lie_on_one_another() -> None:
    """The first column stays, the others change places; twice is nothing."""
    columns = torch.arange(2 * STRIDE)
    there = mirrored(columns)
    assert there.tolist() == [0, 7, 6, 5, 4, 3, 2, 1]
    assert torch.equal(mirrored(there), columns)


class OneSided(torch.nn.Module):
    """Tells every cell what its middle is, but looks at one half of the chest only."""

    def forward(self, inputs: torch.Tensor) -> Reading:
        """Answer 0 everywhere else."""
        cells = inputs[:, :1, ::STRIDE, ::STRIDE, ::STRIDE].repeat(
            1, len(Kind), 1, 1, 1
        )
        cells[..., : cells.shape[-1] // 2] = -20.0
        return Reading(cells.amax(dim=(1, 2, 3, 4)), cells)


@pytest.mark.parametrize("column", [16, 32])
def test_what_one_side_misses_the_mirror_tells_where_it_is(
    prepared: Prepared, column: int
) -> None:
    """On either side half of it is told, and at its place."""
    field = placed(prepared, (16, 32, 48))
    hu = np.full(field.hu.shape, -1000, np.int16)
    hu[8, 16, column] = -500
    seen = Prepared(hu, np.full_like(field.labels, SIDE), field.affine)

    evidence = read_chest(OneSided(), seen, VIEW).evidence

    assert evidence is not None
    chances = evidence.chances[0]
    place = np.unravel_index(chances.argmax(), chances.shape)
    assert place == (8 // STRIDE, 16 // STRIDE, column // STRIDE)


def test_beyond_the_edge_of_the_mirror_nothing_is_told() -> None:
    """In the first column of cells the plain reading counts, and not the other side."""
    evidence = torch.zeros(1, 2, 1, 1, 4)
    plain, other = evidence + 1, evidence + torch.tensor([2.0, 3.0, 4.0, 5.0])
    study = torch.zeros(1)
    back = mirrored_back(Reading(study, other), Reading(study, plain))
    assert back.evidence[0, 0, 0, 0].tolist() == [1, 5, 4, 3]


def test_equal_chests_are_read_alike(prepared: Prepared) -> None:
    """To the bit."""
    one, other = (read_chest(cnn(), prepared, VIEW) for _ in range(2))
    assert one.probability == other.probability


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
