"""Which of several contents under one SOP Instance UID counts, if any."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import (
    JPEG2000,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from models.volume.duplicates import (
    ConflictError,
    Difference,
    compare,
    settle,
    settled,
)
from models.volume.study import read_study
from tests.dicom_series import save, write_series
from tests.models.volume.contents import (
    PLANES,
    SYNTAXES,
    Change,
    big_endian,
    encoded,
    image,
    lying_about_size,
    with_cyrillic,
    with_element,
    with_other_code,
    with_other_matrix,
    with_other_pixel,
    with_other_sign,
    with_other_words,
    with_padding,
    with_private,
)


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda syntax: syntax.keyword)
def test_another_transfer_syntax_is_another_encoding(
    tmp_path: Path, syntax: str
) -> None:
    """Archives transcode, also into what has other bytes for every number."""
    first, second = image(tmp_path / "a.dcm"), encoded(tmp_path / "b.dcm", syntax)

    assert first.read_bytes() != second.read_bytes()
    assert compare(first, second) is Difference.ENCODING
    assert compare(second, first) is Difference.ENCODING


@pytest.mark.parametrize(
    "change",
    [
        with_private,
        with_cyrillic,
        with_padding,
        with_element("InstitutionName", ""),
        with_element("SliceThickness", "1.00"),
        with_element("LossyImageCompression", "00"),
        with_element("PatientID", "TEST-1 "),
    ],
)
def test_what_says_nothing_about_the_image_is_encoding(
    tmp_path: Path, change: Change
) -> None:
    """Private and empty elements, character set, padding, digits."""
    first, second = image(tmp_path / "a.dcm"), image(tmp_path / "b.dcm", change)

    assert compare(first, second) is Difference.ENCODING


@pytest.mark.parametrize(
    "change",
    [
        with_element("PatientID", "TEST-2"),
        with_element("PatientName", "Иванова^Мария"),
        with_element("StudyDate", "20200104"),
        with_element("WindowCenter", "40"),
        with_element("SliceThickness", "1.01"),
        with_element("LossyImageCompression", "01"),
        with_element("ImagePositionPatient", [0, 0, 1]),
        with_other_code,
        with_other_words,
    ],
)
@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ExplicitVRBigEndian])
def test_what_says_something_about_the_image_is_its_header(
    tmp_path: Path, change: Change, syntax: str
) -> None:
    """Person, time, place, inside sequences as well, in any encoding."""
    first, second = encoded(tmp_path / "a.dcm", syntax), image(tmp_path / "b", change)

    assert compare(first, second) is Difference.HEADER


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, *SYNTAXES])
@pytest.mark.parametrize(
    "change", [with_other_pixel, with_other_matrix, with_other_sign]
)
def test_one_other_pixel_weighs_most(
    tmp_path: Path, change: Change, syntax: str
) -> None:
    """In any encoding, and whatever else differs."""

    def both(dataset: Dataset) -> None:
        change(dataset)
        dataset.PatientID = "TEST-2"

    first, second = encoded(tmp_path / "a.dcm", syntax), image(tmp_path / "b", both)

    assert compare(first, second) is Difference.PIXELS
    assert compare(second, first) is Difference.PIXELS


def test_lossy_pixels_are_other_pixels(tmp_path: Path) -> None:
    """A transcoding that changes values has no right to the old UID."""
    dataset = dcmread(image(tmp_path / "b.dcm"))
    dataset.compress(JPEG2000, j2k_cr=[50], generate_instance_uid=False)
    dataset.save_as(tmp_path / "b.dcm")

    assert compare(image(tmp_path / "a.dcm"), tmp_path / "b.dcm") is Difference.PIXELS


def test_pixels_that_cannot_be_decoded_are_not_proven_equal(tmp_path: Path) -> None:
    """A damaged stream is no copy of the image."""
    second = encoded(tmp_path / "b.dcm", JPEGLSLossless)
    second.write_bytes(second.read_bytes()[:-200])

    assert compare(image(tmp_path / "a.dcm"), second) is Difference.PIXELS


def test_no_decoder_is_given_a_frame_of_another_size(tmp_path: Path) -> None:
    """It would take memory for whatever the frame claims; here it finds them equal."""
    first = lying_about_size(tmp_path / "a.dcm", behind=b"")
    second = lying_about_size(tmp_path / "b.dcm", behind=b"\0\0")

    assert compare(first, second) is Difference.PIXELS


def test_bits_beyond_the_stored_ones_are_no_pixels(tmp_path: Path) -> None:
    """Old scanners keep overlays there; codecs drop them."""

    def twelve_bits(dataset: Dataset) -> None:
        dataset.BitsStored, dataset.HighBit = 12, 11

    def overlay(dataset: Dataset) -> None:
        twelve_bits(dataset)
        pixels = np.frombuffer(dataset.PixelData, "<u2") | 0x1000
        dataset.PixelData = pixels.tobytes()

    first = image(tmp_path / "a.dcm", twelve_bits)
    second = big_endian(image(tmp_path / "b.dcm", overlay))

    assert compare(first, second) is Difference.ENCODING


def test_the_stored_bits_may_be_the_upper_ones(tmp_path: Path) -> None:
    """Where High Bit says so, the uppermost bit belongs to the image."""

    def upper_bits(dataset: Dataset) -> None:
        dataset.BitsStored, dataset.HighBit = 12, 15
        dataset.PixelRepresentation = 0

    def brighter(dataset: Dataset) -> None:
        upper_bits(dataset)
        pixels = np.frombuffer(dataset.PixelData, "<u2") | 0x8000
        dataset.PixelData = pixels.tobytes()

    first = image(tmp_path / "a.dcm", upper_bits)

    assert compare(first, image(tmp_path / "b.dcm", brighter)) is Difference.PIXELS


def test_a_frame_less_is_another_image(tmp_path: Path) -> None:
    """As far as both go they are equal."""

    def two_frames(dataset: Dataset) -> None:
        dataset.NumberOfFrames = 2
        dataset.PixelData = dataset.PixelData * 2

    first, second = image(tmp_path / "a.dcm"), image(tmp_path / "b.dcm", two_frames)

    assert compare(first, second) is Difference.PIXELS
    assert compare(second, first) is Difference.PIXELS


@pytest.mark.parametrize(
    ("syntax", "model"),
    [(RLELossless, "RGB"), (JPEG2000Lossless, "RGB"), (JPEG2000Lossless, "YBR_RCT")],
)
def test_colour_is_compared_as_it_is_seen(
    tmp_path: Path, syntax: str, model: str
) -> None:
    """Codecs order and mix the three values in their own way."""

    def colours(dataset: Dataset) -> None:
        dataset.SamplesPerPixel = 3
        dataset.PhotometricInterpretation = "RGB"
        dataset.PlanarConfiguration = 0
        dataset.PixelRepresentation = 0
        dataset.BitsAllocated = dataset.BitsStored = 8
        dataset.HighBit = 7
        pixels = np.random.default_rng(2).integers(0, 255, (32, 32, 3), np.uint8)
        dataset.add_new("PixelData", "OB", pixels.tobytes())

    first = image(tmp_path / "a.dcm", colours)
    dataset = dcmread(image(tmp_path / "b.dcm", colours))
    dataset.PhotometricInterpretation = model
    second = save(dataset, tmp_path / "b.dcm", syntax)

    assert compare(first, second) is Difference.ENCODING


class TestSettled:
    """One of several contents stands, or nobody can say which."""

    def test_the_first_of_several_encodings_stands(self, tmp_path: Path) -> None:
        """Nothing new was said, so nothing is read anew."""
        first = image(tmp_path / "a.dcm")
        others = [encoded(tmp_path / f"{s}.dcm", s) for s in SYNTAXES]

        assert settled([first, *others], in_order=True) == first
        assert settled([first, *others], in_order=False) == first

    def test_the_header_that_came_last_stands(self, tmp_path: Path) -> None:
        """It is the corrected one, also when a correction is taken back."""
        wrong = image(tmp_path / "a.dcm", with_element("PatientID", "WRONG"))
        right = image(tmp_path / "b.dcm", with_element("PatientID", "RIGHT"))
        again = encoded(tmp_path / "c.dcm", RLELossless)

        assert settled([wrong, right], in_order=True) == right
        assert settled([right, wrong], in_order=True) == wrong
        assert settled([wrong, right, again], in_order=True) == again

    def test_without_order_two_headers_are_a_conflict(self, tmp_path: Path) -> None:
        """File names and dates of a folder are no proof of which came last."""
        wrong = image(tmp_path / "a.dcm", with_element("PatientID", "WRONG"))

        with pytest.raises(ConflictError, match="headers"):
            settled([wrong, image(tmp_path / "b.dcm")], in_order=False)

    @pytest.mark.parametrize("in_order", [True, False])
    def test_other_pixels_are_always_a_conflict(
        self, tmp_path: Path, in_order: bool
    ) -> None:
        """One of them is another image under a stolen name."""
        first = image(tmp_path / "a.dcm")
        corrected = image(tmp_path / "b.dcm", with_element("PatientID", "RIGHT"))
        other = image(tmp_path / "c.dcm", with_other_pixel)

        with pytest.raises(ConflictError, match=r"pixels|headers"):
            settled([first, corrected, other], in_order=in_order)


def test_a_study_is_settled_to_one_content_each(tmp_path: Path) -> None:
    """Both series keep all images; what could not be read stays known."""
    first, second = write_series(tmp_path / "a", PLANES)
    dataset = dcmread(second)
    dataset.StudyDescription = "corrected"
    corrected = save(dataset, tmp_path / "b.dcm", ExplicitVRLittleEndian)
    notes = tmp_path / "notes.txt"
    notes.write_text("none")

    study = settle(read_study([first, second, corrected, notes]), in_order=True)

    assert [i.path for i in study.series[0].instances] == [first, corrected]
    assert study.unreadable == ((notes, "not_dicom"),)
    assert study.rivals == {}


def test_a_study_without_rivals_is_not_read_again(tmp_path: Path) -> None:
    """The usual case costs nothing."""
    study = read_study(write_series(tmp_path, PLANES))

    assert settle(study, in_order=False) is study
