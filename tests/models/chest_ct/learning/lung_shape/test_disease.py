"""Disease made up for the training."""

from __future__ import annotations

import torch

from models.chest_ct.learning.lung_shape.disease import made_ill
from tests.models.chest_ct.learning.lung_shape.made import case, change


def healthy() -> tuple[torch.Tensor, torch.Tensor]:
    """Return densities and the share of either lung."""
    made = case()
    signed = torch.from_numpy(made.lungs).float() / 127
    lungs = torch.stack([-signed, signed]).clamp(0, 1)
    return torch.from_numpy(made.hu).float(), lungs


def test_disease_is_dense_and_in_the_lungs() -> None:
    """Where it is complete no air is left, and outside the lungs nothing changes."""
    hu, lungs = healthy()
    for seed in range(20):
        found, ill = made_ill(hu, lungs, change(), torch.manual_seed(seed))

        outside = lungs.sum(dim=0) == 0
        assert torch.equal(found[outside], hu[outside])
        assert ill[outside].max() == 0
        assert ill.max() > 0.5
        assert found[ill > 0.99].numpy().min(initial=0) > -150


def test_a_white_lung_leaves_no_line_where_its_air_ended() -> None:
    """Cells that are half wall look like wall, not like the rim of a lung."""
    hu, lungs = healthy()
    lungs[0, :, 6] = 0.5 * lungs[0, :, 7]
    hu[4:20, 6, 5:14] = -400

    found, ill = made_ill(hu, lungs, change(whole=1.0), torch.manual_seed(3))

    half = (lungs.sum(dim=0) == 0.5) & (ill == 1)
    assert half.any()
    assert found[half].min() > -150


def test_equal_seeds_make_equal_disease() -> None:
    """All that is random comes from the generator."""
    hu, lungs = healthy()

    first, _ = made_ill(hu, lungs, change(), torch.manual_seed(5))
    again, _ = made_ill(hu, lungs, change(), torch.manual_seed(5))

    assert torch.equal(first, again)
