"""Real nodules: divided by patient, and pasted at the size that is asked for."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest

from models.chest_ct.simulator.shapes import (
    NoduleShapes,
    RealNodule,
    find_shapes,
    is_test,
)
from tests.conftest import data_folder


def ball(radius: int = 6) -> RealNodule:
    """Return a ball on voxels of 2 x 1 x 1 mm."""
    z, y, x = np.indices((2 * radius, 4 * radius, 4 * radius)) - 0.0
    away = np.hypot(np.hypot(2 * (z - radius), y - 2 * radius), x - 2 * radius)
    mask = away < radius
    hu = np.where(mask, 30, -850).astype(np.float32)
    return RealNodule(hu, mask, (2.0, 1.0, 1.0), "LIDC-IDRI-0004")


@pytest.mark.parametrize("diameter", [6.0, 9.0, 14.0])
def test_a_nodule_is_pasted_at_the_size_asked_for(diameter: float) -> None:
    """Whatever its own: the volume of its share is that of the sphere."""
    rng = np.random.default_rng(1)
    _, share = ball().resampled(1.5, diameter, rng)
    volume = float(share.sum()) * 1.5**3

    assert volume == pytest.approx(np.pi / 6 * diameter**3, rel=0.25)


def test_a_patient_is_always_in_the_same_part() -> None:
    """About three in ten patients are kept for the test part."""
    names = [f"LIDC-IDRI-{number:04d}" for number in range(1000)]
    share = np.mean([is_test(name) for name in names])

    assert 0.25 < share < 0.35


def test_no_table_is_an_error(tmp_path: Path) -> None:
    """Nodules that are asked for and are not there never fall back to drawn ones."""
    with pytest.raises(FileNotFoundError):
        find_shapes(tmp_path, test=False)


@pytest.mark.data
def test_no_nodule_patient_serves_training_and_test() -> None:
    """The parts share no patient, and each has every size."""
    folder = data_folder() / "nodules" / "lidc_vois"
    train, test = (find_shapes(folder, test=part) for part in (False, True))

    assert not {row[2] for row in train.rows} & {row[2] for row in test.rows}
    assert len(train.rows) > 2 * len(test.rows) > 300
    nodule = test.nearest(8.0, np.random.default_rng(0))
    assert 4 < nodule.own_diameter_mm < 14


def test_a_nodule_without_its_image_is_stood_in_for(tmp_path: Path) -> None:
    """The shared data hold two masks whose images are missing."""
    for folder, names in {"image": ["b"], "nodule_mask": ["a", "b"]}.items():
        (tmp_path / folder).mkdir()
        for name in names:
            array = np.zeros((8, 8, 4), np.float32)
            array[3:5, 3:5, 1:3] = 1
            image = nibabel.Nifti1Image(array, np.eye(4))  # type: ignore[no-untyped-call]  # upstream
            nibabel.save(image, tmp_path / folder / f"{name}.nii.gz")
    rows = ((5.0, "a.nii.gz", "A"), (9.0, "b.nii.gz", "B"))
    shapes = NoduleShapes(tmp_path, rows)

    drawn = {
        shapes.nearest(5.0, np.random.default_rng(seed)).patient for seed in range(9)
    }

    assert drawn == {"B"}
    (tmp_path / "image" / "b.nii.gz").unlink()
    with pytest.raises(FileNotFoundError, match="no image of any nodule"):
        shapes.nearest(5.0, np.random.default_rng(0))
