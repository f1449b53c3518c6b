"""What a classification becomes in the SR: answer, decision, evidence and places."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import highdicom as hd
import numpy as np
import pytest
from pydicom import Dataset

from models.contract import Findings
from models.evidence import Location
from models.volume.series import NOMINAL_GEOMETRY
from node.report.shown import shape_of
from tests.node.report.classified import (
    QUESTION,
    below,
    classified_case,
    effusion_box,
    without_masks,
)
from tests.node.report.dciodvfy import errors
from tests.node.report.inputs import Case
from tests.node.report.tid_table import children, concept, places, template, violations

KINDS: dict[str, Callable[[Findings], Findings]] = {
    "above the threshold": lambda findings: findings,
    "below the threshold": below,
    "boxes without masks": without_masks,
}


@pytest.fixture(scope="module")
def chest(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Return a small chest with a nodule and an effusion."""
    return classified_case(tmp_path_factory.mktemp("chest") / "study")


@pytest.fixture(scope="module")
def sr(chest: Case) -> Dataset:
    """Return its report."""
    return chest.compose()["SR"].dataset


@pytest.mark.parametrize("kind", KINDS)
def test_every_object_keeps_the_standard(
    chest: Case, kind: str, tmp_path: Path
) -> None:
    """IOD and templates, with places, without any, and without a single mask."""
    case = replace(chest, findings=KINDS[kind](chest.findings))
    made = case.compose()

    assert violations(made["SR"].dataset) == []
    assert [errors(each.dataset, tmp_path) for each in made.values()] == [[]] * len(
        made
    )


def test_the_answer_is_a_number_and_a_code(sr: Dataset) -> None:
    """Probability with the printed digits; the decision about the question, coded."""
    lungs = _group(sr, "Lungs")
    (probability,) = _items(lungs, "DCM:122157")
    (decision,) = _items(lungs, f"SCT:{QUESTION.value}")

    assert str(probability.MeasuredValueSequence[0].NumericValue) == "0.871"
    assert concept(decision, "ConceptCodeSequence") == "SCT:415684004"  # suspected


def test_below_the_threshold_nothing_is_called_absent(chest: Case) -> None:
    """Undetermined: that a model saw nothing excludes nothing."""
    case = replace(chest, findings=below(chest.findings))
    sr = case.compose()["SR"].dataset
    (decision,) = _items(_group(sr, "Lungs"), f"SCT:{QUESTION.value}")

    assert concept(decision, "ConceptCodeSequence") == "SCT:373068000"
    assert "normal" not in _words(sr).lower()
    assert "threshold 0.500; below threshold" in _words(sr)


def test_each_place_has_a_group_of_its_own(sr: Dataset, chest: Case) -> None:
    """Tracking, kind, score, side, box in voxels and in patient millimetres."""
    group = _group(sr, "Nodule 1")
    comments = [str(item.TextValue) for item in _items(group, "DCM:121106")]
    (site,) = _items(group, "SCT:363698007")
    (score,) = _items(group, "DCM:111012")
    low, high = chest.findings.locations[0].corners_mm(chest.volume.affine)

    assert concept(_items(group, "DCM:121071")[0], "ConceptCodeSequence") == (
        "SCT:27925004"
    )
    assert str(score.MeasuredValueSequence[0].NumericValue) == "0.93"
    assert concept(children(site)[0], "ConceptCodeSequence") == "SCT:24028007"  # right
    assert comments[1].endswith("x 13 to 22, y 18 to 24, z 12 to 15")
    assert f"x {low[0]:.1f} to {high[0]:.1f}" in comments[2]
    assert _tracking(group) != _tracking(_group(sr, "Pleural effusion 2"))


def test_a_place_without_a_mask_is_its_box(sr: Dataset, chest: Case) -> None:
    """In the middle slice; a box has no area of its own."""
    group = _group(sr, "Pleural effusion 2")
    (region,) = (item for item in children(group) if item.ValueType == "SCOORD")
    points = np.array(region.GraphicData).reshape(-1, 2)
    (d, h, w), (d_last, h_last, w_last) = effusion_box(chest.volume.shape)
    image = region.ContentSequence[0].ReferencedSOPSequence[0]
    uids = [each.sop_instance_uid for each in chest.volume.series.instances]

    assert points.min(axis=0).tolist() == [w, h]
    assert points.max(axis=0).tolist() == [w_last + 1, h_last + 1]
    assert uids.index(image.ReferencedSOPInstanceUID) == (d + d_last) // 2
    assert _items(group, "SCT:42798000") == []


def test_a_place_with_an_outline_is_that_outline() -> None:
    """In the slice with most of it; what else is drawn there does not count."""
    own = np.zeros((4, 6, 6), np.bool_)
    own[1, 2, 2], own[2, 2:4, 2:5] = True, True
    location = Location("Nodule", (2, 10, 40), (5, 15, 45), 0.5, outline=own)
    index, outline, is_outline = shape_of(location)

    assert is_outline
    assert index == 4
    assert outline.min(axis=0).tolist() == [42, 12]
    assert outline.max(axis=0).tolist() == [45, 14]


def test_one_voxel_is_a_box_of_one_pixel() -> None:
    """The smallest place that there is."""
    location = Location("Pleural effusion", (3, 4, 5), (3, 4, 5), 0.5)
    index, outline, is_mask = shape_of(location)

    assert (index, is_mask) == (3, False)
    assert outline.tolist() == [[5, 4], [6, 4], [6, 5], [5, 5], [5, 4]]


def test_what_was_only_looked_for_is_not_reported(sr: Dataset) -> None:
    """Ground glass stands among the structures, and nothing is said of it."""
    names = [
        str(_items(group, "DCM:112039")[0].TextValue) for group in places(sr)["group"]
    ]

    assert [name for name in names if name.startswith("Ground")] == []
    assert {"Lungs", "Right lung", "Nodule 1", "Pleural effusion 2"} <= set(names)


def test_without_a_mask_there_is_no_segmentation(chest: Case) -> None:
    """The report and the page alone, and the report names no other object."""
    case = replace(chest, findings=without_masks(chest.findings))
    made = case.compose()
    (study,) = made["SR"].dataset.CurrentRequestedProcedureEvidenceSequence
    (series,) = study.ReferencedSeriesSequence

    assert list(made) == ["SR", "SC"]
    assert series.SeriesInstanceUID == case.volume.series.series_instance_uid
    assert len(series.ReferencedSOPSequence) == case.volume.shape[0]


def test_an_answer_without_an_outline_is_about_a_whole_slice(chest: Case) -> None:
    """OHIF 3.13.2 drops a report in which a group has no coordinates."""
    case = replace(chest, findings=without_masks(chest.findings))
    lungs = _group(case.compose()["SR"].dataset, "Lungs")
    (region,) = (item for item in children(lungs) if item.ValueType == "SCOORD")
    _, rows, columns = chest.volume.shape

    assert len(_items(lungs, "DCM:122157")) == 1
    assert max(region.GraphicData[::2]) == columns
    assert max(region.GraphicData[1::2]) == rows


def test_segments_are_what_has_voxels(chest: Case) -> None:
    """Neither ground glass nor effusion has one here."""
    segments = chest.compose()["SEG"].dataset.SegmentSequence

    assert [segment.SegmentLabel for segment in segments] == [
        "Right lung",
        "Left lung",
        "Nodule",
    ]


def test_the_words_hold_threshold_evidence_and_curves(sr: Dataset) -> None:
    """Everything that the page shows of the decision."""
    words = _words(sr)

    for expected in (
        "Lungs: probability of pathology 0.871, threshold 0.500; at or above",
        "above threshold: pathology suspected",
        "Decided by: 3D network",
        "Evidence, Slice network: 0.667",
        "Profile of Mean density, conspicuous at 40 to 55",
        "Heat map: Grad-CAM of the 3D network",
    ):
        assert expected in words


def test_invented_positions_get_no_coordinates(chest: Case) -> None:
    """Nominal geometry: the box in voxels stands, that in millimetres does not."""
    flags = (*chest.findings.flags, NOMINAL_GEOMETRY)
    case = replace(chest, findings=replace(chest.findings, flags=flags))
    words = _words(case.compose()["SR"].dataset)

    assert "voxels from 0: x 13 to 22" in words
    assert "patient LPS" not in words


def test_another_decision_makes_another_edition(chest: Case) -> None:
    """No two files that differ share a SOP Instance UID."""
    found = chest.findings
    heat = found.heat_map
    assert heat is not None
    (answer,) = found.classifications
    variants = [
        found,
        replace(found, classifications=(replace(answer, probability=0.8),)),
        replace(found, locations=found.locations[:1]),
        replace(found, profiles=found.profiles[:1]),
        replace(found, heat_map=replace(heat, array=heat.array * np.float32(0.5))),
    ]
    editions = {replace(chest, findings=each).prepare().edition for each in variants}

    assert len(editions) == len(variants)


def test_highdicom_reads_the_places(sr: Dataset) -> None:
    """Another reader finds the regions and their scores."""
    content = hd.sr.Comprehensive3DSR.from_dataset(sr).content
    groups = content.get_planar_roi_measurement_groups()  # type: ignore[attr-defined]  # of a measurement report
    found = {group.tracking_identifier: group for group in groups}
    (score,) = found["Pleural effusion 2"].get_measurements()

    assert (score.name.value, score.value) == ("111012", 0.41)


def _group(sr: Dataset, name: str) -> Dataset:
    """Return the group that says most of a structure or place."""
    found = [
        group
        for group in places(sr)["group"]
        if str(_items(group, "DCM:112039")[0].TextValue) == name
    ]
    return next((g for g in found if template(g) != "1410"), found[0])


def _items(group: Dataset, code: str) -> list[Dataset]:
    return [item for item in children(group) if concept(item) == code]


def _tracking(group: Dataset) -> str:
    return str(_items(group, "DCM:112040")[0].UID)


def _words(sr: Dataset) -> str:
    (container,) = places(sr)["evaluations"]
    return "\n".join(str(item.TextValue) for item in children(container))
