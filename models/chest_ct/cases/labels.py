"""The table of labels: which studies show something.

Columns ``study_uid``, ``series_uid`` and ``pathology`` (0 or 1); ``age``, ``sex`` and
``patient_id`` where they are known. Any other column is left alone.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REQUIRED = ("study_uid", "series_uid", "pathology")

FILE = "labels.csv"
"""Its name, beside the images."""

VALUES = {"0": False, "1": True}


class LabelError(ValueError):
    """The table cannot be used; one line with the line of the table."""


@dataclass(frozen=True, slots=True)
class Label:
    """A line of the table.

    Attributes
    ----------
    series_uid
        "" where the study's only suitable series is meant.
    patient_id
        "" where the images say who it is.
    """

    study_uid: str
    series_uid: str
    is_positive: bool
    age: str = ""
    sex: str = ""
    patient_id: str = ""


def read_labels(path: Path) -> tuple[Label, ...]:
    """Read the table.

    Raises
    ------
    LabelError
        A column is missing, a value is neither 0 nor 1, a study stands there twice,
        or only some lines say whose study it is.
    """
    labels = read_lines(path)
    _require_once(labels, path.name)
    _require_people(labels, path.name)
    return labels


def read_lines(path: Path) -> tuple[Label, ...]:
    """Read the table, whatever its lines say of each other.

    Raises
    ------
    LabelError
        A column is missing, or a value is neither 0 nor 1.
    """
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = csv.DictReader(stream)
        missing = [name for name in REQUIRED if name not in (rows.fieldnames or ())]
        if missing:
            raise LabelError(f"{path.name} has no column {' and no '.join(missing)}")
        return tuple(_labels(rows, path.name))


def _labels(rows: csv.DictReader[str], table: str) -> Iterator[Label]:
    for row in rows:
        cells = {name: (value or "").strip() for name, value in row.items() if name}
        line = f"{table}, line {rows.line_num}"
        if not cells["study_uid"]:
            raise LabelError(f"{line}: no study_uid")
        if cells["pathology"] not in VALUES:
            raise LabelError(
                f"{line}: pathology is 0 or 1, not {cells['pathology'] or 'empty'}"
            )
        yield Label(
            cells["study_uid"],
            cells["series_uid"],
            VALUES[cells["pathology"]],
            cells.get("age", ""),
            cells.get("sex", ""),
            cells.get("patient_id", ""),
        )


def _require_once(labels: tuple[Label, ...], table: str) -> None:
    """Refuse a study that has two lines: a case is a study, with one label."""
    seen: set[str] = set()
    for label in labels:
        if label.study_uid in seen:
            raise LabelError(
                f"{table}: {label.study_uid} stands there twice; leave the line of the "
                "series that is to be learned from"
            )
        seen.add(label.study_uid)


def _require_people(labels: tuple[Label, ...], table: str) -> None:
    """Refuse a table by which one person may have two names: hers, and the images'."""
    named = sum(bool(label.patient_id) for label in labels)
    if 0 < named < len(labels):
        raise LabelError(
            f"{table}: patient_id stands in {named} of {len(labels)} lines; write it "
            "in all of them, or in none"
        )
