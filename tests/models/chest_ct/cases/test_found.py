"""Labelled series among folders of DICOM files and ZIPs."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from models.chest_ct.cases.archive import ArchiveError, unpack
from models.chest_ct.cases.found import find_cases
from tests.dicom_series import write_series


def write_study(
    folder: Path, number: int, slices: int = 34, spacing: float = 2.5
) -> list[Path]:
    """Write a CT series of one study and one patient."""
    array = np.random.default_rng(number).integers(0, 500, (slices, 8, 8))
    return write_series(
        folder,
        array.astype(np.int16),
        spacing_mm=(spacing, 1.0, 1.0),
        modality="CT",
        study_uid=f"1.2.{number}",
        series_uid=f"1.2.{number}.1",
        PatientID=f"P{number}",
        RescaleIntercept="-1024",
    )


def write_labels(folder: Path, *lines: str) -> None:
    """Write the table beside the images."""
    table = "\n".join(["study_uid,series_uid,pathology", *lines])
    (folder / "labels.csv").write_text(table, encoding="utf-8")


def zipped(files: list[Path], archive: Path) -> None:
    """Move files into a ZIP, under a name that leaves the folder."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("readme.txt", "no image")
        for number, path in enumerate(files):
            opened.write(path, f"../../{number}")
            path.unlink()


def test_a_folder_and_a_zip_are_one_data_set(tmp_path: Path) -> None:
    """Both are found by their UIDs, read alike, and nothing is written outside."""
    write_study(tmp_path / "one", 1)
    zipped(write_study(tmp_path / "two", 2), tmp_path / "two.zip")
    write_labels(tmp_path, "1.2.1,1.2.1.1,1", "1.2.2,,0", "1.2.3,1.2.3.1,0")

    cases, left_out = find_cases(tmp_path)

    assert [(case.name, case.is_positive) for case in cases] == [
        ("1.2.1", True),
        ("1.2.2", False),
    ]
    assert [(each.name, each.reason) for each in left_out] == [
        ("1.2.3", "series_missing")
    ]
    volume = cases[1].source.load().volume
    assert volume.shape == (34, 8, 8)
    assert volume.units == "HU"
    assert len({case.patient for case in cases}) == 2
    assert "P1" not in cases[0].patient
    assert {path.name for path in tmp_path.iterdir()} == {
        *("one", "two", "two.zip", "labels.csv")
    }


def test_the_digest_is_of_the_content_and_not_of_the_place(tmp_path: Path) -> None:
    """A series that was moved is the same, one with another pixel is not."""
    files = write_study(tmp_path / "one", 1)
    write_labels(tmp_path, "1.2.1,,1")
    first = find_cases(tmp_path)[0][0].source.digest()

    shutil.move(tmp_path / "one", tmp_path / "elsewhere")
    assert find_cases(tmp_path)[0][0].source.digest() == first

    changed = tmp_path / "elsewhere" / files[3].name
    content = bytearray(changed.read_bytes())
    content[-1] ^= 1
    changed.write_bytes(content)
    assert find_cases(tmp_path)[0][0].source.digest() != first


@pytest.mark.parametrize(
    ("slices", "spacing", "reason"),
    [(31, 2.5, "few_slices"), (34, 5.5, "slice_spacing"), (34, 0.6, "slice_spacing")],
)
def test_what_nobody_should_learn_from_is_left_out(
    tmp_path: Path, slices: int, spacing: float, reason: str
) -> None:
    """Fewer than 32 slices, or not 1 to 5 mm apart."""
    write_study(tmp_path / "bad", 1, slices, spacing)
    write_study(tmp_path / "good", 2)
    write_labels(tmp_path, "1.2.1,,1", "1.2.2,,0")
    assert [each.reason for each in find_cases(tmp_path)[1]] == [reason]


def test_data_without_a_table_or_without_images_are_refused(tmp_path: Path) -> None:
    """It is said which."""
    with pytest.raises(FileNotFoundError, match=r"no labels\.csv"):
        find_cases(tmp_path)
    write_labels(tmp_path, "1.2.1,,1")
    with pytest.raises(FileNotFoundError, match="learned from: series_missing"):
        find_cases(tmp_path)


def test_no_name_of_an_archive_becomes_a_path(tmp_path: Path) -> None:
    """An entry that wants to leave the folder lies in it, under a number."""
    archive, place = tmp_path / "one.zip", tmp_path / "deep" / "place"
    place.mkdir(parents=True)
    zipped(write_study(tmp_path / "one", 1)[:2], archive)

    files = unpack(archive, place)

    assert {path.parent for path in files.values()} == {place}
    assert len(list(place.iterdir())) == 2
    assert {each.name for each in tmp_path.iterdir()} == {"deep", "one", "one.zip"}


def test_a_damaged_archive_is_refused_by_name(tmp_path: Path) -> None:
    """Neither half of it nor a traceback comes out."""
    write_study(tmp_path / "one", 1)
    archive = tmp_path / "one.zip"
    zipped(sorted((tmp_path / "one").iterdir()), archive)
    archive.write_bytes(archive.read_bytes()[:-50])
    with pytest.raises(ArchiveError, match="BadZipFile"):
        unpack(archive, tmp_path)
