"""In which character set the text of a study was written, where it does not say so.

Specific Character Set (0008,0005) is believed wherever it can decode the text. Where it
is missing, unknown or wrong, the first of these that can:

1. What the escape sequences of the text name (ISO 2022).
2. A set of several that the header declares, as if its escape sequences were forgotten.
3. UTF-8, from ``TELLING_BYTES`` on: other text of that length hardly ever is valid.
4. The set of the other images of the study, if they agree on one.
5. UTF-8 of fewer bytes. Short text proves nothing: of names of two Chinese characters
   in GB 2312 one in thirty is valid UTF-8 too, and so is one in twenty of four
   Cyrillic capitals in ISO 8859-5. There the images beside it are the better witness.
6. Latin-1, which decodes every byte, so that none is lost.

pydicom alone takes Latin-1 for an undeclared set and replaces what a declared one
cannot decode. The files are left as they are.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection, Sequence
from functools import lru_cache
from itertools import takewhile

from pydicom import DataElement, Dataset
from pydicom.charset import decode_bytes, python_encoding
from pydicom.config import IGNORE
from pydicom.datadict import dictionary_VR
from pydicom.tag import BaseTag, Tag
from pydicom.valuerep import TEXT_VR_DELIMS

from models.volume.headers import quiet, text

TAGS = tuple(
    Tag(keyword)
    for keyword in (
        "PatientName",
        "PatientID",
        "IssuerOfPatientID",
        "AccessionNumber",
        "ReferringPhysicianName",
        "StudyID",
        "StudyDescription",
        "SeriesDescription",
        "ProtocolName",
        "SequenceName",
        "DeidentificationMethod",
    )
)
"""Text that is shown, or written into our objects."""

Encodings = tuple[str, ...]
"""Python codecs of one Specific Character Set: of the text before any escape sequence,
then of those that an escape sequence may name (PS3.5 6.1.2.5)."""

ASCII = frozenset({"", "ISO_IR 6", "ISO 2022 IR 6"})
"""Terms of the default repertoire; pydicom takes them for Latin-1."""

TERM = re.compile(r"ISO[ _-]?(2022)?[ _-]?IR[ _-]?(\d+)")
"""Defined terms (PS3.3 C.12.1.1.2), with the slips of the pen that are met."""

ESCAPABLE: Encodings = (
    "ascii",
    *sorted({c for term, c in python_encoding.items() if term.startswith("ISO 2022")}),
)

ESCAPE = b"\x1b"
CHINESE_FOLLOWS = "\x1b$)A"
"""Designates ISO-IR 58; Python's codec leaves it in the text."""

UTF_8: Encodings = ("utf-8",)

TELLING_BYTES = 8
"""So many bytes beyond ASCII, in all the text of a header, that are valid UTF-8 are
UTF-8. Of random characters of so many bytes in another set, one in 1000 (GB 2312), 400
(ISO 8859-5, capitals) or 9000 (EUC-KR) are valid by chance; of half as many, one in 30,
20 and 120 (drawn 400 000 times each)."""

NO_TEXT = re.compile("[\x1b\x80-\x9f\N{REPLACEMENT CHARACTER}]")
"""What stands in text that was decoded with a wrong set: DICOM has no control
characters beyond ASCII (PS3.5 6.1.3), and UTF-8 read as Latin-1 is full of them."""


@quiet()
def decode_text(datasets: Collection[Dataset]) -> None:
    """Decode the text of the headers of one study, in place.

    Text that is ASCII alone is left to pydicom, as is every element not in ``TAGS``.
    """
    foreign = [(ds, values) for ds in datasets if (values := _foreign(ds))]
    agreed = _agreed(datasets) if foreign else ()
    for dataset, values in foreign:
        declared = encodings_of(_terms(dataset))
        texts = _texts(tuple(values.values()), declared, agreed)
        for tag, decoded in zip(values, texts, strict=True):
            vr = dictionary_VR(tag)
            # Too long or not, it is what the file says: no warning may quote it.
            element = DataElement(tag, vr, decoded, validation_mode=IGNORE)
            dataset[tag] = element


@lru_cache(256)
def encodings_of(terms: tuple[str, ...]) -> Encodings:
    r"""Return the codecs of the values of Specific Character Set, none if unknown.

    >>> encodings_of(("", "ISO 2022 IR 87")), encodings_of(("ISO-IR 144",))
    (('ascii', 'iso2022_jp'), ('iso_ir_144',))
    """
    return tuple(takewhile(bool, map(_encoding, terms)))


def _encoding(term: str) -> str:
    """Return the codec of one term, "" where there is none."""
    term = term.strip().upper()
    if match := TERM.fullmatch(term):
        term = f"{'ISO 2022 IR' if match[1] else 'ISO_IR'} {match[2]}"
    if term in ASCII:
        return "ascii"
    try:
        return python_encoding.get(term) or codecs.lookup(term).name
    except LookupError:
        return ""


def _terms(dataset: Dataset) -> tuple[str, ...]:
    return tuple(text(dataset, "SpecificCharacterSet").split("\\"))


def _foreign(dataset: Dataset) -> dict[BaseTag, bytes]:
    """Return the values of ``TAGS`` that have more than ASCII in them."""
    present = dataset.keys()
    values = {tag: _raw(dataset, tag) for tag in TAGS if tag in present}
    return {
        tag: value
        for tag, value in values.items()
        if ESCAPE in value or not value.isascii()
    }


def _raw(dataset: Dataset, tag: BaseTag) -> bytes:
    """Return the bytes of a value, none where pydicom has decoded it already."""
    value: object = dataset.get_item(tag, keep_deferred=True).value
    return value if isinstance(value, bytes) else b""


def _agreed(datasets: Collection[Dataset]) -> Encodings:
    """Return the one set, beyond ASCII, that decodes every text it is declared for."""
    declared: dict[Encodings, list[bytes]] = {}
    for dataset in datasets:
        encodings = encodings_of(_terms(dataset))
        if encodings not in {(), ("ascii",)}:
            texts = declared.setdefault(encodings, [])
            texts.extend(_foreign(dataset).values())
    proven = [e for e, values in declared.items() if _decoded(values, e) is not None]
    return proven[0] if len(proven) == 1 else ()


def _texts(
    values: Sequence[bytes], declared: Encodings, agreed: Encodings
) -> list[str]:
    alone = ((encoding,) for encoding in declared[1:])
    undeclared = (UTF_8, agreed) if _is_telling(values) else (agreed, UTF_8)
    for encodings in (declared, ESCAPABLE, *alone, *undeclared):
        decoded = _decoded(values, encodings) if encodings else None
        if decoded is not None:
            return decoded
    return [_stripped(value).decode("latin-1") for value in values]


def _is_telling(values: Sequence[bytes]) -> bool:
    """Say whether the text is long enough to be valid UTF-8 by no chance."""
    return sum(byte > 0x7F for byte in b"".join(values)) >= TELLING_BYTES


def _decoded(values: Sequence[bytes], encodings: Encodings) -> list[str] | None:
    """Decode values, all of them or none."""
    try:
        decoded = [_decode(_stripped(value), encodings) for value in values]
    except (LookupError, ValueError):  # no text codec; bytes that it does not have
        return None
    return None if any(map(NO_TEXT.search, decoded)) else decoded


def _decode(value: bytes, encodings: Encodings) -> str:
    if ESCAPE not in value:
        return value.decode(encodings[0])
    decoded = decode_bytes(value, list(encodings), TEXT_VR_DELIMS)
    return decoded.replace(CHINESE_FOLLOWS, "")


def _stripped(value: bytes) -> bytes:
    """Return a value without its padding (PS3.5 6.2)."""
    return value.rstrip(b"\x00 ")
