"""An enhanced multi-frame image is the same volume as the single images it replaces."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from highdicom.legacy import LegacyConvertedEnhancedCTImage
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import Dataset, dcmread
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    LegacyConvertedEnhancedCTImageStorage,
    MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    RLELossless,
)

from models.contract import Volume
from models.volume.duplicates import settle
from models.volume.frames import frame_header
from models.volume.series import read_study
from tests.dicom_series import uid, write_series
from tests.enhanced_series import Told, write_enhanced
from tests.models.volume.oblique import ARRAY, SHAPE, only, single_images, volume_of


def require_same(volume: Volume, wanted: Volume) -> None:
    """Compare two volumes to the bit, and what their headers say of them."""
    assert volume.array.dtype == wanted.array.dtype
    assert np.array_equal(volume.array, wanted.array)
    assert np.array_equal(volume.affine, wanted.affine)
    assert (volume.units, volume.flags) == (wanted.units, wanted.flags)
    ours = {k: v for k, v in volume.series.tags.items() if k != "SOPClassUID"}
    theirs = {k: v for k, v in wanted.series.tags.items() if k != "SOPClassUID"}
    assert ours == theirs


@pytest.mark.parametrize(
    "transfer_syntax",
    [
        "1.2.840.10008.1.2.1",
        ImplicitVRLittleEndian,
        ExplicitVRBigEndian,
        DeflatedExplicitVRLittleEndian,
        RLELossless,
        JPEGLSLossless,
        JPEG2000Lossless,
    ],
)
def test_the_volume_is_that_of_the_single_images_to_the_bit(
    tmp_path: Path, transfer_syntax: str
) -> None:
    """However the frames are stored, and in whatever order they lie in the file."""
    paths = single_images(tmp_path / "single")
    sources = paths
    if transfer_syntax == ExplicitVRBigEndian:  # pydicom does not turn it round
        sources = single_images(tmp_path / "big", transfer_syntax=transfer_syntax)

    image = write_enhanced(
        [sources[index] for index in (3, 0, 4, 1, 2)],
        tmp_path / "enhanced.dcm",
        transfer_syntax=transfer_syntax,
    )

    volume = volume_of(image)
    require_same(volume, volume_of(*paths))
    assert [each.frame for each in volume.series.instances] == [2, 4, 5, 1, 3]
    assert {each.path for each in volume.series.instances} == {image}


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    order=st.permutations(range(SHAPE[0])),
    rescales=st.lists(
        st.tuples(st.sampled_from(["1", "0.5", "2"]), st.integers(-2000, 100)),
        min_size=SHAPE[0],
        max_size=SHAPE[0],
    ),
    per_frame=st.sampled_from([(), ("PixelMeasuresSequence", "CTXRayDetailsSequence")]),
    cut=st.integers(0, SHAPE[0]),
)
def test_order_rescale_and_concatenation_change_nothing(
    tmp_path: Path,
    order: list[int],
    rescales: list[tuple[str, int]],
    per_frame: tuple[str, ...],
    cut: int,
) -> None:
    """A rescale of its own for every frame, and a series cut into two images."""
    paths = single_images(tmp_path / "single")
    for path, (slope, intercept) in zip(paths, rescales, strict=True):
        dataset = dcmread(path)
        dataset.RescaleSlope, dataset.RescaleIntercept = slope, str(intercept)
        dataset.save_as(path)
    told, parts = Told(per_frame), (order[:cut], order[cut:])

    images = [
        write_enhanced([paths[i] for i in part], tmp_path / f"{n}.dcm", told=told)
        for n, part in enumerate(parts)
        if part
    ]

    require_same(volume_of(*images), volume_of(*paths))


@pytest.mark.parametrize(
    ("modality", "sop_class"),
    [("CT", LegacyConvertedEnhancedCTImageStorage), ("MR", "")],
)
def test_legacy_converted_ct_and_enhanced_mr_are_read_alike(
    tmp_path: Path, modality: str, sop_class: str
) -> None:
    """The groups are the same."""
    paths = write_series(tmp_path / "single", ARRAY, modality=modality)

    image = write_enhanced(paths, tmp_path / "enhanced.dcm", sop_class=sop_class)

    require_same(volume_of(image), volume_of(*paths))


def test_what_has_no_group_in_a_converted_image_is_found(tmp_path: Path) -> None:
    """The kernel of a converted image stands among what nobody could assign."""
    paths = single_images(tmp_path / "single", ConvolutionKernel=None)
    kernel = Dataset()
    kernel.ConvolutionKernel = "B70f"
    image = dcmread(write_enhanced(paths, tmp_path / "enhanced.dcm"))
    shared = image.SharedFunctionalGroupsSequence[0]
    shared.UnassignedSharedConvertedAttributesSequence = Sequence([kernel])
    image.save_as(tmp_path / "enhanced.dcm")

    series = only(read_study([tmp_path / "enhanced.dcm"]))

    assert series.tags["ConvolutionKernel"] == "B70f"


def content(**said: Any) -> Told:
    """Have each frame say this in its Frame Content, by the index of the frame."""

    def change(groups: Dataset, index: int) -> None:
        item = Dataset()
        for keyword, values in said.items():
            setattr(item, keyword, values[index % len(values)])
        groups.FrameContentSequence = Sequence([item])

    return Told(change=change)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"StackID": ["1", "2"]}, "2 stacks by StackID"),
        ({"TemporalPositionIndex": [1, 2]}, "2 time points by TemporalPositionIndex"),
    ],
)
@pytest.mark.parametrize("twice", [True, False])
def test_several_stacks_and_time_points_are_refused_by_name(
    tmp_path: Path, said: dict[str, Any], words: str, twice: bool
) -> None:
    """At the same places, and where together they would form one grid."""
    paths = single_images(tmp_path / "single")
    frames = [path for path in paths for _ in range(1 + twice)]

    image = write_enhanced(frames, tmp_path / "enhanced.dcm", told=content(**said))

    series = only(read_study([image]))
    assert series.geometry_problem == "several_acquisitions"
    assert words in series.geometry_detail


def test_two_tube_voltages_are_refused_by_name(tmp_path: Path) -> None:
    """Half the slices of one energy and half of another are no scan."""
    low = single_images(tmp_path / "low", KVP="80")
    high = single_images(tmp_path / "high", KVP="140")

    image = write_enhanced([*low[:3], *high[3:]], tmp_path / "enhanced.dcm")

    series = only(read_study([image]))
    assert series.geometry_problem == "several_acquisitions"
    assert "2 tube voltages by KVP" in series.geometry_detail


def test_a_frame_that_is_missing_is_a_gap(tmp_path: Path) -> None:
    """Frames have to form a regular grid, as slices have."""
    paths = single_images(tmp_path / "single")

    image = write_enhanced([*paths[:2], *paths[3:]], tmp_path / "enhanced.dcm")

    assert only(read_study([image])).geometry_problem == "slice_gap"


@pytest.mark.parametrize(
    "tags",
    [
        {"NumberOfFrames": "6"},
        {"NumberOfFrames": "1000000000"},
        {"PerFrameFunctionalGroupsSequence": []},
        {"SOPClassUID": MultiFrameGrayscaleWordSecondaryCaptureImageStorage},
    ],
)
def test_frames_of_which_nobody_tells_are_refused_by_name(
    tmp_path: Path, tags: dict[str, Any]
) -> None:
    """Another count than there are groups, no groups, an image of another class."""
    paths = single_images(tmp_path / "single")
    image = write_enhanced(paths, tmp_path / "enhanced.dcm", **tags)

    series = only(read_study([image]))

    assert series.geometry_problem == "multi_frame_unsupported"
    assert len(series.instances) == 1


def test_an_image_of_one_frame_is_one_slice(tmp_path: Path) -> None:
    """An enhanced image may hold a single frame; it is no volume by itself."""
    (first, *_) = single_images(tmp_path / "single")

    series = only(read_study([write_enhanced([first], tmp_path / "enhanced.dcm")]))

    assert series.geometry_problem == "single_slice"


def test_two_copies_of_an_image_are_settled_as_one(tmp_path: Path) -> None:
    """Another encoding of the same frames is ignored, and no frame doubles."""
    paths = single_images(tmp_path / "single")
    first = write_enhanced(paths, tmp_path / "first.dcm")
    again = write_enhanced(
        paths, tmp_path / "again.dcm", transfer_syntax=JPEGLSLossless
    )

    study = settle(read_study([first, again]), in_order=True)

    instances = only(study).instances
    assert [each.frame for each in instances] == [1, 2, 3, 4, 5]
    assert {each.path for each in instances} == {first}


def test_the_header_of_a_slice_speaks_as_a_single_image(tmp_path: Path) -> None:
    """Its place is at the top; what the image says for all frames is there too."""
    paths = single_images(tmp_path / "single")
    study = read_study([write_enhanced(paths, tmp_path / "enhanced.dcm")])

    for path, instance in zip(paths, only(study).instances, strict=True):
        header, single = study.header(instance), dcmread(path)
        assert header.ImagePositionPatient == single.ImagePositionPatient
        assert header.PixelSpacing == single.PixelSpacing
        assert header.PatientName == single.PatientName
        assert "NumberOfFrames" not in header
        assert "SharedFunctionalGroupsSequence" not in header


def test_the_header_of_an_image_is_its_own(tmp_path: Path) -> None:
    """Nothing is copied for a series of single images; a frame too many is none."""
    (first, *_) = single_images(tmp_path)
    study = read_study([first])
    instance = only(study).instances[0]

    assert study.header(instance) is study.datasets[instance.sop_instance_uid]
    with pytest.raises(IndexError):
        study.header(replace(instance, frame=1))
    with pytest.raises(IndexError):
        frame_header(dcmread(first), 1)


def test_what_another_program_converted_is_the_same_volume(tmp_path: Path) -> None:
    """Highdicom puts the same images into a Legacy Converted Enhanced CT image."""
    paths = single_images(tmp_path / "single")
    plain = only(read_study(paths))
    converted = LegacyConvertedEnhancedCTImage(
        [dcmread(path) for path in reversed(paths)],
        series_instance_uid=plain.series_instance_uid,
        series_number=1,
        sop_instance_uid=uid("converted"),
        instance_number=1,
    )
    converted.save_as(tmp_path / "converted.dcm")

    volume, wanted = volume_of(tmp_path / "converted.dcm"), volume_of(*paths)

    assert np.array_equal(volume.array, wanted.array)
    assert np.array_equal(volume.affine, wanted.affine)
    for keyword in ("ConvolutionKernel", "KVP", "SliceThickness", "RescaleIntercept"):
        assert volume.series.tags[keyword] == wanted.series.tags[keyword]
