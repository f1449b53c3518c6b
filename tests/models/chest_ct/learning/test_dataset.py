"""Prepared cases as the training loop wants them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from models.chest_ct.kinds import Kind
from models.chest_ct.learning.augment import changed
from models.chest_ct.learning.dataset import ChestCases, SliceCases, drawn_slices
from models.chest_ct.settings import Augmentation
from tests.models.chest_ct.learning.made import VIEW, chest, tiny_cases, tiny_settings

MUCH = Augmentation(
    turned=0.9, mirrored=0.5, noise_hu=20, brightness_hu=20, blurred=0.5
)


def test_a_batch_has_inputs_labels_and_places(tmp_path: Path) -> None:
    """One window and the lungs; of the second case the label and a nodule."""
    cases = ChestCases(tiny_cases(tmp_path, 2), tiny_settings())

    inputs, (label, cells, known) = cases.batch([0, 1], torch.manual_seed(0))

    assert inputs.shape == (2, 2, 16, 32, 32)
    assert inputs[:, 0].min() >= -1
    assert set(inputs[:, 1].flatten().tolist()) == {0, 1}
    assert label.tolist() == [0, 1]
    assert known.tolist() == [1, 1]
    assert cells.shape == (2, len(Kind), 4, 8, 8)
    assert cells.sum(dim=(2, 3, 4)).nonzero().tolist() == [[1, Kind.NODULE - 1]]


def test_where_nobody_has_drawn_anything_nothing_is_known(tmp_path: Path) -> None:
    """A healthy study shows nothing anywhere: that is known without a drawing."""
    kept = tiny_cases(tmp_path, 2, drawn=False)
    for kind in (ChestCases, SliceCases):
        settings = tiny_settings("slices" if kind is SliceCases else "cnn")
        _, (_, _, known) = kind(kept, settings).batch([0, 1], torch.manual_seed(0))
        assert known.tolist() == [1, 0]


def test_slices_show_what_the_study_shows(tmp_path: Path) -> None:
    """Among a few slices of a sick study one at least shows it."""
    cases = SliceCases(tiny_cases(tmp_path, 2), tiny_settings("slices"))
    for seed in range(10):
        inputs, (label, there, _) = cases.batch([0, 1], torch.manual_seed(seed))
        assert inputs.shape == (2, 4, 1, 32, 32)
        assert there.flatten(1).any(dim=1).tolist() == label.bool().tolist()


def test_slices_come_from_all_of_the_chest() -> None:
    """One of each part, in their order; a short chest gives some twice."""
    generator = torch.manual_seed(0)
    for _ in range(20):
        taken = drawn_slices(torch.zeros(40), 4, generator)
        assert [n // 10 for n in taken.tolist()] == [0, 1, 2, 3]
    assert len(drawn_slices(torch.zeros(3), 8, generator)) == 8


def test_both_answers_are_drawn_equally_often(tmp_path: Path) -> None:
    """A class of one among five weighs as much as the other four."""
    labels = [True, False, False, False, False, False]
    cases = ChestCases(tiny_cases(tmp_path, 6, labels), tiny_settings())
    assert cases.weights[0] == sum(cases.weights[1:])


def test_a_chest_that_is_changed_keeps_its_lump_where_its_label_is() -> None:
    """Density and label move together; the same seed gives the same chest."""
    case = chest(3, sick=True)
    hu, labels = torch.from_numpy(case.hu)[None], torch.from_numpy(case.labels)[None]

    seen = [
        changed(hu, labels, MUCH, VIEW, torch.Generator().manual_seed(seed))
        for seed in (1, 1, 2, 3, 4)
    ]

    assert torch.equal(seen[0][0], seen[1][0])
    assert not torch.equal(seen[0][0], seen[2][0])
    for density, label in seen:
        assert label.dtype == torch.uint8
        assert set(label.flatten().tolist()) <= set(labels.flatten().tolist())
        lump = label % 16 > 0
        assert density[lump].mean() > -300
        assert density[(label >= 16) & ~lump].mean() < -600


def test_planes_are_changed_alike_and_stay_planes() -> None:
    """A tissue of one density stays one; what is above and below does not come in."""
    hu = torch.full((3, 1, 32, 32), -850.0)
    hu[:, :, 10:20, 12:16] = 30
    labels = (hu > 0).byte()
    turned = MUCH.model_copy(
        update={"noise_hu": 0.0, "brightness_hu": 0.0, "blurred": 0.99}
    )

    density, label = changed(hu, labels, turned, VIEW, torch.Generator().manual_seed(2))

    assert density.shape == label.shape == hu.shape
    assert torch.equal(label[0], label[1])
    assert not torch.equal(label[0], labels[0])
    assert density[:, :, 14:18, 2:5].mean() == pytest.approx(-850, abs=2)


def test_nothing_is_changed_where_nothing_is_wished() -> None:
    """The case as it is, and no generator is moved."""
    case = chest(3, sick=True)
    hu, labels = torch.from_numpy(case.hu)[None], torch.from_numpy(case.labels)[None]
    generator = torch.Generator().manual_seed(1)
    before = generator.get_state()

    density, label = changed(hu, labels, Augmentation(), VIEW, generator)

    assert torch.equal(density, hu.float())
    assert torch.equal(label, labels)
    assert torch.equal(generator.get_state(), before)
