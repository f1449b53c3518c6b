"""On which image each outline of the report lies."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset

from models.contract import LabelMap
from models.evidence import Location
from node.report.contours import area_px
from node.report.shown import LEAST_SHARE, shown_slices
from tests.node.report.classified import LEFT_LUNG, LUNGS, RIGHT_LUNG, classified_case
from tests.node.report.inputs import Case
from tests.node.report.tid_table import children, concept, places

LUNG_STRUCTURES = (LUNGS, RIGHT_LUNG, LEFT_LUNG)


@pytest.fixture(scope="module")
def chest(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Return the small chest."""
    return classified_case(tmp_path_factory.mktemp("chest") / "ct")


def test_no_two_outlines_lie_on_one_image(chest: Case) -> None:
    """Their words would lie one upon the other: both lungs are as large as the right.

    The area that stands beside each is that of its own image.
    """
    found = chest.findings
    mirrored = np.where(found.label_map == 2, 0, found.label_map).astype(np.uint8)
    case = replace(chest, findings=replace(found, label_map=mirrored))
    groups = places(case.compose()["SR"].dataset)["planar"]
    images = [_image(group) for group in groups]

    assert len(images) > 3
    assert len(set(images)) == len(images)
    for group in groups:
        for area in (i for i in children(group) if concept(i) == "SCT:42798000"):
            told = float(area.MeasuredValueSequence[0].NumericValue)
            assert told == pytest.approx(_drawn_mm2(group, case), abs=0.05)


def test_the_first_takes_the_fullest_image(chest: Case) -> None:
    """The others the fullest that is left; one voxel more or less decides."""
    labels = _slabs(chest, right=(9, 12, 11, 12, 8), left=(4, 4, 4, 4, 4))

    assert _shown(chest, labels) == {"Lungs": 1, "Right lung": 3, "Left lung": 0}


def test_an_image_with_much_less_is_no_substitute(chest: Case) -> None:
    """What is large on one image alone is drawn there, whatever else is."""
    labels = _slabs(chest, right=(3, 20, 3, 3, 3), left=(1, 1, 1, 1, 1))

    assert _shown(chest, labels)["Right lung"] == _shown(chest, labels)["Lungs"] == 1


def test_a_place_keeps_its_image(chest: Case) -> None:
    """It is what a reader looks for; the lungs can be seen anywhere."""
    labels = _slabs(chest, right=(9, 12, 11, 12, 8), left=(4, 4, 4, 4, 4))
    place = Location("Nodule", (1, 2, 2), (1, 4, 4), 0.5)

    assert _shown(chest, labels, locations=(place,))["Lungs"] == 3


@given(st.lists(st.integers(0, 20), min_size=1, max_size=10).filter(any))
def test_what_is_shown_holds_most_of_it(sizes: list[int]) -> None:
    """Never an image without the structure, never one with far less of it."""
    case = _Counted(sizes)
    for name, index in shown_slices(case, LUNG_STRUCTURES[:2]).items():  # type: ignore[arg-type]  # all that it looks at
        assert name in {"Lungs", "Right lung"}
        assert sizes[index] >= LEAST_SHARE * max(sizes)


class _Counted:
    """What is looked at of a report whose right lung has these sizes."""

    def __init__(self, sizes: list[int]) -> None:
        self.counts = np.zeros((len(sizes), 256), np.int64)
        self.counts[:, 1] = sizes
        self.findings = _NoPlaces()


class _NoPlaces:
    locations = ()


def _slabs(chest: Case, *, right: tuple[int, ...], left: tuple[int, ...]) -> LabelMap:
    """Return rows of so many voxels, slice by slice."""
    labels = np.zeros(chest.volume.shape, np.uint8)
    for index, sizes in enumerate(zip(right, left, strict=True)):
        for label, size in enumerate(sizes, start=1):
            labels[index, 10 * label, :size] = label
    return labels


def _shown(chest: Case, labels: LabelMap, **changes: Any) -> dict[str, int]:
    changed: dict[str, Any] = {"locations": (), "heat_map": None, **changes}
    findings = replace(chest.findings, label_map=labels, **changed)
    report = replace(chest, findings=findings).prepare()
    return shown_slices(report, LUNG_STRUCTURES)


def _region(group: Dataset) -> Dataset:
    return next(item for item in children(group) if item.ValueType == "SCOORD")


def _image(group: Dataset) -> str:
    image = _region(group).ContentSequence[0].ReferencedSOPSequence[0]
    return str(image.ReferencedSOPInstanceUID)


def _drawn_mm2(group: Dataset, case: Case) -> float:
    points = np.array(_region(group).GraphicData).reshape(-1, 2)
    _, row_mm, column_mm = case.volume.spacing_mm
    return area_px(points[:-1]) * row_mm * column_mm
