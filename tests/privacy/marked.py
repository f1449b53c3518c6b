"""A patient whose every identifier is found again wherever it turns up.

Nothing here is a word, a number or a UID that occurs by itself. What must not be found
is in ``IDENTIFIERS`` (docs/promises.md 9: names, patient IDs, birth dates, accession
numbers, input paths) and, where only hashes may stand, ``UID_MARK`` as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset

from tests.dicom_series import write_series

UID_MARK = "7391846520"
NAMED_FOLDER = "Qwertzina_Zyxwvut_1931"
"""Folders of input are named after patients; this one and all below it."""

PERSON: Mapping[str, str] = {
    "PatientName": "Zyxwvut^Qwertzina",
    "PatientID": "PID-5550417",
    "PatientBirthDate": "19310713",
    "OtherPatientNames": "Asdfghj^Qwertzina",
    "OtherPatientIDs": "OTHER-6660417",
    "PatientAddress": "Yxcvbnm Street 4711",
    "AccessionNumber": "ACC-7770417",
    "ReferringPhysicianName": "Physicxq^Hjkluio",
    "OperatorsName": "Operatxq^Hjkluio",
    "InstitutionName": "Hospitalxq",
    "PatientComments": "Zyxwvut came with Asdfghj",
}

IDENTIFIERS = (
    *("zyxwvut", "qwertzina", "asdfghj", "5550417", "6660417", "7770417", "yxcvbnm"),
    *("19310713", "1931-07-13", "physicxq", "operatxq", "hjkluio", "hospitalxq"),
    "doe^john",  # in the errors that the stand-in model raises
)
"""In lower case; looked for in any case."""


def found(text: str, *, uids: bool = True) -> set[str]:
    """Return the identifiers that stand in a text.

    Parameters
    ----------
    uids
        Whether a UID in full is one as well.
    """
    lower = text.lower()
    marks = (*IDENTIFIERS, UID_MARK) if uids else IDENTIFIERS
    return {mark for mark in marks if mark in lower}


def write_study(folder: Path, number: int, description: str, **tags: Any) -> list[Path]:
    """Write one series of three slices of the marked patient as study ``number``."""
    noise = np.random.default_rng(number).integers(0, 200, (3, 16, 16), np.int16)
    study = f"2.25.{UID_MARK}{number}"
    paths = write_series(
        folder,
        noise,
        description=description,
        study_uid=study,
        series_uid=f"{study}1",
        **{**PERSON, **tags},
    )
    for index, path in enumerate(paths):
        change(path, SOPInstanceUID=f"{study}1{index}")
    return paths


def study_uid(number: int) -> str:
    """Return the UID of study ``number``."""
    return f"2.25.{UID_MARK}{number}"


def change(path: Path, **tags: Any) -> Path:
    """Set elements of a file by keyword."""
    ds = dcmread(path)
    for keyword, value in tags.items():
        setattr(ds, keyword, value)
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.save_as(path)
    return path


def datasets(paths: Iterable[Path]) -> list[Dataset]:
    """Read files."""
    return [dcmread(path) for path in paths]
