"""Training cases: bent and shaded, nothing mirrored."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from models.hippocampus.cases.data import Case
from models.hippocampus.eda import phantom_pairs
from models.hippocampus.learning.augment import deform, shade
from models.hippocampus.learning.dataset import AugmentedCases
from models.hippocampus.phantom_image import phantom
from models.hippocampus.preprocess import normalise
from models.hippocampus.settings import Augmentation


def write_pair(folder: Path, name: str, seed: int = 0) -> None:
    """Write a phantom as a training pair: (x, y, z) in RAS."""
    image, truth = (array.transpose(2, 1, 0) for array in phantom(seed))
    phantom_pairs.write_pair(folder, name, image, truth)


def build_case(subject: int, seed: int = 0) -> Case:
    """Return a phantom as a case."""
    image, truth = phantom(seed)
    return Case(f"case{subject}", subject, normalise(image), truth)


def test_batches_have_the_window_and_repeat_with_their_seed() -> None:
    """Images and soft truth of one sum; nothing is random but the generator."""
    pair = [build_case(1, 1), build_case(2, 2)]
    cases = AugmentedCases(pair, (40, 56, 40), Augmentation())

    images, truth = cases.batch([0, 1], torch.Generator().manual_seed(3))
    again, _ = cases.batch([0, 1], torch.Generator().manual_seed(3))

    assert images.shape == (2, 1, 40, 56, 40)
    assert truth.shape == (2, 3, 40, 56, 40)
    assert torch.allclose(truth.sum(dim=1), torch.ones(2, 40, 56, 40), atol=1e-5)
    assert set(truth.argmax(dim=1).flatten().tolist()) == {0, 1, 2}
    assert ((truth > 0.1) & (truth < 0.9)).any()
    assert torch.equal(images, again)


def test_augmentation_never_mirrors() -> None:
    """A ramp along each axis still rises after any deformation."""
    size = (36, 50, 35)
    axes = [torch.arange(n, dtype=torch.float32) for n in size]
    ramps = torch.stack(torch.meshgrid(*axes, indexing="ij"))
    for seed in range(20):
        generator = torch.Generator().manual_seed(seed)
        bent = deform(ramps, (40, 56, 40), Augmentation(), generator)
        for axis in range(3):
            ends = bent[axis].movedim(axis, 0)
            assert ends[-10:].mean() > ends[:10].mean()


def test_shading_keeps_the_scale_and_the_anatomy() -> None:
    """Contrast, bias, blur and noise change intensities, never the structure."""
    image = torch.from_numpy(build_case(1).image)

    shaded = shade(image, Augmentation(), torch.Generator().manual_seed(0))

    assert abs(float(shaded.mean())) < 0.1
    assert 0.8 < float(shaded.std()) < 1.2
    both = torch.stack([image.flatten(), shaded.flatten()])
    assert float(torch.corrcoef(both)[0, 1]) > 0.8


def test_swelling_changes_the_part_alone() -> None:
    """The labelled part grows and shrinks by turns; the corners of a crop stay."""
    case = build_case(1)
    parts = [case.image, case.labels == 1, case.labels == 2]
    channels = torch.from_numpy(np.stack(parts).astype(np.float32))
    still = Augmentation(rotation_sd_deg=0, log_scale_sd=0, elastic_mm=0, shift_mm=0)
    swelling = still.model_copy(update={"swelling_sd": 0.1})
    shape = case.labels.shape
    before = deform(channels, shape, still, torch.Generator().manual_seed(0))

    changes, corners = [], []
    for seed in range(12):
        after = deform(channels, shape, swelling, torch.Generator().manual_seed(seed))
        changes.append(float(after[1:].sum() / before[1:].sum()))
        corners.append(float((after - before)[0, :3, :3, :3].abs().max()))

    assert min(changes) < 0.92
    assert max(changes) > 1.08
    assert max(corners) < 0.2
