"""NIfTI and DICOM meet in one orientation."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import nibabel
import numpy as np
import numpy.typing as npt
import pytest
from scipy import ndimage

from models.volume.geometry import axis_codes
from models.volume.nifti import read_nifti, write_nifti
from models.volume.series import load_volume, read_study
from tests.dicom_series import write_series

SHAPE = (36, 50, 35)
"""The usual size of a hippocampus crop, ``(D, H, W)`` in millimetres."""


def save_nifti(
    path: Path, array: npt.NDArray[np.int16], affine: npt.NDArray[np.float64]
) -> Path:
    """Save as nibabel does, ``(x, y, z)`` with an affine to RAS millimetres."""
    image = nibabel.Nifti1Image(array, affine)  # type: ignore[no-untyped-call]  # upstream
    nibabel.save(image, path)
    return path


def test_a_ras_file_is_read_towards_head_back_and_left(tmp_path: Path) -> None:
    """One bright voxel: x is W turned round, y is H turned round, z is D."""
    array = np.zeros((4, 5, 6), dtype=np.int16)
    array[1, 2, 3] = 9
    affine = np.diag([2.0, 3.0, 4.0, 1.0])
    affine[:3, 3] = (10.0, 20.0, 30.0)

    volume, to_lps = read_nifti(save_nifti(tmp_path / "a.nii.gz", array, affine))

    assert volume.shape == (6, 5, 4)
    assert volume[3, 5 - 1 - 2, 4 - 1 - 1] == 9
    assert volume.dtype == np.int16
    ras = affine @ (1, 2, 3, 1)
    assert to_lps @ (3, 2, 2, 1) == pytest.approx(ras * (-1, -1, 1, 1))
    assert axis_codes(to_lps) == "SPL"


@pytest.mark.parametrize("signs", list(itertools.product((-1, 1), repeat=3)))
@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_any_axes_of_a_file_give_the_same_volume(
    tmp_path: Path, order: tuple[int, int, int], signs: tuple[int, int, int]
) -> None:
    """How a file stores its axes is not how the patient lies."""
    array = np.arange(4 * 5 * 6, dtype=np.int16).reshape(4, 5, 6)
    canonical = nibabel.Nifti1Image(array, np.diag([2.0, 3.0, 4.0, 1.0]))  # type: ignore[no-untyped-call]  # upstream
    axes = [[line, sign] for line, sign in zip(order, signs, strict=True)]
    stored = canonical.as_reoriented(axes)  # type: ignore[no-untyped-call]  # upstream
    nibabel.save(stored, tmp_path / "stored.nii")
    nibabel.save(canonical, tmp_path / "canonical.nii")

    volume, affine = read_nifti(tmp_path / "stored.nii")

    expected, expected_affine = read_nifti(tmp_path / "canonical.nii")
    assert np.array_equal(volume, expected)
    assert affine == pytest.approx(expected_affine)


def test_a_dicom_series_and_its_nifti_are_one_volume(tmp_path: Path) -> None:
    """Array and affine agree voxel by voxel, through files of both kinds."""
    array = np.arange(5 * 6 * 7, dtype=np.int16).reshape(5, 6, 7)
    paths = write_series(
        tmp_path / "dicom", array, spacing_mm=(3.0, 0.5, 0.25), origin_mm=(-9, 8, 7)
    )
    volume = load_volume(read_study(paths).series[0])

    write_nifti(tmp_path / "a.nii.gz", volume.array, volume.affine)
    read, affine = read_nifti(tmp_path / "a.nii.gz")

    assert nibabel.aff2axcodes(nibabel.load(tmp_path / "a.nii.gz").affine) == (  # type: ignore[attr-defined, no-untyped-call]  # upstream
        "R",
        "A",
        "S",
    )
    assert np.array_equal(read, volume.array)
    assert affine == pytest.approx(volume.affine, abs=1e-5)


def test_a_file_of_four_axes_is_no_volume(tmp_path: Path) -> None:
    """A series over time is several volumes."""
    path = save_nifti(tmp_path / "a.nii", np.zeros((2, 2, 2, 2), np.int16), np.eye(4))

    with pytest.raises(ValueError, match="three axes"):
        read_nifti(path)


def test_nibabel_is_imported_only_to_read_a_file() -> None:
    """It comes with the training extra; the node runs without it."""
    script = "import sys, models.volume.nifti; sys.exit('nibabel' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def standardised(array: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
    """Return the array at the usual crop size, with mean 0 and deviation 1."""
    factors = [wanted / have for wanted, have in zip(SHAPE, array.shape, strict=True)]
    resized = ndimage.zoom(array.astype(float), factors, order=1)
    result: npt.NDArray[np.float64] = (resized - resized.mean()) / resized.std()
    return result


@pytest.fixture(scope="module")
def mean_crop(shared_data: Path) -> npt.NDArray[np.float64]:
    """Return the mean training crop in the axes of a DICOM series, ``(D, H, W)``."""
    images = sorted((shared_data / "hippocampus" / "images").glob("*.nii.gz"))
    crops = (read_nifti(path)[0] for path in images)
    usual = [standardised(crop) for crop in crops if max(crop.shape) < 100]
    result: npt.NDArray[np.float64] = np.mean(usual, axis=0)
    return result


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize(("study", "least"), [("Study1", 0.6), ("Study3", 0.7)])
def test_real_crops_lie_as_the_training_crops_do(
    shared_data: Path, mean_crop: npt.NDArray[np.float64], study: str, least: float
) -> None:
    """Of the eight ways to flip the series, only the one as read resembles the mean.

    Training volumes are RAS, series are LPS: a loader that ignores this hands over a
    slice turned by 180 degrees and calls anterior posterior.
    """
    files = sorted((shared_data / "mr_studies" / study).rglob("*.dcm"))
    (crop,) = (
        series
        for series in read_study(files).series
        if series.series_description == "HippoCrop"
    )
    array = standardised(load_volume(crop).array)
    flips = [axes for n in range(4) for axes in itertools.combinations(range(3), n)]

    likeness = {
        axes: float(np.corrcoef(np.flip(array, axes).ravel(), mean_crop.ravel())[0, 1])
        for axes in flips
    }

    assert likeness.pop(()) > least
    assert max(likeness.values()) < 0.3
