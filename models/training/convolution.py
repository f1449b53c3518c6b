"""3D convolutions by oneDNN, also where torch would not take it.

Torch gives a convolution in fp32 on a CPU to oneDNN only when the input has several
samples or is large (``use_mkldnn`` in ATen/native/Convolution.cpp, torch 2.13). One
window through the hippocampus network is neither: 18 of its 24 convolutions go the
slow way, which takes most of the time (benchmarks/inference.py).
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn


class OneDnnConv3d(nn.Conv3d):
    """A convolution without gradient that calls oneDNN whatever the input's size.

    On other devices, and under autocast, it is the convolution it was made from.
    """

    @classmethod
    def of(cls, module: nn.Conv3d) -> OneDnnConv3d:
        """Return the same convolution, which shares its weights with ``module``."""
        made = copy.copy(module)
        made.__class__ = cls
        assert isinstance(made, cls)  # noqa: S101 - tells mypy of the line above
        return made

    def forward(self, input: Tensor) -> Tensor:
        """Map ``(N, C, D, H, W)``."""
        off_duty = input.device.type != "cpu" or torch.is_autocast_enabled("cpu")
        if off_duty or isinstance(self.padding, str):
            return super().forward(input)
        return torch.mkldnn_convolution(
            input,
            self.weight,
            self.bias,
            self.padding,
            self.stride,
            self.dilation,
            self.groups,
        )


def by_onednn(network: nn.Module) -> nn.Module:
    """Return a copy of the network for serving: oneDNN does its 3D convolutions.

    Where torch was built without oneDNN, the network itself is returned.
    """
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]  # torch
        return network
    made = copy.deepcopy(network)
    for parent in list(made.modules()):
        for name, child in parent.named_children():
            if type(child) is nn.Conv3d and child.padding_mode == "zeros":
                setattr(parent, name, OneDnnConv3d.of(child))
    return made
