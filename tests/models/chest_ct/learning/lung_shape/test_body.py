"""Other bodies around the same lungs."""

from __future__ import annotations

import torch

from models.chest_ct.learning.lung_shape.body import other_body
from tests.models.chest_ct.learning.lung_shape.made import case


def test_a_body_grows_and_its_lungs_stay_lungs() -> None:
    """Some bodies are larger than they were; none of them fills a lung."""
    hu = torch.from_numpy(case().hu).float()
    lung = torch.from_numpy(case().lungs).abs().float() / 127
    grown = []
    for seed in range(20):
        found = other_body(hu, lung, torch.manual_seed(seed))

        assert found[lung == 1].max() < -600
        grown.append(int((found > -300).sum()) > int((hu > -300).sum()))

    assert 0 < sum(grown) < 20
