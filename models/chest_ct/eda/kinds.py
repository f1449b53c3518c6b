"""Every kind of thing the analysis can say, in one table.

A *fault* leaves a line of the table, or a file, out: it cannot be learned from, or
would teach something wrong. A *finding* is listed and kept: a person decides.
"""

from __future__ import annotations

from dataclasses import dataclass

from models.chest_ct.cases.found import FEWEST_SLICES, SPACING_MM


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fault or finding.

    Attributes
    ----------
    title
        As a table of the report names it.
    advice
        What a person does about it.
    is_fault
        What it is said of is left out.
    """

    title: str
    advice: str
    is_fault: bool


def _fault(title: str, advice: str) -> Kind:
    return Kind(title, advice, is_fault=True)


def _finding(title: str, advice: str) -> Kind:
    return Kind(title, advice, is_fault=False)


KINDS = {
    "broken_archive": _fault("broken ZIP", "Fetch the ZIP again."),
    "broken_file": _fault(
        "broken file", "Fetch the file again: its series lacks a slice."
    ),
    "unlabelled": _fault(
        "no label", "Write a line for it in labels.csv, or take it away."
    ),
    "labelled_twice": _fault("labelled twice", "Delete one of the two lines."),
    "both_labels": _fault(
        "labelled 0 and 1", "Find out which is right, and keep that line."
    ),
    "no_images": _fault(
        "no images", "Fetch the series, correct its UIDs, or delete the line."
    ),
    "several_series": _fault(
        "several series suit", "Write the one that is meant as series_uid."
    ),
    "series_twice": _fault("series lies there twice", "Take one of the copies away."),
    "not_ct": _fault("not CT", "Name the CT series of the study as series_uid."),
    "few_slices": _fault(
        "too few slices",
        f"Name a series of {FEWEST_SLICES} slices or more, or delete the line.",
    ),
    "slice_spacing": _fault(
        "slice spacing",
        "Name a series with slices {:g} to {:g} mm apart.".format(*SPACING_MM),
    ),
    "geometry": _fault(
        "no regular grid", "Fetch the series again whole, or name another."
    ),
    "pixels": _fault("unreadable pixels", "Fetch the series again."),
    "not_chest": _fault("not a chest", "Name the series of the chest as series_uid."),
    "duplicate": _fault("same pixels", "Keep one: a copy counts twice."),
    "duplicate_contradicts": _fault(
        "same pixels, other label", "Find out which label is right, and keep that one."
    ),
    "one_label": _finding(
        "one label only", "Add studies of the other label: nothing is learned of one."
    ),
    "few_patients": _finding(
        "few patients", "Add patients of that label: a split leaves a part without."
    ),
    "label_leak": _finding(
        "gives the label away",
        "A network will learn this instead of disease. Collect the other label "
        "from the same scanners and the same people.",
    ),
    "two_ids": _finding(
        "one person, two IDs",
        "The cleaned table gives both one patient_id, so that no split divides them.",
    ),
    "two_people": _finding(
        "one ID, two people", "Give each person a patient_id in labels.csv."
    ),
    "same_scan": _finding(
        "same scan again", "It counts twice; keep one series of a scan."
    ),
    "study_twice": _finding(
        "two series of a study", "The study counts twice; keep one of the lines."
    ),
}


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that is said.

    Attributes
    ----------
    kind
        Key of `KINDS`.
    where
        Of what it is said: ``line 3`` of the table, a file, or all of the data.
    detail
        The facts, in words.
    line
        Number of the line, where it is said of one.
    weight
        How striking, among remarks of a kind.
    """

    kind: str
    where: str
    detail: str
    line: int | None = None
    weight: float = 0.0

    @property
    def is_fault(self) -> bool:
        """Whether it leaves something out."""
        return KINDS[self.kind].is_fault


def of_line(kind: str, line: int, detail: str) -> Remark:
    """Return a remark on a line of the table."""
    return Remark(kind, f"line {line}", detail, line)
