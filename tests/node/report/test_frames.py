"""Objects made from an enhanced image refer to it, and to its frames by number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import highdicom as hd
import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import EnhancedCTImageStorage

from models.volume.frames import SOP_CLASSES
from node.config_reading import ReportSettings
from node.report.frames import SINGLE_IMAGE, frames_of
from node.report.identity import input_digest
from node.report.shown import shown_slices
from node.report.sop import ReportObject
from tests.dicom_series import write_series
from tests.enhanced_series import write_enhanced
from tests.node.report.dciodvfy import errors
from tests.node.report.inputs import Case, build_case

ORDER = (4, 0, 7, 2, 6, 1, 3, 5)
"""Frames lie in the file in another order than the slices in the patient."""

SHAPE = (8, 32, 40)


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Return a study of one Enhanced CT image."""
    folder = tmp_path_factory.mktemp("frames")
    array = np.zeros(SHAPE, np.int16) + np.arange(8, dtype=np.int16)[:, None, None]
    array[2:6, 8:24, 8:24] = 200
    paths = write_series(
        folder / "single", array, modality="CT", spacing_mm=(2.5, 0.75, 0.5)
    )
    write_enhanced([paths[i] for i in ORDER], folder / "enhanced" / "image.dcm")
    return build_case(folder / "enhanced", settings=ReportSettings(pdf=True))


@pytest.fixture(scope="module")
def objects(case: Case) -> dict[str, ReportObject]:
    """Return what is made from it, by kind."""
    return case.compose()


def sequences(dataset: Dataset) -> Iterator[tuple[Dataset, str, list[Dataset]]]:
    """Yield every sequence of a data set at any depth: holder, keyword, items."""
    for element in dataset:
        if element.VR == "SQ":
            yield dataset, element.keyword, list(element.value)
            for item in element.value:
                yield from sequences(item)


def references(made: ReportObject, case: Case) -> Iterator[tuple[str, list[Dataset]]]:
    """Yield the sequences of an object in which the source image is referred to."""
    image = case.volume.series.instances[0].sop_instance_uid
    for _, keyword, items in sequences(made.dataset):
        named = [i for i in items if i.get("ReferencedSOPInstanceUID") == image]
        if named:
            yield keyword, named


@pytest.mark.parametrize("kind", ["SEG", "SR", "SC", "PDF"])
def test_objects_are_clean_and_name_no_stand_in(
    objects: dict[str, ReportObject], case: Case, kind: str, tmp_path: Path
) -> None:
    """Nobody could find an image under a UID that only we know."""
    made = objects[kind]

    assert errors(made.dataset, tmp_path) == []
    written = str(made.dataset)
    assert not [uid for uid in frames_of(case.volume.series) if uid in written]
    for _, items in references(made, case):
        assert {i.ReferencedSOPClassUID for i in items} == {EnhancedCTImageStorage}


def test_each_frame_of_the_segmentation_lies_where_its_source_frame_lies(
    objects: dict[str, ReportObject], case: Case
) -> None:
    """By number and by place; a reader finds the mask of a frame by its number."""
    made = objects["SEG"].dataset
    image = dcmread(case.volume.series.instances[0].path)
    for groups in made.PerFrameFunctionalGroupsSequence:
        (source,) = groups.DerivationImageSequence[0].SourceImageSequence
        frame = image.PerFrameFunctionalGroupsSequence[source.ReferencedFrameNumber - 1]
        place = groups.PlanePositionSequence[0].ImagePositionPatient
        assert place == frame.PlanePositionSequence[0].ImagePositionPatient

    seg = hd.seg.Segmentation.from_dataset(made)
    masks = seg.get_pixels_by_source_frame(
        image.SOPInstanceUID,
        list(range(1, len(ORDER) + 1)),
        ignore_spatial_locations=True,
    )

    segments = [s.labels[0] for s in case.findings.structures if len(s.labels) == 1]
    wanted = np.stack([case.findings.label_map == label for label in segments], -1)
    assert np.array_equal(masks > 0, wanted[list(ORDER)])


def test_the_outline_of_the_report_names_the_frame_that_it_is_drawn_on(
    objects: dict[str, ReportObject], case: Case
) -> None:
    """The slice that it is drawn on, by the number of its frame."""
    drawn = [
        items[0].ReferencedFrameNumber
        for holder, keyword, items in sequences(objects["SR"].dataset)
        if keyword == "ReferencedSOPSequence"
        and holder.get("RelationshipType") == "SELECTED FROM"
    ]

    shown = shown_slices(case.prepare(), case.findings.structures)
    assert drawn == [ORDER.index(index) + 1 for index in shown.values()]


def test_evidence_names_the_image_once_and_the_library_every_frame(
    objects: dict[str, ReportObject], case: Case
) -> None:
    """Evidence knows no frames; the library says which were read, in slice order."""
    told = dict(references(objects["SEG"], case))
    evidence = [
        items
        for holder, keyword, items in sequences(objects["SR"].dataset)
        if keyword == "ReferencedSOPSequence" and "SeriesInstanceUID" in holder
    ]
    library = [
        items[0].ReferencedFrameNumber
        for holder, keyword, items in sequences(objects["SR"].dataset)
        if keyword == "ReferencedSOPSequence"
        and holder.get("RelationshipType") == "CONTAINS"
        and holder.get("ValueType") == "IMAGE"
        and "ReferencedFrameNumber" in items[0]
    ]

    assert [len(told["ReferencedInstanceSequence"])] == [1]
    assert "ReferencedFrameNumber" not in told["ReferencedInstanceSequence"][0]
    image = case.volume.series.instances[0].sop_instance_uid
    named = [i.ReferencedSOPInstanceUID for items in evidence for i in items]
    assert named.count(image) == 1
    assert library[: len(ORDER)] == [ORDER.index(i) + 1 for i in range(len(ORDER))]


def test_the_order_of_the_frames_tells_two_inputs_apart(case: Case) -> None:
    """The same planes under other numbers are another image."""
    series = case.volume.series
    turned = [
        replace(each, frame=other.frame)
        for each, other in zip(series.instances, series.instances[::-1], strict=True)
    ]

    digest = input_digest(series, case.volume)

    assert digest == case.provenance.input_digest
    assert digest != input_digest(replace(series, instances=tuple(turned)), case.volume)


def test_every_class_that_is_read_has_a_single_image_to_stand_for() -> None:
    """A new one needs a row."""
    assert set(SINGLE_IMAGE) == SOP_CLASSES
