"""Weights are written in half precision, and as any other file."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import torch
from torch import nn

from models.training.checkpoint import as_written, load_weights, save_weights


def test_what_is_read_is_what_was_rounded_to_be_written(tmp_path: Path) -> None:
    """To the bit: figures of the rounded network are those of its file."""
    torch.manual_seed(0)
    network = nn.Conv3d(2, 3, 3)

    save_weights(network, tmp_path / "weights" / "w.safetensors")
    as_written(network)

    read = load_weights(nn.Conv3d(2, 3, 3), tmp_path / "weights" / "w.safetensors")
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, read.state_dict()[name])


def test_a_node_of_another_user_can_read_the_weights(tmp_path: Path) -> None:
    """Readable as far as the umask lets any file be."""
    before = os.umask(0o022)
    try:
        save_weights(nn.Linear(2, 2), tmp_path / "w.safetensors")
    finally:
        os.umask(before)

    assert stat.S_IMODE((tmp_path / "w.safetensors").stat().st_mode) == 0o644


def test_what_counts_far_stays_a_number(tmp_path: Path) -> None:
    """Batch norm counts its batches: half precision ends at 65 504."""
    network = nn.BatchNorm3d(2)
    assert network.num_batches_tracked is not None
    network.num_batches_tracked += 1_000_001

    save_weights(network, tmp_path / "w.safetensors")
    as_written(network)

    read = load_weights(nn.BatchNorm3d(2), tmp_path / "w.safetensors")
    for found in (network, read):
        assert found.state_dict()["num_batches_tracked"] == 1_000_001
