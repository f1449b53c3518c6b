"""What an encoded data set says about itself, read without decoding it.

Only element headers are walked, top level to the end, so that four UIDs are known and
a data set that ends inside an element is noticed. Values of pixels are never touched.
Encodings: PS3.5 section 7 and annex A; the file format: PS3.10 section 7.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)
from pynetdicom import PYNETDICOM_IMPLEMENTATION_UID

from node.errors import UnreadableError

SOP_CLASS_UID = 0x0008_0016
SOP_INSTANCE_UID = 0x0008_0018
STUDY_INSTANCE_UID = 0x0020_000D
SERIES_INSTANCE_UID = 0x0020_000E

ITEM_END = 0xFFFE_E00D
SEQUENCE_END = 0xFFFE_E0DD
UNDEFINED_LENGTH = 0xFFFF_FFFF

LONG_VRS = frozenset(
    b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split()  # PS3.5 7.1.2
)
"""Value representations whose explicit header has a length of four bytes."""

MAX_ELEMENTS = 200_000
"""Elements after which the walk trusts the rest: bounds the time for one object."""

INFLATED_HEAD_BYTES = 1 << 20
"""How much of a deflated data set is kept to find the UIDs in."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The UIDs under which a data set belongs, as it says itself."""

    sop_class_uid: str
    sop_instance_uid: str
    study_instance_uid: str
    series_instance_uid: str


@dataclass(frozen=True, slots=True)
class FileContent:
    """A DICOM file taken apart: its data set, and what its meta information says."""

    dataset: bytes
    transfer_syntax_uid: str
    sending_ae_title: str


@dataclass(frozen=True, slots=True)
class _Encoding:
    implicit: bool
    order: str  # of bytes, as struct spells it


_IMPLICIT = _Encoding(implicit=True, order="<")
_EXPLICIT = _Encoding(implicit=False, order="<")
_ENCODINGS: dict[str, _Encoding] = {
    ImplicitVRLittleEndian: _IMPLICIT,
    ExplicitVRBigEndian: _Encoding(implicit=False, order=">"),
}  # every other transfer syntax is explicit little endian (PS3.5 A.4)


def identify(dataset: bytes, transfer_syntax_uid: str, max_bytes: int) -> Identity:
    """Return the identity of an encoded data set, and prove that it is whole.

    Parameters
    ----------
    dataset
        The data set as sent, without file meta information.
    transfer_syntax_uid
        Its transfer syntax.
    max_bytes
        Largest size to which a deflated data set may expand.

    Raises
    ------
    UnreadableError
        It is no data set, ends inside an element, expands beyond ``max_bytes``, or
        one of its four UIDs is missing.
    """
    encoding = _ENCODINGS.get(transfer_syntax_uid, _EXPLICIT)
    if transfer_syntax_uid == DeflatedExplicitVRLittleEndian:
        found = _uids(_inflated_head(dataset, max_bytes), encoding, whole=False)
    else:
        found = _uids(dataset, encoding, whole=True)
    try:
        return Identity(
            found[SOP_CLASS_UID],
            found[SOP_INSTANCE_UID],
            found[STUDY_INSTANCE_UID],
            found[SERIES_INSTANCE_UID],
        )
    except KeyError as missing:
        tag = missing.args[0]
        raise UnreadableError(
            f"the data set has no ({tag >> 16:04X},{tag & 0xFFFF:04X})"
        ) from None


def open_file(content: bytes) -> FileContent:
    """Take a DICOM file apart; a bare data set is accepted as well.

    Raises
    ------
    UnreadableError
        It is neither.
    """
    at = 132 if content[128:132] == b"DICM" else 0
    syntax = sender = ""
    while content[at : at + 2] == b"\x02\x00":
        tag, _, start, length = _header(content, at, _EXPLICIT)
        at = start + length
        value = content[start:at].decode("ascii", "replace").strip("\0 ")
        if tag == 0x0002_0010:
            syntax = value
        elif tag == 0x0002_0017:
            sender = value
    dataset = content[at:]
    return FileContent(dataset, syntax or _guessed_syntax(dataset), sender)


def file_head(
    transfer_syntax_uid: str, identity: Identity, sending_ae_title: str
) -> bytes:
    """Return preamble and file meta information (PS3.10 7.1) for a data set."""
    elements = b"".join(
        (
            struct.pack("<HH2s2xI", 0x0002, 0x0001, b"OB", 2) + b"\x00\x01",
            _text(0x0002, b"UI", identity.sop_class_uid),
            _text(0x0003, b"UI", identity.sop_instance_uid),
            _text(0x0010, b"UI", transfer_syntax_uid),
            _text(0x0012, b"UI", PYNETDICOM_IMPLEMENTATION_UID),
            _text(0x0017, b"AE", sending_ae_title),
        )
    )
    length = struct.pack("<HH2sHI", 0x0002, 0x0000, b"UL", 4, len(elements))
    return bytes(128) + b"DICM" + length + elements


def _text(element: int, vr: bytes, value: str) -> bytes:
    raw = value.encode("ascii", "replace")
    raw += (b"\0" if vr == b"UI" else b" ") * (len(raw) % 2)
    return struct.pack("<HH2sH", 0x0002, element, vr, len(raw)) + raw


def _guessed_syntax(dataset: bytes) -> str:
    """Return the transfer syntax of a data set that nobody names."""
    if dataset[:1] == b"\0":
        return str(ExplicitVRBigEndian)
    return str(
        ExplicitVRLittleEndian if _is_vr(dataset[4:6]) else ImplicitVRLittleEndian
    )


def _uids(data: bytes, encoding: _Encoding, *, whole: bool) -> dict[int, str]:
    wanted = (SOP_CLASS_UID, SOP_INSTANCE_UID, STUDY_INSTANCE_UID, SERIES_INSTANCE_UID)
    found = {}
    try:
        for tag, start, end in _top_level(data, encoding):
            if tag in wanted and start < end:
                found[tag] = data[start:end].decode("ascii", "replace").strip("\0 ")
    except UnreadableError:
        if whole or len(found) < len(wanted):
            raise
    return found


def _top_level(data: bytes, encoding: _Encoding) -> Iterator[tuple[int, int, int]]:
    """Yield tag, start and end of every top-level value of defined length.

    Undefined lengths (sequences, items, encapsulated pixels) are entered and left
    again by their delimiters; ``nested`` holds the encoding of each open one.
    """
    nested = [encoding]
    at = 0
    for _ in range(MAX_ELEMENTS):
        if at == len(data) or (len(data) - at < 8 and not any(data[at:])):
            break
        tag, vr, start, length = _header(data, at, nested[-1])
        if tag in (ITEM_END, SEQUENCE_END):
            at = start
            nested.pop()
        elif length == UNDEFINED_LENGTH:
            at = start
            nested.append(_IMPLICIT if vr == b"UN" else nested[-1])  # PS3.5 6.2.2
        else:
            at = start + length
            if at > len(data):
                raise UnreadableError("the data set ends inside an element")
            if len(nested) == 1:
                yield tag, start, at
        if not nested:
            raise UnreadableError("the data set ends a sequence that it never began")
    else:
        return
    if len(nested) > 1:
        raise UnreadableError("the data set ends inside a sequence")


def _header(data: bytes, at: int, encoding: _Encoding) -> tuple[int, bytes, int, int]:
    """Return tag, VR, start of the value and its length for the element at ``at``."""
    order = encoding.order
    try:
        group, element = struct.unpack_from(f"{order}HH", data, at)
        vr = data[at + 4 : at + 6]
        # Some writers put implicit items into explicit private sequences.
        if encoding.implicit or group == 0xFFFE or not _is_vr(vr):
            vr, start = b"", at + 8
            (length,) = struct.unpack_from(f"{order}I", data, at + 4)
        elif vr in LONG_VRS:
            start = at + 12
            (length,) = struct.unpack_from(f"{order}I", data, at + 8)
        else:
            start = at + 8
            (length,) = struct.unpack_from(f"{order}H", data, at + 6)
    except struct.error:
        raise UnreadableError("the data set ends inside an element") from None
    return group << 16 | element, vr, start, length


def _is_vr(two: bytes) -> bool:
    return len(two) == 2 and two.isalpha() and two.isupper()


def _inflated_head(deflated: bytes, max_bytes: int) -> bytes:
    """Inflate to the end, keep the beginning, stop at ``max_bytes``."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    head, total, left = b"", 0, deflated
    try:
        while not inflater.eof:
            part = inflater.decompress(left, INFLATED_HEAD_BYTES)
            left = inflater.unconsumed_tail
            total += len(part)
            head = head or part
            if total > max_bytes:
                raise UnreadableError(f"the data set expands beyond {max_bytes} bytes")
            if not part and not inflater.eof:
                raise UnreadableError("the deflated data set is cut off")
    except zlib.error:
        raise UnreadableError("the data set is not deflated") from None
    return head
