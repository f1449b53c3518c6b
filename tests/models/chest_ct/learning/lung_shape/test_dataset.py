"""What the network is shown, and what is asked of it."""

from __future__ import annotations

import torch

from models.chest_ct.learning.lung_shape.dataset import ShapeLoss, look
from tests.models.chest_ct.learning.lung_shape.made import case, change


def test_a_look_has_inputs_and_shares_that_add_up() -> None:
    """Five channels; nothing, right and left are all there is."""
    inputs, shares, weights = look(case(), change(), torch.manual_seed(0))

    assert inputs.shape == (5, 16, 16, 24)
    assert torch.allclose(shares.sum(dim=0), torch.ones(16, 16, 24))
    assert weights.min() >= 1


def test_the_right_lung_lies_at_the_patients_right() -> None:
    """However a case is changed, mirrored too, right is where the last axis begins."""
    place = torch.arange(24.0)
    for seed in range(20):
        wanted = change(turn=0.0)
        _, shares, _ = look(case(), wanted, torch.manual_seed(seed))
        upright = shares[1:].sum(dim=(1, 2))
        right, left = (upright @ place) / upright.sum(dim=1)
        assert right < left


def test_what_disease_hides_is_still_asked_for() -> None:
    """The air of a white lung is gone from the inputs; its share of lung is not."""
    wanted = change(ill=1.0, whole=1.0, cut=0.0)
    _, shares, weights = look(case(), wanted, torch.manual_seed(1))

    assert shares[1:].sum() > 300
    assert (weights > 1.9).sum() > 100


def test_the_loss_is_small_for_the_truth_alone() -> None:
    """A sure answer costs nothing where it is right and much where it is not."""
    _, shares, weights = look(case(), change(), torch.manual_seed(0))
    targets = (shares[None], weights[None])
    right, wrong = 20 * shares[None], 20 * shares[None].roll(1, dims=1)

    assert ShapeLoss()(right, targets) < 0.5
    assert ShapeLoss()(wrong, targets) > 5
