"""Slices read one by one, and weighed."""

from __future__ import annotations

import pytest
import torch

from models.chest_ct.network import LITTLE
from models.chest_ct.slice_network import GatedAttention, ResNet50, SliceNetwork


def tiny() -> SliceNetwork:
    """Return the narrowest network, in evaluation mode, always the same one."""
    torch.manual_seed(0)
    return SliceNetwork(2, width=4).eval()


def slices(count: int = 5) -> torch.Tensor:
    """Return one study of noise."""
    return torch.randn(1, count, 3, 64, 64, generator=torch.manual_seed(1))


def test_the_full_width_is_the_resnet_of_the_paper() -> None:
    """23.5 million parameters before the head (He et al. 2016), 2048 features."""
    network = ResNet50()
    assert network.outputs == 2048
    assert sum(p.numel() for p in network.parameters()) == 23_508_032


def test_half_the_width_has_a_quarter_of_the_weights() -> None:
    """What is shipped is narrower."""
    full, half = (
        sum(p.numel() for p in ResNet50(width=width).parameters()) for width in (64, 32)
    )
    assert half / full == pytest.approx(0.25, abs=0.01)


def test_attention_is_shared_out_among_the_slices() -> None:
    """The weights are 1 in sum and none is negative."""
    reading = tiny()(slices())

    assert reading.attention.shape == reading.slices.shape == (1, 5)
    assert reading.attention.min() >= 0
    assert float(reading.attention.sum().detach()) == pytest.approx(1)
    weighed = (reading.attention * reading.slices).sum()
    assert float(reading.study.detach()) == pytest.approx(
        float(weighed.detach()), rel=1e-4
    )


def test_a_finding_in_one_cell_counts_for_the_slice() -> None:
    """However many cells show nothing: the most of a kind counts, and no mean."""
    network, inputs = tiny(), slices(2)
    with torch.no_grad():
        network.answer.weight.zero_()
        network.answer.weight[0, -2:] = 1.0
    reading = network(inputs)

    most = reading.evidence.amax(dim=(3, 4))
    told = torch.nn.functional.softplus(most - LITTLE).sum(dim=2)
    torch.testing.assert_close(reading.slices, told + network.answer.bias)


def test_the_order_of_the_slices_does_not_matter() -> None:
    """A study is a bag: its answer is the same, its weights go with their slices."""
    network, inputs = tiny(), slices()
    order = torch.tensor([3, 0, 4, 1, 2])

    one, other = network(inputs), network(inputs[:, order])

    torch.testing.assert_close(one.study, other.study, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(
        one.attention[:, order], other.attention, rtol=1e-4, atol=1e-4
    )


def test_any_number_of_slices_is_read() -> None:
    """Sixteen in training, up to 48 in service; one is enough."""
    for count in (1, 7):
        assert tiny()(slices(count)).attention.shape == (1, count)


def test_the_gate_can_close() -> None:
    """A slice whose gate is shut has the score of nothing: 0."""
    attention = GatedAttention(4, 3)
    with torch.no_grad():
        attention.gate.bias.fill_(-100.0)
        attention.gate.weight.zero_()
    weights = attention(torch.randn(1, 6, 4))
    torch.testing.assert_close(weights, torch.full((1, 6), 1 / 6))
