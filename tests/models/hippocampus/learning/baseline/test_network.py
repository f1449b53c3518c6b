"""The original's network: its size, its recursion, its output."""

from __future__ import annotations

import torch

from models.hippocampus.learning.baseline.network import RecursiveUNet, Scale


def test_it_has_the_size_of_the_original() -> None:
    """31 million parameters in five scales, one inside another."""
    network = RecursiveUNet()

    assert round(sum(p.numel() for p in network.parameters()) / 1e6) == 31
    assert sum(isinstance(part, Scale) for part in network.modules()) == 5


def test_a_slice_in_is_logits_of_three_classes_out() -> None:
    """At the slice's size; the coarsest scale is heard at the finest."""
    network = RecursiveUNet((4, 8, 16)).eval()
    slices = torch.rand(2, 1, 64, 64, generator=torch.Generator().manual_seed(0))

    logits = network(slices)
    logits.sum().backward()

    assert logits.shape == (2, 3, 64, 64)
    coarsest = [part for part in network.modules() if isinstance(part, Scale)][-1]
    assert all(p.grad is not None for p in coarsest.parameters())
