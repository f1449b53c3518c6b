"""The conformance statement says what the code makes: its information objects."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset
from pydicom.datadict import keyword_for_tag
from pydicom.sequence import Sequence

from models.history import Prior
from node.config_reading import ReportSettings
from node.report.notice import UnreadModel, build_notice
from node.report.rejection import REASONS, Rejected, build_rejection
from node.report.sop import KINDS, NUMBERED, ReportObject
from tests.house.tables import tables
from tests.node.report.inputs import build_bundle, build_case, interpreted
from tests.node.report.tid_table import TABLE, children, template

STATEMENT = Path(__file__).parents[2] / "docs" / "conformance.md"
TABLES = tables(STATEMENT)
COLUMNS = {
    "SEG": "SEG",
    "SR": "SR",
    "SC": "SC",
    "PDF": "PDF",
    "NOTICE": "Notice",
    "KO": "Note",
}
NEVER = "–"  # noqa: RUF001 - as the statement writes it

Made = dict[str, list[Dataset]]


def code_item() -> Dataset:
    """Return a code as a study brings it."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator = "24590-2", "LN"
    item.CodeMeaning = "MR Brain"
    return item


def issuer_item() -> Dataset:
    """Return the issuer of an accession number."""
    item = Dataset()
    item.LocalNamespaceEntityID = "HOSPITAL"
    return item


RICH: dict[str, Any] = {
    "ProcedureCodeSequence": [code_item()],
    "DeidentificationMethodCodeSequence": [code_item()],
    "IssuerOfAccessionNumberSequence": [issuer_item()],
    "IssuerOfPatientID": "HOSPITAL",
    "PatientIdentityRemoved": "YES",
    "DeidentificationMethod": "by hand",
    "PatientSize": "1.7",
    "PatientWeight": "70",
    "StudyDescription": "Head",
    "ReferringPhysicianName": "Physician^Anna",
    "LossyImageCompression": "01",
    "LossyImageCompressionRatio": "10",
    "LossyImageCompressionMethod": "ISO_10918_1",
    "PositionReferenceIndicator": "NA",
}
POOR: dict[str, Any] = {
    **dict.fromkeys(("PatientName", "PatientBirthDate", "PatientSex", "StudyDate")),
    **dict.fromkeys(("StudyTime", "StudyID", "AccessionNumber", "BodyPartExamined")),
    **dict.fromkeys(("ReferringPhysicianName", "FrameOfReferenceUID", "Manufacturer")),
    **dict.fromkeys(("SliceThickness", "SeriesNumber")),
    "PatientID": "",
}
EARLIER = Prior("1.2.3", "2.25.5", date(2018, 1, 9), "own results", "1", "2.25.9", ())
LATER = {"version": 2, "replaces": "2.25.1", "priors": (EARLIER,)}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Make every kind of object from a rich, a poor and an ordinary study."""
    folder = tmp_path_factory.mktemp("conformance")
    rich = {"institution": "Hospital", "timezone": "Asia/Kolkata"}
    studies: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
        ("binary", RICH, rich, LATER),
        ("fractional", POOR, {}, {"retrieve_ae_title": ""}),
        ("labelmap", {}, {}, {}),
    ]
    objects: Made = {kind: [] for kind in COLUMNS}
    for encoding, tags, options, provenance in studies:
        settings = ReportSettings.model_validate(
            {"seg": encoding, "pdf": True, **options}
        )
        case = build_case(
            folder / encoding,
            (6, 16, 16),
            settings=settings,
            provenance=provenance,
            **tags,
        )
        told = replace(case, findings=interpreted(case.findings))  # with a visit before
        composed = told.compose()
        for kind, one in composed.items():
            objects[kind].append(one.dataset)
        objects["KO"].append(rejection(composed, settings))
        source = next(iter(case.study.datasets.values()))
        objects["NOTICE"] += notices(source, settings)
    return objects


def rejection(
    composed: Mapping[str, ReportObject], settings: ReportSettings
) -> Dataset:
    """Return the note that takes a result back."""
    rejected = [
        Rejected(
            one.sop_class_uid,
            one.sop_instance_uid,
            one.series_instance_uid,
            is_image=kind not in {"SR", "PDF"},
        )
        for kind, one in composed.items()
    ]
    source, when = composed["SEG"].dataset, datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
    title = REASONS["quality"]
    return build_rejection(source, rejected, title, "by hand", when, settings)


def notices(source: Dataset, settings: ReportSettings) -> list[Dataset]:
    """Return the notice of a study, with the model's bundle and without."""
    when = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
    models = [
        UnreadModel("ellipsoids", "gantry_tilt", bundle)
        for bundle in (build_bundle(), None)
    ]
    uid = source.StudyInstanceUID
    return [
        build_notice(source, uid, [each], when, "0f3c", settings) for each in models
    ]


@pytest.mark.parametrize("kind", COLUMNS)
def test_every_attribute_is_stated_and_every_stated_one_is_there(
    made: Made, kind: str
) -> None:
    """As often as the statement says, with a value or without."""
    stated = {
        row["Attribute"]: row[COLUMNS[kind]]
        for row in TABLES["Attributes"]
        if row[COLUMNS[kind]] != NEVER
    }
    found = {element.keyword for ds in made[kind] for element in ds}
    wrong = {
        keyword: presence
        for keyword, presence in stated.items()
        if not is_so(presence, [ds.get(keyword, ...) for ds in made[kind]])
    }

    assert found == set(stated)
    assert wrong == {}


def is_so(presence: str, values: list[Any]) -> bool:
    """Tell whether values, ``...`` for a missing element, are there as stated."""
    there = [value is not ... for value in values]
    full = [has_value(value) for value in values]
    return {
        "ALWAYS": all(full),
        "VNAP": all(there) and any(full) and not all(full),
        "ANAP": any(full),
        "EMPTY": all(there) and not any(full),
    }[presence]


def has_value(value: Any) -> bool:
    """Tell whether an element is there and not empty."""
    if isinstance(value, Sequence):
        return len(value) > 0
    return value is not ... and value not in (None, "")


def test_each_row_names_one_attribute_of_the_dictionary() -> None:
    """Tag and keyword belong together, and no row comes twice."""
    rows = TABLES["Attributes"]
    tags = [int(re.sub(r"[(),]", "", row["Tag"]), 16) for row in rows]

    assert [keyword_for_tag(tag) for tag in tags] == [r["Attribute"] for r in rows]
    assert tags == sorted(set(tags))


def test_classes_modalities_and_transfer_syntaxes_are_the_stated_ones(
    made: Made,
) -> None:
    """Of every object in every encoding, and in every table that has them."""
    found = {
        (kind, str(ds.SOPClassUID), str(ds.Modality))
        for kind, objects in made.items()
        for ds in objects
    }
    stated = {
        (row["Object"], row["SOP Class UID"], row["Modality"])
        for row in TABLES["SOP classes of the objects"]
    }
    sent = {
        (row["UID"], row["Transfer syntax"])
        for row in TABLES["Presentation contexts proposed for storage"]
    }
    offered = {
        row["UID"]
        for row in TABLES["Network services"]
        if row["Service"] == "Transfer" and row["SCU"] != "no"
    }

    assert found == stated
    assert sent == {
        (str(ds.SOPClassUID), str(ds.file_meta.TransferSyntaxUID))
        for objects in made.values()
        for ds in objects
    }
    assert offered == {uid for uid, _ in sent}


def test_series_numbers_follow_each_other(made: Made) -> None:
    """From ``report.series_number`` on."""
    first = ReportSettings().series_number
    numbers = {kind: {ds.SeriesNumber for ds in made[kind]} for kind in made}

    assert numbers == {kind: {first + n} for n, kind in enumerate(NUMBERED)}


def test_no_private_attribute_is_written(made: Made) -> None:
    """At no depth."""
    private = [
        element.tag
        for objects in made.values()
        for ds in objects
        for element in ds.iterall()
        if element.tag.is_private
    ]

    assert private == []


def test_the_contributing_equipment_has_the_stated_attributes(made: Made) -> None:
    """All of them in results; a notice of a broken model lacks what it cannot know."""
    stated = {row["Attribute"] for row in TABLES["Contributing equipment"]}
    found = {
        kind: [{e.keyword for e in item} for item in equipment(objects)]
        for kind, objects in made.items()
    }

    assert all(
        keywords == stated for kind in (*KINDS, "PDF", "KO") for keywords in found[kind]
    )
    assert set().union(*found["NOTICE"]) == stated - {"ContributionDescription"}


def equipment(objects: list[Dataset]) -> Iterator[Dataset]:
    """Yield the items of Contributing Equipment Sequence."""
    for ds in objects:
        yield from ds.ContributingEquipmentSequence


def test_the_templates_are_the_stated_ones(made: Made) -> None:
    """Those that the report names in itself, and those that the table of rows walks."""
    stated = {int(row["TID"]) for row in TABLES["Content of the Structured Report"]}
    walked = {row.tid for row in TABLE}
    included = {int(n) for row in TABLE for n in re.findall(r"\((\d+)\)", row.number)}
    named = {int(name) for sr in made["SR"] for name in templates(sr)}

    assert stated == walked | included
    assert named <= stated
    assert {1500, 1600, 1410, 1411, 1501} <= named
    assert not any(template(notice) for notice in made["NOTICE"])


def templates(item: Dataset) -> Iterator[str]:
    """Yield the identifiers of the templates in a content tree."""
    if template(item):
        yield template(item)
    for child in children(item):
        yield from templates(child)


def test_the_coding_schemes_are_the_stated_ones(made: Made) -> None:
    """Every code at every depth of every object is of one of them."""
    found = {
        str(element.value)
        for objects in made.values()
        for ds in objects
        for element in ds.iterall()
        if element.keyword == "CodingSchemeDesignator"
    }

    assert found == {row["Designator"] for row in TABLES["Coding schemes"]}
