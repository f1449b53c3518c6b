"""The elements of an encoded data set: where they lie, not what they mean.

Encodings: PS3.5 section 7 and annex A. Whatever the bytes, a walk ends: each step
goes forward, nesting costs no stack, and the number of steps is bounded.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

from node.errors import UnreadableError

ITEM_END = 0xFFFE_E00D
SEQUENCE_END = 0xFFFE_E0DD
ENDS = (ITEM_END, SEQUENCE_END)
UNDEFINED_LENGTH = 0xFFFF_FFFF

LONG_VRS = frozenset(
    b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split()  # PS3.5 7.1.2
)
"""Value representations whose explicit header has a length of four bytes."""

MAX_ELEMENTS = 200_000
"""Elements after which the walk trusts the rest: bounds the time for one object."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How element headers are written; ``order`` of bytes as ``struct`` spells it."""

    implicit: bool
    order: str

    def inside(self, vr: bytes) -> Encoding:
        """Return how elements inside a value of this VR are written."""
        return IMPLICIT if vr == b"UN" else self  # PS3.5 6.2.2


class Element(NamedTuple):
    """Where a value lies, and how elements inside it would be encoded."""

    tag: int
    start: int
    end: int
    inside: Encoding


IMPLICIT = Encoding(implicit=True, order="<")
EXPLICIT = Encoding(implicit=False, order="<")
_ENCODINGS: dict[str, Encoding] = {
    ImplicitVRLittleEndian: IMPLICIT,
    ExplicitVRBigEndian: Encoding(implicit=False, order=">"),
}  # every other transfer syntax is explicit little endian (PS3.5 A.4)


def encoding_of(transfer_syntax_uid: str) -> Encoding:
    """Return how the elements of a data set in this transfer syntax are encoded."""
    return _ENCODINGS.get(transfer_syntax_uid, EXPLICIT)


def elements(data: bytes, encoding: Encoding) -> Iterator[Element]:
    """Yield the elements of one level: of a data set, or the items of a sequence.

    Undefined lengths (sequences, items, encapsulated pixels) are entered and left
    again by their delimiters, without recursion; ``nested`` holds the encoding of
    each open one, and the outermost is yielded when it ends.
    """
    nested = [encoding]
    opened = Element(0, 0, 0, encoding)
    at = 0
    for _ in range(MAX_ELEMENTS):
        if _is_end(data, at):
            break
        tag, vr, start, length = header(data, at, nested[-1])
        inside = nested[-1].inside(vr)
        if length == UNDEFINED_LENGTH and tag not in ENDS:
            if len(nested) == 1:
                opened = Element(tag, start, start, inside)
            nested.append(inside)
            at = start
            continue
        if tag in ENDS:
            nested.pop()
            ended, at = opened._replace(end=at), start
        else:
            ended = Element(tag, start, start + length, inside)
            at = ended.end
        if not nested or at > len(data):
            raise UnreadableError("the data set ends inside an element")
        if len(nested) == 1:
            yield ended
    else:
        return
    if len(nested) > 1:
        raise UnreadableError("the data set ends inside a sequence")


def _is_end(data: bytes, at: int) -> bool:
    """Tell whether nothing but padding follows."""
    return at == len(data) or (len(data) - at < 8 and not any(data[at:]))


def header(data: bytes, at: int, encoding: Encoding) -> tuple[int, bytes, int, int]:
    """Return tag, VR, start of the value and its length for the element at ``at``."""
    order = encoding.order
    try:
        group, element = struct.unpack_from(f"{order}HH", data, at)
        vr = data[at + 4 : at + 6]
        # Some writers put implicit items into explicit private sequences.
        if encoding.implicit or group == 0xFFFE or not is_vr(vr):
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


def is_vr(two: bytes) -> bool:
    """Tell whether two bytes look like a value representation."""
    return len(two) == 2 and two.isalpha() and two.isupper()
