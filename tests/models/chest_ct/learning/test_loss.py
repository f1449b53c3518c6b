"""What a wrong answer costs, for the study and for places."""

from __future__ import annotations

import pytest
import torch

from models.chest_ct.kinds import Kind
from models.chest_ct.learning.loss import (
    ChestLoss,
    SlicesLoss,
    cells_of,
    evidence_loss,
    plane_cells_of,
)
from models.chest_ct.network import Reading
from models.chest_ct.settings import LossSettings
from models.chest_ct.slice_network import SliceNetwork, SliceReading
from models.training.binary_loss import BinaryLoss


def empty_map(studies: int = 1) -> torch.Tensor:
    """Return evidence that says no everywhere."""
    return torch.full((studies, len(Kind), 4, 6, 6), -6.0)


def test_a_cell_holds_every_kind_that_is_near() -> None:
    """A voxel belongs to the cell on which it lies, or to two between two."""
    truth = torch.zeros(1, 8, 12, 12, dtype=torch.uint8)
    truth[0, 4, 8, 8] = Kind.EFFUSION
    cells = cells_of(truth)
    assert cells.shape == (1, len(Kind), 2, 3, 3)
    assert cells.nonzero().tolist() == [[0, Kind.EFFUSION - 1, 1, 2, 2]]


def test_a_nodule_that_is_missed_costs_as_much_as_a_lobe() -> None:
    """The mean over the cells of a finding, not their sum."""
    small, large = torch.zeros(2, 1, len(Kind), 4, 6, 6)
    small[0, 0, 2, 3, 3] = 1
    large[0, 0, :, 1:5, 1:5] = 1
    costs = [
        float(evidence_loss(empty_map(), cells, torch.ones(1), 2.0))
        for cells in (small, large)
    ]
    assert costs[0] == pytest.approx(costs[1], rel=0.01)
    assert costs[0] > 5


def test_beside_a_finding_nothing_is_asked() -> None:
    """A border that is drawn a cell too wide costs nothing, two cells do."""
    cells = torch.zeros(1, len(Kind), 4, 6, 6)
    cells[0, 0, 1:3, 2:4, 2:4] = 1
    evidence = empty_map()
    evidence[0, 0, 1:3, 2:4, 2:4] = 6.0
    right = float(evidence_loss(evidence, cells, torch.ones(1), 2.0))
    evidence[0, 0, 1, 1, 2] = 6.0
    assert float(evidence_loss(evidence, cells, torch.ones(1), 2.0)) == right
    evidence[0, 0, 1, 0, 2] = 6.0
    assert float(evidence_loss(evidence, cells, torch.ones(1), 2.0)) > right + 0.3


def test_what_is_not_known_teaches_nothing() -> None:
    """Only the label of the study counts then."""
    loss = ChestLoss(LossSettings(places=1.0))
    evidence = empty_map(2).requires_grad_()
    reading = Reading(torch.tensor([0.3, -0.2]), evidence)
    targets = (torch.tensor([1.0, 0.0]), torch.zeros_like(evidence), torch.zeros(2))

    cost = loss(reading, targets)
    cost.backward()  # type: ignore[no-untyped-call]  # torch does not annotate it

    assert evidence.grad is not None
    assert not evidence.grad.any()
    study = BinaryLoss()(reading.study, targets[0])
    assert float(cost.detach()) == pytest.approx(float(study))


def test_a_network_without_a_map_is_asked_for_the_study_alone() -> None:
    """The plain network learns from labels."""
    reading = Reading(torch.zeros(2), torch.zeros(2, 0, 1, 1, 1))
    targets = (torch.ones(2), torch.ones(2, len(Kind), 1, 1, 1), torch.ones(2))
    cost = ChestLoss(LossSettings(places=1.0))(reading, targets)
    assert float(cost) == pytest.approx(0.6931, abs=1e-3)


def test_slices_are_asked_where_it_is_known_what_they_show() -> None:
    """The second study's slices are not."""
    cells = torch.zeros(2, 2, len(Kind), 1, 1)
    cells[0, 1, 0] = cells[1, 0, 0] = 1
    reading = SliceReading(
        torch.tensor([0.0, 0.0]),
        torch.tensor([[-9.0, 9.0]] * 2),
        torch.ones(2, 2) / 2,
        18 * cells[:1].repeat(2, 1, 1, 1, 1) - 9,
    )
    label = torch.tensor([1.0, 1.0])
    settings = LossSettings(places=1.0)
    right = SlicesLoss(settings)(reading, (label, cells, torch.tensor([1.0, 0.0])))
    wrong = SlicesLoss(settings)(reading, (label, cells, torch.tensor([0.0, 1.0])))
    assert float(right) == pytest.approx(0.6931, abs=1e-3)
    assert float(wrong) > 4


def test_cells_of_a_slice_lie_where_the_network_has_them() -> None:
    """As many as its map has, of any size; a finding reaches the cells around it."""
    network = SliceNetwork(len(Kind), channels=1, width=4).eval()
    for height, width in ((32, 48), (40, 49), (160, 224)):
        truth = torch.zeros(1, 2, height, width, dtype=torch.uint8)
        truth[0, 1, 17, 3] = Kind.EFFUSION
        cells = plane_cells_of(truth)
        evidence = network(torch.zeros(1, 2, 1, height, width)).evidence
        assert cells.shape == evidence.shape
        assert cells.nonzero().tolist() == [
            [0, 1, list(Kind).index(Kind.EFFUSION), 1, 0]
        ]
