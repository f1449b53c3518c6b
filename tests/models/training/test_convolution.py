"""oneDNN gives what torch's own convolution gives, faster."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from models.hippocampus.network import ResidualUNet
from models.training.convolution import OneDnnConv3d, by_onednn


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize(
    "module",
    [
        nn.Conv3d(4, 8, 3, padding=1, bias=False),
        nn.Conv3d(4, 8, 3, stride=2, padding=1),
        nn.Conv3d(4, 8, 1, stride=2, groups=2),
    ],
    ids=["plain", "strided with bias", "grouped"],
)
def test_the_convolution_is_the_same(module: nn.Conv3d) -> None:
    """Stride, padding, bias and groups are handed over."""
    window = torch.randn(1, 4, 8, 10, 12)

    with torch.inference_mode():
        expected = module(window)
        found = OneDnnConv3d.of(module)(window)

    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_every_convolution_of_a_network_is_exchanged_and_the_network_stays() -> None:
    """The copy has none of torch's left, the original all of them."""
    network = ResidualUNet((4, 8)).eval()

    served = by_onednn(network)

    kinds = {type(m) for m in served.modules() if isinstance(m, nn.Conv3d)}
    assert kinds == {OneDnnConv3d}
    assert not any(isinstance(m, OneDnnConv3d) for m in network.modules())
    window = torch.randn(1, 1, 8, 8, 8)
    with torch.inference_mode():
        torch.testing.assert_close(
            served(window)[0], network(window)[0], rtol=1e-4, atol=1e-4
        )


def test_under_autocast_it_computes_in_bf16() -> None:
    """Torch's own way is taken there: it goes to oneDNN by itself."""
    served = by_onednn(nn.Sequential(nn.Conv3d(1, 2, 3)))

    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        found = served(torch.randn(1, 1, 4, 4, 4))

    assert found.dtype == torch.bfloat16


def test_without_onednn_the_network_is_served_as_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Some builds of torch have none."""
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    network = ResidualUNet((4, 8))

    assert by_onednn(network) is network
