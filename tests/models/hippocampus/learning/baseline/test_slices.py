"""Whole volumes by slices: padded or not, of any shape, given back as they came."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from models.hippocampus.learning.baseline.network import RecursiveUNet
from models.hippocampus.learning.baseline.slices import (
    BATCH,
    SliceCases,
    from_slices,
    probabilities,
    scaled,
    to_slices,
)
from models.hippocampus.preprocess import FloatVolume
from tests.models.hippocampus.learning.test_dataset import build_case

sizes = st.integers(1, 80)


class Threshold(nn.Module):
    """Says posterior where a pixel is bright, and counts what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[int] = []

    def forward(self, x: Tensor) -> Tensor:
        """Return ``(N, 3, H, W)`` logits."""
        self.batches.append(len(x))
        assert x.shape[1:] == (1, 64, 64)
        return torch.cat([0.5 - x, torch.full_like(x, -9), x - 0.5], dim=1) * 50


def random_volume(*shape: int) -> FloatVolume:
    """Return a volume of noise that no flip or exchange of axes leaves as it is."""
    rng = np.random.default_rng(sum(shape))
    return rng.normal(size=shape).astype(np.float32)


@settings(max_examples=25)
@given(st.tuples(sizes, sizes, st.integers(1, 40)).filter(lambda s: np.prod(s) > 1))
def test_every_voxel_gets_its_own_answer_whatever_the_shape(
    shape: tuple[int, int, int],
) -> None:
    """Odd shapes, single slices, slices larger than the network's field."""
    volume = random_volume(*shape)

    chances = probabilities(Threshold(), volume)

    assert chances.shape == (3, *shape)
    bright = functional.sigmoid(torch.from_numpy(100 * (scaled(volume) - 0.5)))
    assert np.allclose(chances[2], bright.numpy(), atol=1e-4)
    assert np.allclose(chances.sum(axis=0), 1, atol=1e-5)


def test_a_volume_that_was_padded_before_is_read_alike() -> None:
    """The padding is what the network would have been given anyway."""
    torch.manual_seed(0)
    network = RecursiveUNet((4, 8)).eval()
    volume = random_volume(36, 49, 33)
    low = float(volume.min())
    padded = np.pad(volume, ((0, 28), (0, 15), (0, 0)), constant_values=low)

    bare, whole = probabilities(network, volume), probabilities(network, padded)

    assert whole.shape == (3, 64, 64, 33)
    assert np.allclose(bare, whole[:, :36, :49], atol=1e-6)


def test_slices_are_read_in_batches() -> None:
    """Not one by one, and none is left out."""
    network = Threshold()
    probabilities(network, random_volume(20, 20, 2 * BATCH + 3))

    assert network.batches == [BATCH, BATCH, 3]


def test_slices_are_sagittal() -> None:
    """The nth slice is the nth from the patient's left; rows run to the front."""
    volume = random_volume(36, 49, 33)

    slices = to_slices(volume, 64)

    assert slices.shape == (33, 1, 64, 64)
    assert np.array_equal(slices[5, 0, :49, :36], volume[:, :, 5].T)
    assert not slices[:, :, 49:].any()
    assert not slices[..., 36:].any()
    assert np.array_equal(from_slices(slices, 36, 49)[0], volume)


def test_a_slice_that_is_too_large_is_not_cut_in_silence() -> None:
    """Training has no parts."""
    with pytest.raises(ValueError, match="exceeds 64"):
        to_slices(random_volume(65, 40, 3), 64)


@pytest.mark.parametrize("value", [3.0, np.nan, np.inf])
def test_a_volume_without_contrast_or_end_is_refused(value: float) -> None:
    """There is nothing to scale."""
    with pytest.raises(ValueError, match="constant or non-finite"):
        scaled(np.full((3, 4, 5), value))


def test_training_sees_every_slice_and_its_truth() -> None:
    """Images from 0 to 1, truth one-hot, in the order that is asked for."""
    pair = [build_case(1, 1), build_case(2, 2)]
    cases = SliceCases(pair, 64)
    wide = pair[0].labels.shape[2]

    images, truth = cases.batch([wide, 7], torch.Generator())

    assert len(cases) == sum(case.labels.shape[2] for case in pair)
    assert images.shape == (2, 1, 64, 64)
    assert float(cases.images.min()) == 0
    assert float(cases.images.max()) == 1
    assert torch.equal(truth.sum(dim=1), torch.ones(2, 64, 64))
    depth, height, _ = pair[0].labels.shape
    found = truth[1].argmax(dim=0)[:height, :depth]
    assert np.array_equal(found, pair[0].labels[:, :, 7].T)
