"""The network in torch, and its weights as numpy runs them."""

from __future__ import annotations

import numpy as np
import torch

from models.chest_ct.learning.lung_shape.network import CHANNELS, LungShape, folded
from models.volume.lungs.network import logits


def test_numpy_answers_as_torch_does() -> None:
    """With the normalisation folded in, no logit differs by more than 0.001."""
    torch.manual_seed(0)
    network = LungShape()
    for _ in range(3):
        network(torch.randn(2, CHANNELS, 16, 16, 24) * 3 + 1)
    network.eval()
    seen = torch.randn(1, CHANNELS, 16, 24, 32)
    with torch.inference_mode():
        expected = network(seen)[0].numpy()

    found = logits(seen[0].numpy(), folded(network))

    assert found.shape == (3, 16, 24, 32)
    assert np.abs(found - expected).max() < 1e-3
    assert expected.std() > 0.01
