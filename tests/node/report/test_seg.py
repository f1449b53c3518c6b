"""The Segmentation, read again and compared with the findings voxel by voxel."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
import numpy.typing as npt
import pytest
from pydicom import Dataset, dcmread

from models.contract import Findings
from models.volume.series import NOMINAL_GEOMETRY
from node.config_reading import ReportSettings
from node.report.provenance import device_uid
from node.report.seg import NOMINAL
from tests.node.report.dciodvfy import errors
from tests.node.report.inputs import BACK, FRONT, LEFT, Case, build_case

SIZES = [(8, 51, 35), (8, 50, 34), (5, 24, 16), (4, 13, 24), (6, 9, 8), (3, 16, 20)]
"""``(D, H, W)``, with the sizes of real crops, whole bytes and broken ones."""


def reread(dataset: Dataset) -> Dataset:
    """Write a data set to bytes and parse them."""
    stream = BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    stream.seek(0)
    return dcmread(stream)


def masks(seg: Dataset, case: Case) -> npt.NDArray[np.bool_]:
    """Return ``(segment, D, H, W)``, placed by the references of each frame."""
    order = [i.sop_instance_uid for i in case.volume.series.instances]
    frames = hd.seg.Segmentation.from_dataset(seg).get_stored_frames()
    result = np.zeros((len(seg.SegmentSequence), *case.volume.shape), bool)
    for frame, groups in zip(frames, seg.PerFrameFunctionalGroupsSequence, strict=True):
        source = groups.DerivationImageSequence[0].SourceImageSequence[0]
        number = groups.SegmentIdentificationSequence[0].ReferencedSegmentNumber
        place = order.index(source.ReferencedSOPInstanceUID)
        result[number - 1, place] = frame > 0
    return result


@pytest.mark.parametrize("shape", SIZES)
@pytest.mark.parametrize("setting", ["auto", "binary", "fractional"])
def test_every_voxel_comes_back(
    folder: Path, shape: tuple[int, int, int], setting: Any
) -> None:
    """Whatever the matrix, the masks read from the file are those of the findings."""
    case = build_case(folder, shape, settings=ReportSettings(seg=setting))
    seg = reread(case.compose()["SEG"].dataset)
    found = masks(seg, case)

    for index, structure in enumerate((FRONT, BACK)):
        assert np.array_equal(found[index], case.findings.label_map == structure.labels)


@pytest.mark.parametrize("shape", SIZES)
def test_packed_bits_are_used_only_where_rows_fill_bytes(
    folder: Path, shape: tuple[int, int, int]
) -> None:
    """Viewers misread the other sizes."""
    seg = build_case(folder, shape).compose()["SEG"].dataset

    if shape[2] % 8 == 0:
        assert seg.SegmentationType == "BINARY"
        assert seg.BitsAllocated == 1
    else:
        assert seg.SegmentationType == "FRACTIONAL"
        assert seg.SegmentationFractionalType == "PROBABILITY"
        assert seg.MaximumFractionalValue == 255
        assert set(np.unique(np.frombuffer(seg.PixelData, np.uint8))) <= {0, 255}


def test_a_label_map_is_written_when_asked_for(folder: Path) -> None:
    """Segment numbers, not the labels of the model."""
    case = build_case(folder, settings=ReportSettings(seg="labelmap"))
    seg = reread(case.compose()["SEG"].dataset)
    frames = hd.seg.Segmentation.from_dataset(seg).get_stored_frames()
    expected = np.choose(np.searchsorted([0, 3, 7], case.findings.label_map), [0, 2, 1])

    assert seg.SegmentationType == "LABELMAP"
    assert np.array_equal(np.squeeze(frames), expected)


def test_no_frame_is_left_out(case: Case) -> None:
    """Empty slices are there, so that OHIF leaves no gap inside a segment."""
    seg = case.compose()["SEG"].dataset

    assert seg.NumberOfFrames == 2 * case.volume.shape[0]


def test_frames_lie_where_the_source_slices_lie(case: Case) -> None:
    """Position, orientation, spacing and frame of reference are the source's."""
    seg = case.compose()["SEG"].dataset
    headers = {h.SOPInstanceUID: h for h in case.prepare().headers}
    shared = seg.SharedFunctionalGroupsSequence[0]

    assert seg.FrameOfReferenceUID == case.volume.series.frame_of_reference_uid
    assert shared.PixelMeasuresSequence[0].PixelSpacing == [1.0, 0.8]
    orientation = shared.PlaneOrientationSequence[0].ImageOrientationPatient
    assert tuple(orientation) == case.volume.series.orientation
    for groups in seg.PerFrameFunctionalGroupsSequence:
        source = groups.DerivationImageSequence[0].SourceImageSequence[0]
        position = groups.PlanePositionSequence[0].ImagePositionPatient
        expected = headers[source.ReferencedSOPInstanceUID].ImagePositionPatient
        assert list(position) == list(expected)


def test_segments_say_what_they_are(case: Case) -> None:
    """Category, type, modifier, algorithm, tracking, colour."""
    seg = case.compose()["SEG"].dataset
    first, second = seg.SegmentSequence
    algorithm = first.SegmentationAlgorithmIdentificationSequence[0]

    assert [first.SegmentLabel, second.SegmentLabel] == ["Front part", "Back part"]
    assert first.SegmentedPropertyCategoryCodeSequence[0].CodeValue == "91723000"
    kind = first.SegmentedPropertyTypeCodeSequence[0]
    assert kind.CodeValue == "5366008"
    modifier = kind.SegmentedPropertyTypeModifierCodeSequence[0]
    assert modifier.CodeValue == "255549009"
    assert first.SegmentAlgorithmType == "AUTOMATIC"
    assert algorithm.AlgorithmName == "ellipsoids"
    assert algorithm.AlgorithmVersion == "1.2.0"
    assert algorithm.AlgorithmFamilyCodeSequence[0].CodeValue == "123110"
    assert first.TrackingID == "Front part"
    assert first.TrackingUID != second.TrackingUID
    colour = hd.color.CIELabColor.from_rgb(*FRONT.colour)
    assert first.RecommendedDisplayCIELabValue == list(colour.value)


def test_a_known_side_is_coded_and_an_unknown_one_is_not(case: Case) -> None:
    """Laterality only when proven or declared."""
    left = replace(FRONT, laterality=LEFT)
    structures = (left, *case.findings.structures[1:])
    case = replace(case, findings=replace(case.findings, structures=structures))
    first, second = case.compose()["SEG"].dataset.SegmentSequence

    region = first.AnatomicRegionSequence[0]
    assert region.AnatomicRegionModifierSequence[0].CodeValue == LEFT.value
    assert "AnatomicRegionModifierSequence" not in second.AnatomicRegionSequence[0]


def test_nominal_geometry_is_named_in_every_segment(case: Case) -> None:
    """Who opens the file without the SR sees it too."""
    flags = (NOMINAL_GEOMETRY,)
    nominal = replace(case, findings=replace(case.findings, flags=flags))

    for segment in nominal.compose()["SEG"].dataset.SegmentSequence:
        assert segment.SegmentDescription == NOMINAL
    for segment in case.compose()["SEG"].dataset.SegmentSequence:
        assert "SegmentDescription" not in segment


def test_nothing_found_is_an_empty_segmentation(case: Case, tmp_path: Path) -> None:
    """A negative finding is explicit, never an absence."""
    empty = _nothing(case.findings)
    seg = replace(case, findings=empty).compose()["SEG"].dataset

    assert not masks(reread(seg), case).any()
    assert errors(seg, tmp_path) == []


def test_the_device_is_named(case: Case) -> None:
    """Equipment with the Device UID of the weights."""
    (item,) = case.compose()["SEG"].dataset.ContributingEquipmentSequence

    assert item.DeviceUID == device_uid(case.bundle.weights_digest)


def _nothing(findings: Findings) -> Findings:
    measurements = tuple(replace(m, value=0.0) for m in findings.measurements)
    return replace(
        findings,
        label_map=np.zeros_like(findings.label_map),
        measurements=measurements,
    )
