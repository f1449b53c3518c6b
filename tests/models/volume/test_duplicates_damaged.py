"""A damaged content beside others under one SOP Instance UID says nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import JPEG2000Lossless

from models.volume import duplicates
from models.volume.duplicates import ConflictError, settled
from tests.models.volume.contents import (
    encoded,
    image,
    lying_about_size,
    overlong,
    with_other_pixel,
)

pytestmark = pytest.mark.parametrize("in_order", [True, False])


def with_half_the_pixels(dataset: Dataset) -> None:
    """Lose the second half of the image."""
    pixels = dataset.PixelData
    dataset.PixelData = pixels[: len(pixels) // 2]


def damaged(path: Path, patient: str = "TEST-1") -> Path:
    """Write an image half of which is lost."""

    def change(dataset: Dataset) -> None:
        with_half_the_pixels(dataset)
        dataset.PatientID = patient

    return image(path, change)


def cut_stream(path: Path) -> Path:
    """Write an image whose compressed frame was cut off."""
    dataset = dcmread(encoded(path, JPEG2000Lossless))
    [frame] = generate_frames(dataset.PixelData, number_of_frames=1)
    dataset.PixelData = encapsulate([frame[:-200]])
    dataset.save_as(path)
    return path


def no_pixels(path: Path) -> Path:
    """Write an image without the element that holds its pixels."""

    def change(dataset: Dataset) -> None:
        del dataset.PixelData

    return image(path, change)


def false_size(path: Path) -> Path:
    """Write an image whose frame claims another size than its header."""
    return lying_about_size(path, behind=b"")


@pytest.mark.parametrize(
    "spoil", [damaged, cut_stream, no_pixels, false_size, overlong]
)
def test_the_content_that_can_be_decoded_stands(
    tmp_path: Path, in_order: bool, spoil: Callable[[Path], Path]
) -> None:
    """Whichever came first."""
    bad, good = spoil(tmp_path / "a.dcm"), image(tmp_path / "b.dcm")

    assert settled([bad, good], in_order=in_order) == good
    assert settled([good, bad], in_order=in_order) == good
    assert settled([bad, good, bad], in_order=in_order) == good


def test_its_header_does_not_count_either(tmp_path: Path, in_order: bool) -> None:
    """Two damaged contents that contradict each other are no conflict."""
    good = image(tmp_path / "b.dcm")
    bad = [damaged(tmp_path / f"{n}.dcm", f"WRONG-{n}") for n in range(2)]

    assert settled([*bad, good], in_order=in_order) == good
    assert settled([good, *bad], in_order=in_order) == good


def test_where_none_can_be_decoded_the_first_stands(
    tmp_path: Path, in_order: bool
) -> None:
    """It fails when it is read, and says why."""
    bad = [damaged(tmp_path / "a.dcm"), cut_stream(tmp_path / "b.dcm")]

    assert settled(bad, in_order=in_order) == bad[0]


def test_those_that_can_be_decoded_still_conflict(
    tmp_path: Path, in_order: bool
) -> None:
    """Damage beside them takes nothing back."""
    bad, first = damaged(tmp_path / "a.dcm"), image(tmp_path / "b.dcm")
    other = image(tmp_path / "c.dcm", with_other_pixel)

    for contents in ([bad, first, other], [first, bad, other]):
        with pytest.raises(ConflictError, match="pixels"):
            settled(contents, in_order=in_order)


@pytest.mark.parametrize("error", [MemoryError(), OSError(5, "input/output")])
def test_a_machine_that_fails_damages_no_image(
    tmp_path: Path,
    in_order: bool,
    error: Exception,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another attempt may decode both, and find them at odds."""

    def fail(*_: object, **__: object) -> None:
        raise error

    contents = [
        image(tmp_path / "a.dcm"),
        image(tmp_path / "b.dcm", with_other_pixel),
    ]
    monkeypatch.setattr(duplicates, "iter_pixels", fail)

    with pytest.raises(type(error)):
        settled(contents, in_order=in_order)


def test_objects_without_pixels_conflict_by_their_headers(
    tmp_path: Path, in_order: bool
) -> None:
    """A report is no damaged image."""

    def report(dataset: Dataset) -> None:
        for keyword in ("PixelData", "Rows", "Columns"):
            delattr(dataset, keyword)

    def other(dataset: Dataset) -> None:
        report(dataset)
        dataset.StudyDate = "20200104"

    contents = [image(tmp_path / "a.dcm", report), image(tmp_path / "b.dcm", other)]

    if in_order:
        assert settled(contents, in_order=True) == contents[1]
        return
    with pytest.raises(ConflictError, match="headers"):
        settled(contents, in_order=False)
