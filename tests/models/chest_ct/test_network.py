"""The networks that look at a whole chest at once."""

from __future__ import annotations

import pytest
import torch

from models.chest_ct.network import (
    STRIDE,
    OriginalCNN,
    TriageCNN,
    gaussian_derivatives,
    mean_within,
    pooled_evidence,
    share_of,
)

KINDS = 6


def tiny(**changes: object) -> TriageCNN:
    """Return a network of few channels, in evaluation mode, always the same one."""
    torch.manual_seed(0)
    return TriageCNN(KINDS, widths=(4, 6, 8, 8), **changes).eval()  # type: ignore[arg-type]  # keywords of the test


def chests(count: int = 2) -> torch.Tensor:
    """Return noise with lungs in the last channel."""
    inputs = torch.randn(count, 3, 32, 48, 64, generator=torch.manual_seed(1))
    inputs[:, 2] = 0
    inputs[:, 2, 8:24, 8:40, 8:56] = 1
    return inputs


def test_at_first_edges_and_blobs_are_seen() -> None:
    """What is even is seen by the Gaussian alone; a line has no bend along itself."""
    filters = gaussian_derivatives(5)
    even = torch.ones(1, 1, 9, 9, 9)
    line = torch.zeros(1, 1, 9, 9, 9)
    line[..., 4, 4, :] = 1

    of_even, of_line = (
        torch.nn.functional.conv3d(seen, filters[:, None]).abs().amax(dim=(0, 2, 3, 4))
        for seen in (even, line)
    )

    assert (of_even > 1e-5).tolist() == [True] + [False] * 9
    bends = (2, 5, 9)  # along w, h and d
    assert [bool(of_line[n] > 0.1) for n in bends] == [False, True, True]
    assert filters.flatten(1).norm(dim=1).tolist() == pytest.approx([1.0] * 10)


def test_there_is_one_answer_for_a_study_and_a_map_for_each_kind() -> None:
    """The map is four times coarser."""
    reading = tiny()(chests())

    assert reading.study.shape == (2,)
    assert reading.evidence.shape == (2, KINDS, 8, 12, 16)


def test_at_first_neither_answer_is_given() -> None:
    """There is little evidence, and the study is undecided: learning begins even."""
    with torch.inference_mode():
        reading = tiny()(chests())
    assert reading.study.abs().max() < 0.6
    assert reading.evidence.sigmoid().mean() == pytest.approx(0.02, abs=0.01)


def test_a_cell_of_the_map_speaks_of_its_own_place() -> None:
    """The features that a voxel changes are centred on its cell."""
    network, inputs = tiny(), chests(1)
    with torch.inference_mode():
        before = network(inputs).evidence
        inputs[0, :2, 16, 24, 32] += 1000.0
        change = (network(inputs).evidence - before).abs()[0, :].sum(0)

    strongest = [int(n) for n in torch.unravel_index(change.argmax(), change.shape)]
    assert max(abs(a * STRIDE - b) for a, b in zip(strongest, (16, 24, 32))) <= STRIDE  # noqa: B905 - three each


def test_studies_of_a_batch_do_not_touch_one_another() -> None:
    """In evaluation mode each is read as if it were alone."""
    network, inputs = tiny(), chests()
    with torch.inference_mode():
        together, alone = network(inputs), network(inputs[1:])
    torch.testing.assert_close(together.study[1:], alone.study, rtol=1e-4, atol=1e-4)


def test_more_evidence_is_never_less_pathology() -> None:
    """Whatever the weights have learned, their sign is fixed."""
    network, inputs = tiny(), chests(1)
    with torch.no_grad():
        network.weight.fill_(-3.0)
    low = network(inputs).study
    with torch.no_grad():
        assert network.evidence.bias is not None
        network.evidence.bias += 2.0
    assert network(inputs).study > low


def test_one_cell_stands_out_from_any_number_of_empty_ones() -> None:
    """The smooth maximum lies near the maximum, and between mean and maximum."""
    evidence = torch.full((1, 1, 4, 20, 20), -4.0)
    evidence[0, 0, 1, 10, 10] = 4.0
    within = torch.ones(1, 1, 4, 20, 20)

    pooled = float(pooled_evidence(evidence, within, 4.0))

    assert 2.0 < pooled < 4.0
    assert float(mean_within(evidence, within)) == pytest.approx(-4, abs=0.01)


def test_evidence_outside_the_lungs_does_not_count() -> None:
    """Unless there is no inside, then all counts."""
    evidence = torch.full((1, 1, 2, 4, 4), -4.0)
    evidence[..., 0] = 5.0
    within = torch.ones(1, 1, 2, 4, 4)
    within[..., 0] = 0

    assert float(pooled_evidence(evidence, within, 4.0)) == pytest.approx(-4, abs=0.1)
    assert float(mean_within(evidence, within)) == pytest.approx(-4)
    assert float(pooled_evidence(evidence, 0 * within, 4.0)) > 3


@pytest.mark.parametrize("stride", [STRIDE, 16])
def test_a_lung_that_ends_a_point_earlier_changes_no_cell_altogether(
    stride: int,
) -> None:
    """What counts of a cell is its share, so the answer moves a little at most."""
    lungs = torch.zeros(1, 1, 48, 48, 48)
    lungs[..., 8:40, 8:40, 8:40] = 1
    shorter = lungs.clone()
    shorter[..., 39, :, :] = 0

    share, less = (share_of(each, stride) for each in (lungs, shorter))

    assert share.max() == 1
    assert share.shape[2:] == (48 // stride,) * 3
    assert 0 < (share - less).max() <= 1 / stride


def test_what_is_around_the_chest_does_not_matter() -> None:
    """A wider field of the same chest gives the same answer, but for its border."""
    network = tiny()
    small = chests(1)
    small[:, :2, :, :8] = 0  # a border of nothing, as the field is filled
    wide = torch.nn.functional.pad(small, (0, 0, 16, 16))
    with torch.inference_mode():
        one, other = network(small).study, network(wide).study
    torch.testing.assert_close(one, other, rtol=0.05, atol=0.05)


def test_dropout_is_of_the_training_alone() -> None:
    """A study is read alike every time."""
    network, inputs = tiny(dropout=0.5), chests(1)
    assert network(inputs).study == network(inputs).study


def test_the_original_has_its_three_layers_and_its_head() -> None:
    """64, 128, 256 channels and 512 units, and it says nothing of the place."""
    network = OriginalCNN()

    shapes = [tuple(p.shape)[:2] for p in network.parameters() if p.ndim == 5]
    assert shapes == [(64, 3), (128, 64), (256, 128)]
    assert [p.shape[0] for p in network.head.parameters() if p.ndim == 2] == [512, 1]
    reading = network.eval()(torch.zeros(2, 3, 16, 16, 16))
    assert reading.study.shape == (2,)
    assert reading.evidence.numel() == 0
