"""The synthetic study: like the real ones, repeatable, and free of torch."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pydicom
import pytest

from models.hippocampus.phantom import phantom, write_study


def digests(paths: list[Path]) -> list[str]:
    """Return the SHA-256 of each file."""
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]


def crop_images(folder: Path) -> list[pydicom.Dataset]:
    """Return the images of the crop in slice order."""
    images = [pydicom.dcmread(path) for path in (folder / "hippocrop").iterdir()]
    return sorted(images, key=lambda ds: float(ds.ImagePositionPatient[2]))


def test_equal_seeds_give_equal_files(tmp_path: Path) -> None:
    """A study can be written again, to the byte."""
    assert digests(write_study(tmp_path / "a", 4)) == digests(
        write_study(tmp_path / "b", 4)
    )


def test_different_seeds_are_different_patients(tmp_path: Path) -> None:
    """No UID, patient or accession number is shared between seeds."""
    studies = [write_study(tmp_path / str(seed), seed) for seed in (1, 2)]

    one, other = (
        {
            str(ds[keyword].value)
            for ds in (pydicom.dcmread(path) for path in paths)
            for keyword in (
                "StudyInstanceUID",
                "SeriesInstanceUID",
                "SOPInstanceUID",
                "FrameOfReferenceUID",
                "PatientID",
                "AccessionNumber",
            )
        }
        for paths in studies
    )
    assert not one & other


def test_the_crop_lacks_what_real_crops_lack(tmp_path: Path) -> None:
    """No birth date, sex, age or series number; the head series has them."""
    write_study(tmp_path, 5)
    crop = crop_images(tmp_path)[0]
    head = pydicom.dcmread(next((tmp_path / "t1").iterdir()))

    for keyword in ("PatientBirthDate", "PatientSex", "PatientAge"):
        assert keyword not in crop
        assert head[keyword].value
    assert crop.SeriesNumber is None
    assert crop.SeriesDescription == "HippoCrop"
    assert crop.StudyInstanceUID == head.StudyInstanceUID


@pytest.mark.parametrize("shape", [(36, 50, 35), (24, 48, 40), (21, 51, 34)])
def test_the_crop_has_the_size_that_was_asked_for(
    tmp_path: Path, shape: tuple[int, int, int]
) -> None:
    """Rows and columns may or may not be multiples of eight."""
    write_study(tmp_path, 6, shape)
    images = crop_images(tmp_path)

    assert (len(images), images[0].Rows, images[0].Columns) == shape


def test_pixels_are_the_phantom_turned_to_lps(tmp_path: Path) -> None:
    """What lies in front and right in the phantom is last in row and column order."""
    write_study(tmp_path, 7)
    image, _ = phantom(7)

    pixels = np.stack([ds.pixel_array for ds in crop_images(tmp_path)])

    assert np.array_equal(pixels[:, ::-1, ::-1], image.round())


def test_the_truth_has_a_head_in_front_of_a_tail() -> None:
    """Anterior lies in front of posterior, both of human size."""
    for seed in range(5):
        _, truth = phantom(seed)
        front, back = (np.argwhere(truth == label)[:, 1] for label in (1, 2))

        assert front.min() > back.max()
        assert all(1000 < len(part) < 2600 for part in (front, back))


def test_it_needs_neither_torch_nor_nibabel() -> None:
    """The demo writes a study before anything large is loaded."""
    code = (
        "import sys, models.hippocampus.phantom;"
        "sys.exit(bool({'torch', 'nibabel'} & set(sys.modules)))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
