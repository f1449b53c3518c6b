"""A DICOM series becomes a volume."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from pydicom import dcmread
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from models.contract import SeriesInfo, Volume
from models.volume.series import SeriesError, load_volume, read_study
from tests.dicom_series import write_series

SYNTAXES = [
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
    RLELossless,
    JPEGLSLossless,
    JPEG2000Lossless,
]
OBLIQUE = (0.8, 0.6, 0.0, -0.48, 0.64, -0.6)


def build_array(dtype: npt.DTypeLike = np.int16) -> npt.NDArray[Any]:
    """Return (5, 33, 40) values, negative ones too where the type has them."""
    values = np.arange(5 * 33 * 40).reshape(5, 33, 40) % 251
    lowest = -100 if np.dtype(dtype).kind == "i" else 0
    return (values + lowest).astype(dtype)


def load(folder: Path, array: npt.NDArray[Any], **options: Any) -> Volume:
    """Write a series, read it back as the only one of its study, and load it."""
    return load_volume(series_of(folder, array, **options))


def series_of(folder: Path, array: npt.NDArray[Any], **options: Any) -> SeriesInfo:
    """Write a series and return its headers."""
    paths = write_series(folder, array, shuffle_names=True, **options)
    (series,) = read_study(sorted(paths)).series
    return series


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16])
@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda uid: uid.name)
def test_what_was_written_is_read(tmp_path: Path, syntax: str, dtype: Any) -> None:
    """Voxel for voxel, in slice order, whatever the encoding."""
    array = build_array(dtype)

    volume = load(tmp_path, array, transfer_syntax=syntax)

    assert volume.array.dtype == np.dtype(dtype)
    assert np.array_equal(volume.array, array)
    assert volume.units == "arbitrary"


def test_a_voxel_lies_where_dicom_puts_it(tmp_path: Path) -> None:
    """Position + h x row spacing x column direction + w x column spacing x row."""
    volume = load(
        tmp_path,
        build_array(),
        spacing_mm=(3.0, 0.5, 0.25),
        orientation=OBLIQUE,
        origin_mm=(10.0, -20.0, 5.0),
    )

    d, h, w = 4, 7, 11
    dataset = dcmread(volume.series.instances[d].path)
    row = np.array(dataset.ImageOrientationPatient[:3], dtype=float)
    column = np.array(dataset.ImageOrientationPatient[3:], dtype=float)
    expected = (
        np.array(dataset.ImagePositionPatient, dtype=float)
        + h * float(dataset.PixelSpacing[0]) * column
        + w * float(dataset.PixelSpacing[1]) * row
    )
    assert (volume.affine @ (d, h, w, 1))[:3] == pytest.approx(expected, abs=1e-6)
    assert volume.array[d, h, w] == dataset.pixel_array[h, w]
    assert volume.spacing_mm == pytest.approx((3.0, 0.5, 0.25))


@pytest.mark.parametrize("threads", [1, 4])
def test_the_number_of_threads_changes_nothing(tmp_path: Path, threads: int) -> None:
    """Each slice is filled by itself."""
    series = series_of(tmp_path, build_array())

    assert np.array_equal(load_volume(series, threads).array, build_array())


class TestUnits:
    """Numbers carry the unit that the headers prove."""

    def test_a_rescaled_ct_is_in_hounsfield_units(self, tmp_path: Path) -> None:
        """Stored values times slope plus intercept, as float32."""
        array = build_array(np.uint16)

        volume = load(
            tmp_path, array, modality="CT", RescaleSlope="2", RescaleIntercept="-1024"
        )

        assert volume.units == "HU"
        assert volume.array.dtype == np.float32
        assert np.array_equal(volume.array, array.astype(np.float32) * 2 - 1024)

    def test_a_ct_stored_in_hounsfield_units_is_float_too(self, tmp_path: Path) -> None:
        """Every CT in HU has one type, also where the rescale changes nothing."""
        volume = load(tmp_path, build_array(), modality="CT")

        assert volume.units == "HU"
        assert volume.array.dtype == np.float32
        assert np.array_equal(volume.array, build_array())

    def test_a_ct_without_rescale_is_arbitrary(self, tmp_path: Path) -> None:
        """No guessing: a model that needs HU can refuse it."""
        volume = load(
            tmp_path,
            build_array(),
            modality="CT",
            RescaleSlope=None,
            RescaleIntercept=None,
        )

        assert volume.units == "arbitrary"

    def test_a_rescaled_mr_is_arbitrary_and_float(self, tmp_path: Path) -> None:
        """Some scanners scale their MR images."""
        volume = load(tmp_path, build_array(), RescaleSlope="0.5", RescaleIntercept="3")

        assert volume.units == "arbitrary"
        assert volume.array.dtype == np.float32
        assert np.array_equal(volume.array, build_array() * np.float32(0.5) + 3)

    def test_each_slice_has_its_own_rescale(self, tmp_path: Path) -> None:
        """As PET and some MR store them."""
        paths = write_series(
            tmp_path, build_array(), RescaleSlope="2", RescaleIntercept="0"
        )
        dataset = dcmread(paths[1])
        dataset.RescaleSlope = "3"
        dataset.save_as(paths[1])
        (series,) = read_study(paths).series

        array = load_volume(series).array

        factors = np.array([2, 3, 2, 2, 2]).reshape(5, 1, 1)
        assert np.array_equal(array, build_array() * factors)

    def test_stored_bits_are_trimmed(self, tmp_path: Path) -> None:
        """Twelve signed bits in sixteen, without sign extension."""
        array = build_array()

        volume = load(tmp_path, array & 0x0FFF, BitsStored=12, HighBit=11)

        assert np.array_equal(volume.array, array)


class TestNominalGeometry:
    """Invented positions are flagged, and cap nothing."""

    def test_a_cropped_series_is_flagged(self, tmp_path: Path) -> None:
        """No rotation, 1 mm, origin (0, 0, n)."""
        volume = load(tmp_path, build_array(), origin_mm=(0.0, 0.0, 1.0))

        assert [flag.code for flag in volume.flags] == ["nominal_geometry"]
        assert volume.flags[0].caps_grade == "A"

    def test_a_scanned_series_is_not(self, tmp_path: Path) -> None:
        """A real place in the scanner."""
        assert load(tmp_path, build_array(), origin_mm=(-90.0, -126.0, 3.0)).flags == ()


class TestRefusals:
    """What cannot become a volume says why, and names nobody."""

    def test_an_irregular_series_keeps_its_reason(self, tmp_path: Path) -> None:
        """The geometry problem of the headers is the reason of the error."""
        paths = write_series(tmp_path, build_array())
        (series,) = read_study([*paths[:2], *paths[3:]]).series

        with pytest.raises(SeriesError) as caught:
            load_volume(series)

        assert caught.value.reason == "slice_gap"

    def test_a_series_that_lost_a_slice_is_proven_again(self, tmp_path: Path) -> None:
        """The claim of a SeriesInfo is not believed: its instances are measured."""
        series = series_of(tmp_path, build_array())
        shorter = replace(series, instances=series.instances[:1] + series.instances[2:])

        with pytest.raises(SeriesError) as caught:
            load_volume(shorter)

        assert caught.value.reason == "slice_gap"

    def test_instances_out_of_order_are_refused(self, tmp_path: Path) -> None:
        """Pixels in one order under an affine of another would be a silent flip."""
        series = series_of(tmp_path, build_array())

        with pytest.raises(SeriesError) as caught:
            load_volume(replace(series, instances=series.instances[::-1]))

        assert caught.value.reason == "not_in_slice_order"

    @pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLELossless])
    def test_more_voxels_than_anybody_scans_are_refused(
        self, tmp_path: Path, syntax: str
    ) -> None:
        """By what the headers claim, before any memory is taken for it."""
        series = series_of(tmp_path, build_array(), transfer_syntax=syntax)
        series = replace(series, rows=65535, columns=65535)

        with pytest.raises(SeriesError) as caught:
            load_volume(series)

        assert caught.value.reason == "pixels_too_large"

    def test_a_damaged_slice_spoils_the_volume(self, tmp_path: Path) -> None:
        """A codec that fails is one line without a path."""
        series = series_of(tmp_path, build_array(), transfer_syntax=RLELossless)
        path = series.instances[2].path
        path.write_bytes(path.read_bytes()[:-900])

        with pytest.raises(SeriesError) as caught:
            load_volume(series)

        assert caught.value.reason == "pixels_damaged"
        assert str(tmp_path) not in str(caught.value)


@pytest.mark.data
@pytest.mark.parametrize(
    ("study", "shape"), [("Study1", (32, 51, 35)), ("Study3", (40, 50, 34))]
)
def test_every_slice_of_a_real_study_is_as_pydicom_reads_it(
    shared_data: Path, study: str, shape: tuple[int, int, int]
) -> None:
    """Direct reads against the decoder, for all five series; the crop is nominal."""
    files = sorted((shared_data / "mr_studies" / study).rglob("*.dcm"))

    volumes = [load_volume(series, threads=2) for series in read_study(files).series]

    for volume in volumes:
        for plane, instance in zip(volume.array, volume.series.instances, strict=True):
            assert np.array_equal(plane, dcmread(instance.path).pixel_array)
    nominal = [volume for volume in volumes if volume.flags]
    assert [volume.series.series_description for volume in nominal] == ["HippoCrop"]
    assert nominal[0].shape == shape
