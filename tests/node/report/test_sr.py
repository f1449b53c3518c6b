"""The Structured Report: the templates row by row, and every number and word."""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
import pytest
from pydicom import Dataset
from pydicom.uid import Comprehensive3DSRStorage

from models.terms import Flag, Grade
from node.report.provenance import device_uid, series_uid
from node.report.shown import LEAST_SHARE
from tests.node.report.dciodvfy import errors
from tests.node.report.inputs import (
    CYRILLIC,
    LEFT,
    Case,
    build_case,
    interpreted,
)
from tests.node.report.tid_table import (
    TABLE,
    Row,
    children,
    concept,
    matching,
    places,
    template,
    violations,
)

SECOND = {"version": 2, "replaces": "2.25.77", "completeness": "unconfirmed"}
CASES: dict[str, dict[str, Any]] = {
    "odd matrix": {},
    "matrix of whole bytes": {"shape": (6, 24, 16)},
    "no demographics": dict.fromkeys(
        ("PatientBirthDate", "PatientSex", "SeriesNumber", "AccessionNumber")
    ),
    "Cyrillic name": {"PatientName": CYRILLIC, "SpecificCharacterSet": "ISO_IR 192"},
    "second version": {"provenance": SECOND},
    "demonstration": {"status": "demonstration"},
}


@pytest.fixture(scope="module")
def sr(case: Case) -> Dataset:
    """Return the report of the small study."""
    return case.compose()["SR"].dataset


@pytest.fixture(scope="module")
def full(case: Case) -> Dataset:
    """Return the report of the small study, of a person of whom more is known."""
    findings = interpreted(case.findings)
    return replace(case, findings=findings).compose()["SR"].dataset


@pytest.mark.parametrize("name", CASES)
def test_every_report_keeps_every_row(folder: Path, name: str) -> None:
    """The table of mandatory rows, walked over every kind of report."""
    made = build_case(folder, **CASES[name]).compose()

    assert violations(made["SR"].dataset) == []


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_each_row_is_seen_to_fail(full: Dataset, row: Row) -> None:
    """A report that lacks what a row asks for is noticed by that row."""
    broken = deepcopy(full)
    parent = places(broken)[row.place][0]
    if row.place == "document":
        broken.ConceptNameCodeSequence[0].CodeValue = "126001"
    else:
        victims = [id(item) for item in matching(row, parent)]
        assert victims, "the row matches nothing"
        kept = [item for item in children(parent) if id(item) not in victims]
        parent.ContentSequence = kept

    assert row.name in violations(broken)


@pytest.mark.parametrize(
    ("row", "path"),
    [(row, path) for row in TABLE for path in row.holds],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_each_value_is_seen_to_be_missing(full: Dataset, row: Row, path: str) -> None:
    """An item that is there but empty is noticed too."""
    broken = deepcopy(full)
    item = matching(row, places(broken)[row.place][0])[0]
    *sequences, keyword = path.split(".")
    for name in sequences:
        item = item[name].value[0]
    del item[keyword]

    assert row.name in violations(broken)


def test_a_row_that_comes_too_often_is_noticed(sr: Dataset) -> None:
    """One tracking UID per group, not two."""
    broken = deepcopy(sr)
    group = places(broken)["planar"][0]
    uid = next(item for item in children(group) if concept(item) == "DCM:112040")
    group.ContentSequence.append(deepcopy(uid))

    assert violations(broken) == ["TID 1410 row 4 in planar: ('DCM:112040',)"]


def test_the_header_says_complete_and_unverified(sr: Dataset, case: Case) -> None:
    """COMPLETE is not VERIFIED: no physician has seen it."""
    assert sr.SOPClassUID == Comprehensive3DSRStorage
    assert sr.CompletionFlag == "COMPLETE"
    assert sr.VerificationFlag == "UNVERIFIED"
    assert "VerifyingObserverSequence" not in sr
    assert "PredecessorDocumentsSequence" not in sr
    assert sr.StudyInstanceUID == case.volume.series.study_instance_uid
    assert sr.AccessionNumber == "A1"


def test_the_procedure_is_the_imaging_one(folder: Path) -> None:
    """As the study codes it; else by modality; never the algorithm."""
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator = "24590-2", "LN"
    code.CodeMeaning = "MR Brain"
    coded = build_case(folder / "a", ProcedureCodeSequence=[code])
    plain = build_case(folder / "b")

    assert _values(coded.compose()["SR"].dataset, "DCM:121058") == ["LN:24590-2"]
    assert _values(plain.compose()["SR"].dataset, "DCM:121058") == ["LN:25056-3"]


def test_every_source_and_the_segmentation_are_evidence(case: Case) -> None:
    """Who reads the report can fetch what it was made from, and from where."""
    made = case.compose()
    (study,) = made["SR"].dataset.CurrentRequestedProcedureEvidenceSequence
    referenced = {
        item.ReferencedSOPInstanceUID
        for series in study.ReferencedSeriesSequence
        for item in series.ReferencedSOPSequence
    }
    sources = {i.sop_instance_uid for i in case.volume.series.instances}

    assert referenced == sources | {made["SEG"].sop_instance_uid}
    assert {s.RetrieveAETitle for s in study.ReferencedSeriesSequence} == {"ORTHANC"}


def test_numbers_have_the_printed_digits(sr: Dataset, case: Case) -> None:
    """One rounding: the page and the report cannot differ."""
    printed = {
        (m.structure, m.unit.value, m.printed) for m in case.findings.measurements
    }
    found = {
        (
            _text(group, "DCM:112039"),
            item.MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0].CodeValue,
            str(item.MeasuredValueSequence[0]["NumericValue"].value),
        )
        for group in places(sr)["group"]
        for item in children(group)
        if item.ValueType == "NUM" and concept(item) == "SCT:118565006"
    }

    assert found == printed


def test_no_number_has_more_digits_than_are_printed(sr: Dataset) -> None:
    """The floating point value beside the decimal string is the rounded one too."""
    values = [
        item.MeasuredValueSequence[0]
        for group in places(sr)["group"]
        for item in children(group)
        if item.ValueType == "NUM"
    ]

    assert values
    for value in values:
        assert value.FloatingPointValue == float(value.NumericValue)


def test_both_groups_of_a_structure_have_one_tracking_uid(case: Case) -> None:
    """The UID of the segment, so that a viewer joins contour and volume.

    The union of segments has a contour too: OHIF 3.13.2 shows nothing of a report in
    which one tracking UID has no coordinates.
    """
    made = case.compose()
    segments = {
        s.TrackingID: s.TrackingUID for s in made["SEG"].dataset.SegmentSequence
    }
    groups = places(made["SR"].dataset)

    numbered = {kind: _tracked(groups[kind]) for kind in ("planar", "volumetric")}
    union = _tracked(groups["union"])
    assert list(union) == ["Both parts"]
    assert numbered == {"planar": segments | union, "volumetric": segments}


def test_the_contour_encloses_the_mask_of_its_slice(sr: Dataset, case: Case) -> None:
    """On an image that shows most of it, with the area of the mask there."""
    uids = [i.sop_instance_uid for i in case.volume.series.instances]
    for group, structure in zip(
        places(sr)["planar"], case.findings.structures, strict=True
    ):
        mask = np.isin(case.findings.label_map, structure.labels)
        counts = mask.sum(axis=(1, 2))
        region = next(i for i in children(group) if i.ValueType == "SCOORD")
        image = region.ContentSequence[0].ReferencedSOPSequence[0]
        points = np.array(region.GraphicData).reshape(-1, 2)
        area = next(i for i in children(group) if concept(i) == "SCT:42798000")

        index = uids.index(image.ReferencedSOPInstanceUID)
        assert counts[index] >= LEAST_SHARE * counts.max()
        assert region.GraphicType == "POLYLINE"
        assert (points[0] == points[-1]).all()
        ys, xs = mask[index].nonzero()
        assert points.min(axis=0).tolist() == [xs.min(), ys.min()]
        assert points.max(axis=0).tolist() == [xs.max() + 1, ys.max() + 1]
        value = float(area.MeasuredValueSequence[0].NumericValue)
        assert value == pytest.approx(counts[index] * 0.8, abs=0.05)


def test_no_algorithm_stands_inside_a_measurement(sr: Dataset) -> None:
    """OHIF leaves out a NUM that has one."""
    numbers = [
        item
        for group in places(sr)["group"]
        for item in children(group)
        if item.ValueType == "NUM"
    ]

    assert len(numbers) == 9
    assert not any(children(number) for number in numbers)


def test_the_words_hold_everything_that_is_no_number(case: Case) -> None:
    """Heading, grade, reasons with codes, statements, making, intended use."""
    unconfirmed = replace(
        case.provenance, completeness="unconfirmed", completeness_reason="nobody asked"
    )
    words = _comments(replace(case, provenance=unconfirmed).compose()["SR"].dataset)

    for expected in (
        "Ellipsoid volumetry",
        "Research use. Not verified by a physician.",
        "Grade: B",
        "Reservation: Slices are thick. [thick_slices]",
        "Note: Volumes are not adjusted for head size. [no_head_size]",
        "Side: not determinable from a cropped series",
        "Study complete: unconfirmed (nobody asked)",
        "Algorithm: ellipsoids 1.2.0 (research)",
        "Weights: SHA-256 b3b3b3b3b3b3b3b3",
        "Computed: fp32 on cpu",
        "Intended use: Tests of the report.",
        "Not for: Patients.",
    ):
        assert expected in words
    assert any("[completeness_unconfirmed]" in word for word in words)


def test_no_word_identifies_the_patient(sr: Dataset) -> None:
    """Name, ID, birth date and accession number stay in the header."""
    words = "\n".join(_comments(sr))

    assert not re.search("Phantom|TEST-1|1950|A1", words)


def test_a_demonstration_says_so_first(case: Case) -> None:
    """Series description and first words (docs/promises.md 11)."""
    bundle = replace(case.bundle, status="demonstration")
    sr = replace(case, bundle=bundle).compose()["SR"].dataset

    assert sr.SeriesDescription.startswith("DEMONSTRATION")
    assert _comments(sr)[0].startswith("DEMONSTRATION")


def test_a_later_version_names_its_predecessor(case: Case) -> None:
    """Instance and series of the SR that it replaces."""
    first = case.compose()["SR"]
    provenance = replace(case.provenance, version=2, replaces=first.sop_instance_uid)
    second = replace(case, provenance=provenance).compose()["SR"].dataset
    (study,) = second.PredecessorDocumentsSequence
    (series,) = study.ReferencedSeriesSequence
    (instance,) = series.ReferencedSOPSequence

    assert instance.ReferencedSOPInstanceUID == first.sop_instance_uid
    assert series.SeriesInstanceUID == first.series_instance_uid
    assert series.SeriesInstanceUID == series_uid(first.sop_instance_uid)
    assert "v2, replaces v1" in second.SeriesDescription
    assert "v2, replaces v1" in _comments(second)


def test_the_device_is_the_same_everywhere(case: Case) -> None:
    """Observer, and equipment of all three objects."""
    made = case.compose()
    expected = device_uid(case.bundle.weights_digest)

    assert _uid(made["SR"].dataset, "DCM:121012") == expected
    for item in made.values():
        (equipment,) = item.dataset.ContributingEquipmentSequence
        assert equipment.DeviceUID == expected


def test_a_known_side_is_coded_at_the_finding_site(case: Case) -> None:
    """Laterality only when known; where in the organ, when it is told."""
    front, *others = case.findings.structures
    structures = (replace(front, laterality=LEFT), *others)
    case = replace(case, findings=replace(case.findings, structures=structures))
    groups = places(case.compose()["SR"].dataset)["volumetric"]
    sites = [
        next(i for i in children(group) if concept(i) == "SCT:363698007")
        for group in groups
    ]

    assert [_modifiers(site) for site in sites] == [
        {"SCT:272741003": "SCT:7771000", "SCT:106233006": "SCT:255549009"},
        {"SCT:106233006": "SCT:255551008"},
    ]


def test_nothing_found_is_reported_as_zero(case: Case, tmp_path: Path) -> None:
    """A negative finding is explicit: groups with 0, and no contour."""
    findings = replace(
        case.findings,
        label_map=np.zeros_like(case.findings.label_map),
        measurements=tuple(replace(m, value=0.0) for m in case.findings.measurements),
        flags=(Flag("volume_implausible", "Nothing was found.", Grade.C),),
    )
    sr = replace(case, findings=findings).compose()["SR"].dataset
    groups = places(sr)

    assert violations(sr) == []
    assert len(groups["volumetric"]) == 2
    assert groups["planar"] == []
    assert errors(sr, tmp_path) == []


def test_highdicom_reads_the_report(sr: Dataset) -> None:
    """Another reader finds the groups, their regions and their numbers."""
    content: Any = hd.sr.Comprehensive3DSR.from_dataset(sr).content

    assert len(content.get_planar_roi_measurement_groups()) == 3
    assert len(content.get_volumetric_roi_measurement_groups()) == 2
    (union,) = content.get_image_measurement_groups()
    assert [m.unit.value for m in union.get_measurements()] == ["mm3", "mL"]


def test_the_size_does_not_grow_with_every_descriptor(sr: Dataset) -> None:
    """What all slices share stands once, at the group of the image library."""
    (group,) = places(sr)["library group"]
    images = [item for item in children(group) if item.ValueType == "IMAGE"]

    assert len(images) == 12
    assert not any(children(image) for image in images)
    assert template(places(sr)["library"][0]) == "1600"


def _comments(sr: Dataset) -> list[str]:
    (container,) = places(sr)["evaluations"]
    return [str(item.TextValue) for item in children(container)]


def _tracked(groups: list[Dataset]) -> dict[str, str]:
    return {_text(g, "DCM:112039"): _uid(g, "DCM:112040") for g in groups}


def _text(group: Dataset, code: str) -> str:
    return next(str(i.TextValue) for i in children(group) if concept(i) == code)


def _uid(group: Dataset, code: str) -> str:
    return next(str(i.UID) for i in children(group) if concept(i) == code)


def _values(sr: Dataset, code: str) -> list[str]:
    return [
        concept(item, "ConceptCodeSequence")
        for item in children(sr)
        if concept(item) == code
    ]


def _modifiers(site: Dataset) -> dict[str, str]:
    return {concept(i): concept(i, "ConceptCodeSequence") for i in children(site)}
