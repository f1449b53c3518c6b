"""The mandatory rows of the templates of our Structured Report (DICOM PS3.16 annex A).

dciodvfy knows the IOD and nothing of templates, so this table is walked over every SR
that the tests make. A row counts the content items of one kind inside each item of a
place; rows of type MC are here because their condition holds for our reports.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pydicom import Dataset

ANY_NUMBER = 10_000


@dataclass(frozen=True)
class Row:
    """One row: how many items of a kind each item of a place must contain.

    Attributes
    ----------
    tid, number
        Template and row.
    place
        Key of ``PLACES``: the items that must contain it.
    relationship, value_type
        As in the template; relationship "" for the root.
    codes
        Concept names that count, as ``scheme:value``; any when empty.
    values
        For CODE items: the values that count; any when empty.
    holds
        Elements that every counted item must have, not empty, as a path.
    """

    tid: int
    number: str
    place: str
    relationship: str
    value_type: str
    codes: tuple[str, ...] = ()
    least: int = 1
    most: int = ANY_NUMBER
    values: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Template, row, place and concepts, for messages."""
        return f"TID {self.tid} row {self.number} in {self.place}: {self.codes}"


NUMBER = ("MeasuredValueSequence.NumericValue",)
UNITS = ("MeasuredValueSequence.MeasurementUnitsCodeSequence.CodeValue",)
UCUM = ("MeasuredValueSequence.MeasurementUnitsCodeSequence.CodingSchemeDesignator",)
CODE = ("ConceptCodeSequence.CodeValue", "ConceptCodeSequence.CodeMeaning")
TEXT = ("TextValue",)
UID = ("UID",)
IMAGE = (
    "ReferencedSOPSequence.ReferencedSOPClassUID",
    "ReferencedSOPSequence.ReferencedSOPInstanceUID",
)
SEGMENT = (*IMAGE, "ReferencedSOPSequence.ReferencedSegmentNumber")
CONTOUR = ("GraphicData", "GraphicType")
Z_SCORE = "DCM:121416"
AREA, SCORE, PROBABILITY = "SCT:42798000", "DCM:111012", "DCM:122157"
OF_1500 = ("ContentTemplateSequence.TemplateIdentifier",)
MOD, OBS, ACQ = "HAS CONCEPT MOD", "HAS OBS CONTEXT", "HAS ACQ CONTEXT"
IN, FROM, HAS = "CONTAINS", "SELECTED FROM", "HAS PROPERTIES"

TABLE = (
    # TID 1500 Measurement Report, with the templates that its rows 2 to 5 include
    Row(1500, "1", "document", "", "CONTAINER", ("DCM:126000",), 1, 1, holds=OF_1500),
    Row(1500, "2 (1204)", "root", MOD, "CODE", ("DCM:121049",), 1, 1, holds=CODE),
    Row(1500, "3 (1002)", "root", OBS, "CODE", ("DCM:121005",), 1, 1, ("DCM:121007",)),
    Row(1500, "3 (1004)", "root", OBS, "UIDREF", ("DCM:121012",), 1, 1, holds=UID),
    Row(1500, "4", "root", MOD, "CODE", ("DCM:121058",), holds=CODE),
    Row(1500, "5 (1600)", "root", IN, "CONTAINER", ("DCM:111028",), 1, 1),
    Row(1500, "5 (1600)", "library", IN, "CONTAINER", ("DCM:126200",)),
    Row(1500, "5 (1601)", "library group", IN, "IMAGE", holds=IMAGE),
    Row(1500, "5 (1602)", "library group", ACQ, "CODE", ("DCM:121139",), 1, 1),
    Row(1500, "6", "root", IN, "CONTAINER", ("DCM:126010",), 1, 1),
    Row(1500, "7 to 9", "measurements", IN, "CONTAINER", ("DCM:125007",)),
    Row(1500, "12", "root", IN, "CONTAINER", ("UMLS:C0034375",), 1, 1),
    Row(1500, "14", "evaluations", IN, "TEXT", ("DCM:121106",), holds=TEXT),
    # TID 1410 Planar ROI Measurements
    Row(1410, "3", "planar", OBS, "TEXT", ("DCM:112039",), 1, 1, holds=TEXT),
    Row(1410, "4", "planar", OBS, "UIDREF", ("DCM:112040",), 1, 1, holds=UID),
    Row(1410, "8", "planar", IN, "SCOORD", ("DCM:111030",), 1, 1, holds=CONTOUR),
    Row(1410, "9", "region", FROM, "IMAGE", (), 1, 1, holds=IMAGE),
    Row(1410, "15", "planar", IN, "NUM", (AREA, SCORE, PROBABILITY)),
    # TID 1411 Volumetric ROI Measurements
    Row(1411, "3", "volumetric", OBS, "TEXT", ("DCM:112039",), 1, 1, holds=TEXT),
    Row(1411, "4", "volumetric", OBS, "UIDREF", ("DCM:112040",), 1, 1, holds=UID),
    Row(1411, "10", "volumetric", IN, "IMAGE", ("DCM:121191",), 1, 1, holds=SEGMENT),
    Row(1411, "12", "volumetric", IN, "UIDREF", ("DCM:121232",), 1, 1, holds=UID),
    Row(1411, "17", "volumetric", IN, "NUM"),
    # TID 1501 Measurement and Qualitative Evaluation Group
    Row(1501, "2", "union", OBS, "TEXT", ("DCM:112039",), 1, 1, holds=TEXT),
    Row(1501, "3", "union", OBS, "UIDREF", ("DCM:112040",), 1, 1, holds=UID),
    Row(1501, "10", "union", IN, "NUM"),
    # Finding, category and site, asked for in every group
    Row(1501, "4", "group", IN, "CODE", ("SCT:276214006",), 1, 1, holds=CODE),
    Row(1501, "5", "group", IN, "CODE", ("DCM:121071",), 1, 1, holds=CODE),
    Row(1501, "7", "group", MOD, "CODE", ("SCT:363698007",), 1, 1, holds=CODE),
    # TID 300 Measurement: every number has a value and a UCUM unit
    Row(300, "1", "group", IN, "NUM", (), holds=(*NUMBER, *UNITS, *UCUM)),
    # TID 311, the properties of a z-score: no place in a norm without the norm
    Row(311, "authority", "score", HAS, "TEXT", ("DCM:121406",), 1, 1, holds=TEXT),
    # TID 4019 Algorithm Identification
    Row(4019, "1", "group", MOD, "TEXT", ("DCM:111001",), 1, 1, holds=TEXT),
    Row(4019, "2", "group", MOD, "TEXT", ("DCM:111003",), 1, 1, holds=TEXT),
    Row(4019, "5", "group", MOD, "CODE", ("DCM:111000",), 1, 1, ("DCM:123110",)),
)
"""Row numbers as in PS3.16; "(n)" names the included template that a row stands for."""


def violations(sr: Dataset) -> list[str]:
    """Return one line per row of the table that an SR breaks."""
    return [
        row.name
        for row in TABLE
        for item in places(sr)[row.place]
        if _broken(row, item)
    ]


def matching(row: Row, parent: Dataset) -> list[Dataset]:
    """Return the content items inside ``parent`` that a row counts."""
    return [item for item in children(parent) if _counts(row, item)]


def places(sr: Dataset) -> dict[str, list[Dataset]]:
    """Return the content items that rows look into, by the name of the place."""
    root = [sr]
    library = list(_containers(root, "DCM:111028"))
    measurements = list(_containers(root, "DCM:126010"))
    groups = list(_containers(measurements, "DCM:125007"))
    planar = [group for group in groups if template(group) == "1410"]
    document = Dataset()
    document.ContentSequence = [sr]
    return {
        "document": [document],
        "root": root,
        "library": library,
        "library group": list(_containers(library, "DCM:126200")),
        "measurements": measurements,
        "evaluations": list(_containers(root, "UMLS:C0034375")),
        "group": groups,
        "planar": planar,
        "volumetric": [group for group in groups if template(group) == "1411"],
        "union": [group for group in groups if template(group) == "1501"],
        "score": [
            item for g in groups for item in children(g) if concept(item) == Z_SCORE
        ],
        "region": [
            item for p in planar for item in children(p) if item.ValueType == "SCOORD"
        ],
    }


def children(item: Dataset) -> list[Dataset]:
    """Return the content items directly inside one."""
    return list(item.get("ContentSequence") or [])


def template(item: Dataset) -> str:
    """Return the template identifier of a container, "" without one."""
    sequence = item.get("ContentTemplateSequence")
    return str(sequence[0].TemplateIdentifier) if sequence else ""


def concept(item: Dataset, keyword: str = "ConceptNameCodeSequence") -> str:
    """Return a code as ``scheme:value``, "" without one."""
    sequence = item.get(keyword)
    if not sequence:
        return ""
    return f"{sequence[0].CodingSchemeDesignator}:{sequence[0].CodeValue}"


def held(item: Dataset, path: str) -> bool:
    """Say whether an item has a value at a path of keywords, in its first items."""
    *sequences, keyword = path.split(".")
    for name in sequences:
        sequence = item.get(name)
        if not sequence:
            return False
        item = sequence[0]
    return item.get(keyword) not in (None, "")


def _containers(parents: list[Dataset], code: str) -> Iterator[Dataset]:
    for parent in parents:
        for item in children(parent):
            if item.ValueType == "CONTAINER" and concept(item) == code:
                yield item


def _counts(row: Row, item: Dataset) -> bool:
    return (
        item.ValueType == row.value_type
        and item.get("RelationshipType", "") == row.relationship
        and (not row.codes or concept(item) in row.codes)
        and (not row.values or concept(item, "ConceptCodeSequence") in row.values)
    )


def _broken(row: Row, parent: Dataset) -> bool:
    found = matching(row, parent)
    complete = all(held(item, path) for item in found for path in row.holds)
    return not (row.least <= len(found) <= row.most and complete)
