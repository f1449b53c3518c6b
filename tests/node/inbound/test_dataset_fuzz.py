"""Whatever is sent, reading it says ``UnreadableError`` or an identity, and soon."""

from __future__ import annotations

import struct
import time
import zlib
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from node.equipment import MANUFACTURER, PROCESSING_EQUIPMENT
from node.errors import UnreadableError
from node.inbound.dataset import Identity, identify, open_file
from tests.node.inbound.objects import as_file, build_instance, encoded

LIMIT = 1 << 31
SYNTAXES = (
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
)


def rich_file(syntax: str) -> bytes:
    """Return a file with sequences of known and of unknown length, and pixels."""
    code, equipment = Dataset(), Dataset()
    code.CodeValue, code.CodingSchemeDesignator = PROCESSING_EQUIPMENT, "DCM"
    equipment.Manufacturer = MANUFACTURER
    equipment.PurposeOfReferenceCodeSequence = Sequence([code])
    ds = build_instance(syntax=syntax, PixelData=bytes(64), BitsAllocated=8)
    ds.ContributingEquipmentSequence = Sequence([equipment])
    ds["ContributingEquipmentSequence"].is_undefined_length = True
    ds.ReferencedStudySequence = Sequence([Dataset(), Dataset()])
    return as_file(ds)


FILES = [rich_file(syntax) for syntax in SYNTAXES]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Draw a good file with bytes flipped, a piece taken out or doubled, and cut."""
    content = bytearray(draw(st.sampled_from(FILES)))
    place = st.integers(0, len(content) - 1)
    for at in draw(st.lists(place, max_size=6)):
        content[at] = draw(
            st.sampled_from([0, 0xFF, content[at] ^ 1, content[at] ^ 128])
        )
    start, length = draw(place), draw(st.integers(0, 40))
    piece = content[start : start + length]
    content[start : start + length] = piece * draw(st.integers(0, 3))
    return bytes(content[: draw(st.one_of(st.none(), place))])


def read(content: bytes) -> Identity | None:
    """Return what a file says it is; None when it is unreadable."""
    try:
        file = open_file(content)
        return identify(file.dataset, file.transfer_syntax_uid, LIMIT)
    except UnreadableError:
        return None


@pytest.mark.parametrize("content", FILES, ids=[s.name for s in SYNTAXES])
def test_the_undamaged_file_is_read(content: bytes) -> None:
    """And known as one of ours, so that the damage can hit that too."""
    identity = read(content)

    assert identity is not None
    assert identity.is_own


@settings(max_examples=600)
@given(damaged())
def test_a_damaged_file_is_read_or_unreadable_and_nothing_else(content: bytes) -> None:
    """No other exception."""
    read(content)


def took_s(dataset: bytes, syntax: str) -> float:
    """Return the seconds that it takes to read a data set or to refuse it."""
    begun = time.monotonic()
    with suppress(UnreadableError):
        identify(dataset, syntax, LIMIT)
    return time.monotonic() - begun


def test_a_thousand_sequences_of_equipment_are_not_all_searched() -> None:
    """An element occurs once: 64 MB of them took 18 seconds."""
    item = struct.pack("<HHI", 0xFFFE, 0xE000, 0)
    head = struct.pack("<HH2sHI", 0x0018, 0xA001, b"SQ", 0, 8000 * len(item))
    endless = encoded(build_instance()) + (head + item * 8000) * 1000

    assert took_s(endless, ExplicitVRLittleEndian) < 3


def test_what_inflating_has_not_come_to_is_not_copied_over_and_over() -> None:
    """Stored without compression, 96 MB took seconds, and 2 GB many minutes."""
    ds = encoded(build_instance(PixelData=bytes(96 << 20), BitsAllocated=8))
    deflater = zlib.compressobj(0, wbits=-zlib.MAX_WBITS)
    deflated = deflater.compress(ds) + deflater.flush()

    assert took_s(deflated, DeflatedExplicitVRLittleEndian) < 1


@pytest.mark.parametrize(
    "opened",
    [
        struct.pack("<HH2sHI", 0x0040, 0xA730, b"SQ", 0, 0xFFFFFFFF),
        struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF),
        struct.pack("<HH2sHI", 0x0009, 0x1001, b"UN", 0, 0xFFFFFFFF),
        struct.pack("<HH2sH", 0x0009, 0x1001, b"LO", 0),
        struct.pack("<HHI", 0xFFFE, 0xE00D, 0),
    ],
    ids=["sequence", "item", "unknown", "empty", "end"],
)
def test_a_million_headers_end_soon(opened: bytes) -> None:
    """The walk is bounded, however many elements follow one another or nest."""
    assert took_s(opened * 1_000_000, ExplicitVRLittleEndian) < 3
