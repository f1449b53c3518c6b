"""Stored bits become numbers."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.contract import Instance
from models.volume.headers import read_header
from models.volume.pixels import PixelFormat, SeriesError, read_formats, read_plane
from tests.dicom_series import write_series
from tests.models.volume.contents import overlong

GREY = {
    "PhotometricInterpretation": "MONOCHROME2",
    "BitsAllocated": "16",
    "PixelRepresentation": "0",
}


def build_format(**tags: str) -> PixelFormat:
    """Return a 16 bit unsigned format, with changes."""
    return PixelFormat.of(GREY | tags)


def instance_of(path: Path) -> Instance:
    """Return the instance that the header pass makes of a file."""
    return Instance("1", "1", path, pixel_offset=read_header(path).pixel_offset)


def format_of(path: Path) -> PixelFormat:
    """Return the pixel format of a file of one slice."""
    (pixel_format,) = read_formats(path, [None])
    return pixel_format


class TestFormat:
    """What header values mean together."""

    @pytest.mark.parametrize(
        ("bits", "signed", "dtype"),
        [("8", "0", "u1"), ("16", "0", "<u2"), ("16", "1", "<i2"), ("32", "1", "<i4")],
    )
    def test_bits_and_sign_give_the_type(
        self, bits: str, signed: str, dtype: str
    ) -> None:
        """Native pixels are little endian."""
        pixel_format = build_format(BitsAllocated=bits, PixelRepresentation=signed)

        assert pixel_format.dtype == np.dtype(dtype)

    @pytest.mark.parametrize(
        "tags",
        [
            {"PhotometricInterpretation": "RGB"},
            {"PhotometricInterpretation": ""},
            {"BitsAllocated": "1"},
            {"BitsAllocated": "64"},
            {"BitsAllocated": "none"},
            {"BitsStored": "17"},
            {"BitsStored": "12", "HighBit": "10"},
            {"BitsStored": "12", "HighBit": "16"},
            {"BitsStored": "0"},
            {"PixelRepresentation": ""},
            {"RescaleSlope": "steep", "RescaleIntercept": "0"},
        ],
    )
    def test_what_is_not_read_is_refused(self, tags: dict[str, str]) -> None:
        """Colour, odd depths and contradictions, by one name."""
        with pytest.raises(SeriesError) as caught:
            build_format(**tags)

        assert caught.value.reason == "pixels_unsupported"

    @pytest.mark.parametrize(
        ("tags", "hounsfield"),
        [
            ({}, False),
            ({"RescaleSlope": "1"}, False),
            ({"RescaleSlope": "1", "RescaleIntercept": "-1024"}, True),
            (
                {"RescaleSlope": "1", "RescaleIntercept": "0", "RescaleType": "HU"},
                True,
            ),
            (
                {"RescaleSlope": "1", "RescaleIntercept": "0", "RescaleType": "US"},
                False,
            ),
        ],
    )
    def test_hounsfield_units_need_a_rescale_that_says_so(
        self, tags: dict[str, str], hounsfield: bool
    ) -> None:
        """Without one the numbers are arbitrary, not HU."""
        assert build_format(**tags).hounsfield is hounsfield

    @pytest.mark.parametrize(
        ("tags", "cleared"),
        [
            ({"PixelPaddingValue": "63536"}, [False, False, True]),
            ({"PixelPaddingValue": "-2000"}, [False, False, True]),  # as a VR of SS
            (
                {"PixelPaddingValue": "60000", "PixelPaddingRangeLimit": "65535"},
                [False, False, True],
            ),
            ({"PixelPaddingValue": "1064"}, [False, False, False]),  # 40 HU: tissue
            ({"PixelPaddingValue": "0"}, [False, False, False]),  # is air already
            ({"PixelPaddingValue": "a lot"}, [False, False, False]),
            ({}, [False, False, False]),
        ],
    )
    def test_padding_brighter_than_tissue_is_air(
        self, tags: dict[str, str], cleared: list[bool]
    ) -> None:
        """63536 beyond the field of view is no metal; what may be tissue stays."""
        pixel_format = build_format(RescaleSlope="1", RescaleIntercept="-1024", **tags)
        plane = np.array([[0, 1064, 63536]], np.uint16)
        out = np.empty(plane.shape, np.float32)
        pixel_format.rescale(plane, out)
        before = out.copy()

        pixel_format.clear_padding(plane, out)

        expected = np.where(cleared, np.float32(-1024), before[0])
        assert out[0].tolist() == expected.tolist()

    def test_an_identity_rescale_changes_nothing(self) -> None:
        """Slope 1 and intercept 0 leave the integers alone."""
        tags = {"RescaleSlope": "1.0", "RescaleIntercept": "0"}

        assert not build_format(**tags).rescales
        assert build_format(**tags | {"RescaleSlope": "2"}).rescales


class TestTrim:
    """Only the stored bits count."""

    @given(
        values=st.lists(st.integers(-(1 << 11), (1 << 11) - 1), min_size=1, max_size=9),
        dirt=st.integers(0, 15),
        shift=st.integers(0, 4),
    )
    def test_twelve_signed_bits_anywhere_in_sixteen(
        self, values: list[int], dirt: int, shift: int
    ) -> None:
        """Whatever lies above or below them, old overlays for example."""
        word = (np.array(values) & 0xFFF) << shift
        word |= (dirt << (12 + shift)) & 0xFFFF
        word |= dirt & ((1 << shift) - 1)
        plane = word.astype(np.uint16).view(np.int16)

        build_format(
            BitsStored="12", HighBit=str(11 + shift), PixelRepresentation="1"
        ).trim(plane)

        assert plane.tolist() == values

    def test_unsigned_values_lose_what_lies_above(self) -> None:
        """A 12 bit image with an overlay in bit 12."""
        plane = np.array([0x1FFF, 0x0001], dtype=np.uint16)

        build_format(BitsStored="12").trim(plane)

        assert plane.tolist() == [0x0FFF, 1]

    def test_clean_values_stay(self) -> None:
        """Sign-extended values of fewer bits are right as they are."""
        plane = np.array([-2048, 2047], dtype=np.int16)

        build_format(BitsStored="12", PixelRepresentation="1").trim(plane)

        assert plane.tolist() == [-2048, 2047]


class TestReadPlane:
    """Pixels are read whole or refused."""

    def plane(self) -> npt.NDArray[np.int16]:
        """Return one image of 5 x 7 pixels."""
        return np.arange(35, dtype=np.int16).reshape(1, 5, 7)

    def test_a_plane_is_read_from_its_offset(self, tmp_path: Path) -> None:
        """The values of the file, in its matrix."""
        (path,) = write_series(tmp_path, self.plane())

        read = read_plane(instance_of(path), format_of(path), 5, 7)

        assert np.array_equal(read, self.plane()[0])

    def test_a_file_that_ends_in_its_pixels_is_damaged(self, tmp_path: Path) -> None:
        """Half an image must not become a black lower half."""
        (path,) = write_series(tmp_path, self.plane())
        instance, pixel_format = instance_of(path), format_of(path)
        path.write_bytes(path.read_bytes()[:-10])

        with pytest.raises(SeriesError) as caught:
            read_plane(instance, pixel_format, 5, 7)

        assert caught.value.reason == "pixels_damaged"

    def test_pixel_data_shorter_than_the_matrix_is_damaged(
        self, tmp_path: Path
    ) -> None:
        """The element's own length counts, not what happens to follow it."""
        (path,) = write_series(tmp_path, self.plane(), PixelData=b"\0" * 60)
        path.write_bytes(path.read_bytes() + b"\0" * 100)

        with pytest.raises(SeriesError) as caught:
            read_plane(instance_of(path), format_of(path), 5, 7)

        assert caught.value.reason == "pixels_damaged"

    def test_bytes_that_make_a_decoder_panic_are_damaged(self, tmp_path: Path) -> None:
        """What it raises is no ``Exception``, and would end the worker."""
        path = overlong(tmp_path / "image.dcm")

        with pytest.raises(SeriesError) as caught:
            read_plane(instance_of(path), format_of(path), 32, 32)

        assert caught.value.reason == "pixels_damaged"

    def test_a_file_that_went_away_is_missing(self, tmp_path: Path) -> None:
        """Retention may delete while a job waits."""
        (path,) = write_series(tmp_path, self.plane())
        instance, pixel_format = instance_of(path), format_of(path)
        path.unlink()

        with pytest.raises(SeriesError) as caught:
            read_plane(instance, pixel_format, 5, 7)

        assert caught.value.reason == "file_missing"
        assert str(tmp_path) not in str(caught.value)


def test_a_series_error_crosses_processes() -> None:
    """A worker's reason reaches the main process."""
    error = pickle.loads(pickle.dumps(SeriesError("slice_gap", "2 mm")))  # noqa: S301

    assert (error.reason, str(error)) == ("slice_gap", "2 mm")
