"""A value that is converted once is the value that each header says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import DataElement, Dataset
from pydicom.charset import convert_encodings
from pydicom.dataelem import RawDataElement
from pydicom.tag import BaseTag, Tag

from models.volume import headers
from models.volume.headers import Values, quiet

RAW = (
    None,
    b"",
    b"1.2",
    b"1\\2 ",
    b"1.5\\-2\\3",
    b"\x01\x00",
    b"\x00\x01",
    b"\xc8\xe2",
    b"nan\\1\\2",
    b"\x1b$B;3ED",
)
KEYWORDS = ("PatientID", "Rows", "PixelSpacing", "InstanceNumber", "SOPInstanceUID")
VRS = (None, "LO", "US", "DS", "IS", "UI", "UN", "SQ")
CHARSETS = ("ISO_IR 100", "ISO_IR 144", "ISO_IR 192", ["", "ISO 2022 IR 87"])
ELEMENTS = st.tuples(st.sampled_from(VRS), st.sampled_from(RAW))


@st.composite
def _header(draw: st.DrawFn) -> tuple[dict[str, Any], bool, bool, Any]:
    elements = draw(st.dictionaries(st.sampled_from(KEYWORDS), ELEMENTS))
    implicit, little = draw(st.booleans()), draw(st.booleans())
    return elements, implicit, little, draw(st.sampled_from(CHARSETS))


def _dataset(header: tuple[dict[str, Any], bool, bool, Any]) -> Dataset:
    """Return a data set as the parser leaves it, nothing converted."""
    elements, implicit, little, charset = header
    raw: dict[BaseTag, DataElement | RawDataElement] = {}
    for place, (keyword, (vr, value)) in enumerate(elements.items()):
        tag = Tag(keyword)
        length = len(value or b"")
        raw[tag] = RawDataElement(tag, vr, length, value, place, implicit, little)
    ds = Dataset(raw)
    ds.set_original_encoding(implicit, little, convert_encodings(charset))
    return ds


@quiet()
def _said(by: Any, ds: Dataset) -> list[Any]:
    return [
        value
        for keyword in KEYWORDS
        for value in (
            by.text(ds, keyword),
            by.valid_uid(ds, keyword),
            by.integer(ds, keyword),
            by.floats(ds, keyword, 2),
            by.floats(ds, keyword, 3),
        )
    ]


@given(st.lists(_header(), max_size=6))
def test_values_are_those_of_each_header_alone(
    study: list[tuple[dict[str, Any], bool, bool, Any]],
) -> None:
    """Of the same bytes in another VR, byte order or character set, too."""
    values = Values()

    together = [_said(values, _dataset(header)) for header in study]

    assert together == [_said(headers, _dataset(header)) for header in study]


def test_a_name_is_read_in_the_character_set_of_its_own_header() -> None:
    """The same two bytes are Cyrillic in one file and Western in the next."""
    said = {"PatientID": ("LO", b"\xc8\xe2")}
    values = Values()

    names = [
        values.text(_dataset((said, False, True, charset)), "PatientID")
        for charset in ("ISO_IR 144", "ISO_IR 100")
    ]

    assert names == ["Шт", "Èâ"]


def test_each_value_is_converted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many slices say the same."""
    converted: list[Dataset] = []
    integer = headers.integer

    def counted(ds: Dataset, keyword: str) -> int | None:
        converted.append(ds)
        return integer(ds, keyword)

    monkeypatch.setattr(headers, "integer", counted)
    slices = [
        _dataset(({"Rows": ("US", b"\x01\x00")}, False, True, "")) for _ in range(3)
    ]
    values = Values()

    assert [values.integer(ds, "Rows") for ds in slices] == [1, 1, 1]
    assert len(converted) == 1
