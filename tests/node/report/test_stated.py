"""What of a source's text may stand in our objects."""

from __future__ import annotations

from typing import Any

import pytest
from pydicom import DataElement, Dataset
from pydicom.config import IGNORE
from pydicom.datadict import dictionary_VR

from node.report.stated import stated


@pytest.mark.parametrize(
    ("keyword", "said", "expected"),
    [
        ("PatientID", " 0815 ", "0815"),
        ("PatientID", ["1", "2"], "1"),
        ("PatientID", ["", "2"], ""),
        ("PatientID", "12\r\n34", "12 34"),
        ("PatientID", "9" * 80, "9" * 64),
        ("StudyID", "1" * 15 + " 2", "1" * 15),
        ("StudyDescription", "a\tb\x7f\x85", "a b"),
        ("PatientName", ["A^B", "C^D"], "A^B"),
        ("PatientName", "A" * 300, "A" * 64),
        ("PatientName", "A^B^C^D^E^F=G=H=I", "A^B^C^D^E=G=H"),
        ("PatientName", "A" * 80 + "=" + "毛" * 80, "A" * 64 + "=" + "毛" * 64),
        ("PatientName", "Doe^\nJohn", "Doe^ John"),
        ("PatientSex", None, ""),
    ],
)
def test_one_value_as_its_representation_allows(
    keyword: str, said: Any, expected: str
) -> None:
    """The first, without control characters, no longer than PS3.5 6.2 says."""
    source = Dataset()
    vr = dictionary_VR(keyword)
    source[keyword] = DataElement(keyword, vr, said, validation_mode=IGNORE)

    assert stated(source, keyword) == expected


def test_what_is_absent_is_empty() -> None:
    """As what is there without a value."""
    assert stated(Dataset(), "PatientID") == ""
