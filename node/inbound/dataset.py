"""What an encoded data set says about itself, read without decoding it.

Its elements are walked, top level to the end, so that four UIDs are known, an object of
our own is recognised, and a data set that ends inside an element is noticed. Values of
pixels are never touched. The file format is that of PS3.10 section 7.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pydicom.charset import convert_encodings, decode_bytes
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)
from pynetdicom import PYNETDICOM_IMPLEMENTATION_UID

from node.equipment import MANUFACTURER, PROCESSING_EQUIPMENT
from node.errors import UnreadableError
from node.inbound.elements import (
    EXPLICIT,
    Encoding,
    elements,
    encoding_of,
    header,
    is_vr,
)

SOP_CLASS_UID = 0x0008_0016
SOP_INSTANCE_UID = 0x0008_0018
STUDY_INSTANCE_UID = 0x0020_000D
SERIES_INSTANCE_UID = 0x0020_000E
STUDY_DATE = 0x0008_0020
ACCESSION_NUMBER = 0x0008_0050
PATIENT_ID = 0x0010_0020
SPECIFIC_CHARACTER_SET = 0x0008_0005
UIDS = (SOP_CLASS_UID, SOP_INSTANCE_UID, STUDY_INSTANCE_UID, SERIES_INSTANCE_UID)
WANTED = (
    *UIDS,
    STUDY_DATE,
    ACCESSION_NUMBER,
    PATIENT_ID,
    SPECIFIC_CHARACTER_SET,
)

CONTRIBUTING_EQUIPMENT = 0x0018_A001
MANUFACTURER_TAG = 0x0008_0070
PURPOSE_OF_REFERENCE = 0x0040_A170
CODE_VALUE = 0x0008_0100

MAX_META_ELEMENTS = 1000
"""Elements of file meta information; PS3.10 7.1 knows fifteen."""

MAX_UID_BYTES = 64  # PS3.5 9.1

MAX_EQUIPMENT_BYTES = 1 << 16
"""A longer Contributing Equipment Sequence is not searched: ours has one item."""

INFLATED_HEAD_BYTES = 1 << 20
"""How much of a deflated data set is kept to find the UIDs in."""

DEFLATED_PART_BYTES = 1 << 16
"""How much is inflated at once: zlib copies what it has not yet come to."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The UIDs under which a data set belongs, as it says itself.

    Attributes
    ----------
    is_own
        Whether a node of this kind made the object: its Contributing Equipment
        Sequence names us.
    accession_number, patient_id, study_date
        "" when it has none.
    """

    sop_class_uid: str
    sop_instance_uid: str
    study_instance_uid: str
    series_instance_uid: str
    is_own: bool = False
    accession_number: str = field(default="", repr=False)
    patient_id: str = field(default="", repr=False, compare=False)
    study_date: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class FileContent:
    """A DICOM file taken apart: its data set, and what its meta information says."""

    dataset: bytes
    transfer_syntax_uid: str
    sending_ae_title: str


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
    encoding = encoding_of(transfer_syntax_uid)
    whole = transfer_syntax_uid != DeflatedExplicitVRLittleEndian
    data = dataset if whole else _inflated_head(dataset, max_bytes)
    return _identity(*_read(data, encoding, whole=whole))


def _identity(values: Mapping[int, str], is_own: bool) -> Identity:
    for tag in UIDS:
        if tag not in values:
            name = f"({tag >> 16:04X},{tag & 0xFFFF:04X})"
            raise UnreadableError(f"the data set has no {name}")
    sop_class, sop_instance, study, series = (values[tag] for tag in UIDS)
    character_set = values.get(SPECIFIC_CHARACTER_SET, "")
    accession, patient = (
        _decoded(values.get(tag, ""), character_set)
        for tag in (ACCESSION_NUMBER, PATIENT_ID)
    )
    uids = sop_class, sop_instance, study, series
    return Identity(*uids, is_own, accession, patient, values.get(STUDY_DATE, ""))


def identify_head(content: bytes) -> Identity:
    """Return the identity that the beginning of a DICOM file tells.

    Whether the rest of it is whole is not known then.

    Raises
    ------
    UnreadableError
        It is no DICOM file, or its UIDs lie further behind.
    """
    if content[128:132] != b"DICM":
        raise UnreadableError("it is no DICOM file")
    file = open_file(content)
    data = file.dataset
    if file.transfer_syntax_uid == DeflatedExplicitVRLittleEndian:
        data = next(_inflated(data), b"")
    return _identity(*_read(data, encoding_of(file.transfer_syntax_uid), whole=False))


def open_file(content: bytes) -> FileContent:
    """Take a DICOM file apart; a bare data set is accepted as well.

    Raises
    ------
    UnreadableError
        It is neither.
    """
    at = 132 if content[128:132] == b"DICM" else 0
    syntax = sender = ""
    for _ in range(MAX_META_ELEMENTS):
        if content[at : at + 2] != b"\x02\x00":
            break
        tag, _, start, length = header(content, at, EXPLICIT)
        at = start + length
        if tag == 0x0002_0010:
            syntax = _value(content, start, at)
        elif tag == 0x0002_0017:
            sender = _value(content, start, at)
    else:
        raise UnreadableError("the file meta information does not end")
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
        ExplicitVRLittleEndian if is_vr(dataset[4:6]) else ImplicitVRLittleEndian
    )


def _read(
    data: bytes, encoding: Encoding, *, whole: bool
) -> tuple[dict[int, str], bool]:
    """Return UIDs and other short values by tag, and whether the object is our own.

    When ``data`` is only the beginning of a data set it may end anywhere, provided
    that the UIDs are there.
    """
    values: dict[int, str] = {}
    is_own: bool | None = None  # an element occurs once: no other is searched
    try:
        for tag, start, end, inside in elements(data, encoding):
            if tag in WANTED and start < end:
                values[tag] = _value(data, start, end)
            elif tag == CONTRIBUTING_EQUIPMENT and is_own is None:
                is_own = _names_us(data[start:end], inside)
    except UnreadableError:
        if whole or not values.keys() >= set(UIDS):
            raise
    return values, bool(is_own)


def _value(data: bytes, start: int, end: int) -> str:
    """Return a short value as text; of a longer one only as much as proves it."""
    raw = data[start : min(end, start + MAX_UID_BYTES + 1)]
    return raw.decode("latin-1").strip("\0 ")


def _decoded(value: str, character_set: str) -> str:
    """Return a text as its character set says (PS3.5 6.1); of UIDs it is all one."""
    encodings = convert_encodings(character_set.split("\\"))
    raw = value.encode("latin-1")
    try:
        return decode_bytes(raw, encodings, set()).strip("\0 ")
    except (LookupError, UnicodeError):
        return value


def _names_us(sequence: bytes, encoding: Encoding) -> bool:
    """Tell whether an item of a Contributing Equipment Sequence is ours."""
    if len(sequence) > MAX_EQUIPMENT_BYTES:
        return False
    try:
        return any(
            _is_ours(sequence[item.start : item.end], item.inside)
            for item in elements(sequence, encoding)
        )
    except UnreadableError:
        return False


def _is_ours(item: bytes, encoding: Encoding) -> bool:
    """Tell whether one item of equipment bears our mark (``node.equipment``)."""
    manufacturer, purposes = "", set()
    for tag, start, end, inside in elements(item, encoding):
        if tag == MANUFACTURER_TAG:
            manufacturer = _value(item, start, end)
        elif tag == PURPOSE_OF_REFERENCE:
            purposes |= _code_values(item[start:end], inside)
    return manufacturer == MANUFACTURER and PROCESSING_EQUIPMENT in purposes


def _code_values(sequence: bytes, encoding: Encoding) -> set[str]:
    """Return the Code Values in a code sequence."""
    return {
        _value(sequence, item.start + code.start, item.start + code.end)
        for item in elements(sequence, encoding)
        for code in elements(sequence[item.start : item.end], item.inside)
        if code.tag == CODE_VALUE
    }


def _inflated_head(deflated: bytes, max_bytes: int) -> bytes:
    """Inflate to the end, keep the beginning, stop at ``max_bytes``."""
    head, total = b"", 0
    for part in _inflated(deflated):
        head = head or part
        total += len(part)
        if total > max_bytes:
            raise UnreadableError(f"the data set expands beyond {max_bytes} bytes")
    return head


def _inflated(deflated: bytes) -> Iterator[bytes]:
    """Yield what was deflated in parts of bounded size; what follows it is padding."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for start in range(0, len(deflated), DEFLATED_PART_BYTES):
            left = deflated[start : start + DEFLATED_PART_BYTES]
            while left and not inflater.eof:
                part = inflater.decompress(left, INFLATED_HEAD_BYTES)
                left = inflater.unconsumed_tail
                yield part
        while not inflater.eof:
            part = inflater.decompress(b"", INFLATED_HEAD_BYTES)
            if not part and not inflater.eof:
                raise UnreadableError("the deflated data set is cut off")
            yield part
    except zlib.error:
        raise UnreadableError("the data set is not deflated") from None
