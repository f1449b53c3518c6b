"""What an encoded data set says about itself."""

from __future__ import annotations

import zlib
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
)

from node.equipment import MANUFACTURER, PROCESSING_EQUIPMENT
from node.errors import UnreadableError
from node.inbound.dataset import file_head, identify, open_file
from tests.node.inbound.objects import as_file, build_instance, encoded

SYNTAXES = (
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
)
LIMIT = 1 << 20


def nested(depth: int) -> Dataset:
    """Return an instance with sequences of undefined length before its UIDs."""
    ds = build_instance(PixelData=b"\1\2" * 500, BitsAllocated=8)
    inner = Dataset()
    inner.StudyInstanceUID = "9.9"  # of another study: must not be taken for ours
    for _ in range(depth):
        outer = Dataset()
        outer.ReferencedStudySequence = Sequence([inner])
        outer["ReferencedStudySequence"].is_undefined_length = True
        inner = outer
    ds.ReferencedStudySequence = Sequence([inner])
    ds["ReferencedStudySequence"].is_undefined_length = True
    return ds


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("depth", [0, 1, 5])
def test_identity_is_found_in_every_encoding(syntax: str, depth: int) -> None:
    """UIDs at the top level count, those inside sequences do not."""
    ds = nested(depth)
    ds.file_meta.TransferSyntaxUID = UID(syntax)

    identity = identify(encoded(ds), syntax, LIMIT)

    assert identity.study_instance_uid == ds.StudyInstanceUID
    assert identity.series_instance_uid == ds.SeriesInstanceUID
    assert identity.sop_instance_uid == ds.SOPInstanceUID
    assert identity.sop_class_uid == ds.SOPClassUID


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_no_beginning_of_a_data_set_passes_for_the_whole(syntax: str) -> None:
    """Cut anywhere, a data set is unreadable, or ends between two elements."""
    ds = nested(1)
    ds.file_meta.TransferSyntaxUID = UID(syntax)
    stream = encoded(ds)
    padding = int(syntax == DeflatedExplicitVRLittleEndian)  # PS3.5 A.5
    ends = set()
    for length in range(1, len(stream) - padding):
        try:
            identify(stream[:length], syntax, LIMIT)
        except UnreadableError:
            continue
        ends.add(length)

    assert all(len(stream) - end > 1000 for end in ends)  # before the pixels
    assert len(ends) <= 4


def test_encapsulated_pixels_must_have_their_end() -> None:
    """Fragments are walked to the sequence delimiter."""
    head = encoded(build_instance())
    fragments = (
        b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff"
        b"\xfe\xff\x00\xe0\0\0\0\0"
        b"\xfe\xff\x00\xe0\4\0\0\0abcd"
    )
    end = b"\xfe\xff\xdd\xe0\0\0\0\0"

    identify(head + fragments + end, JPEGBaseline8Bit, LIMIT)
    with pytest.raises(UnreadableError, match="ends inside a sequence"):
        identify(head + fragments, JPEGBaseline8Bit, LIMIT)


def test_an_unknown_element_of_undefined_length_is_implicit_inside() -> None:
    """A sequence that somebody wrote as UN keeps its encoding (PS3.5 6.2.2)."""
    unknown = (
        b"\x09\x00\x10\x10UN\0\0\xff\xff\xff\xff"
        b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
        b"\x08\x00\x60\x00\x55\x4c\x00\x00" + b"x" * 0x4C55 +
        b"\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0"
    )  # fmt: skip
    ds = build_instance()
    stream = encoded(ds)
    series = stream.index(b"\x20\x00\x0d\x00")
    stream = stream[:series] + unknown + stream[series:]

    identity = identify(stream, ExplicitVRLittleEndian, LIMIT)
    assert identity.series_instance_uid == ds.SeriesInstanceUID


def test_a_deflated_data_set_may_not_expand_for_ever() -> None:
    """A few kilobytes that become many megabytes are refused in constant memory."""
    ds = build_instance(
        PixelData=bytes(64 << 20),
        BitsAllocated=8,
        syntax=DeflatedExplicitVRLittleEndian,
    )
    bomb = encoded(ds)
    assert len(bomb) < 1 << 18

    with pytest.raises(UnreadableError, match="expands beyond"):
        identify(bomb, DeflatedExplicitVRLittleEndian, 1 << 20)


def test_a_missing_uid_is_named_by_its_tag() -> None:
    """The reason says which, so that a sender can be mended."""
    ds = build_instance()
    del ds.SeriesInstanceUID

    with pytest.raises(UnreadableError, match=r"no \(0020,000E\)"):
        identify(encoded(ds), ExplicitVRLittleEndian, LIMIT)


@given(st.binary(max_size=400), st.sampled_from(SYNTAXES))
def test_random_bytes_are_unreadable_and_nothing_worse(
    noise: bytes, syntax: str
) -> None:
    """Whatever is sent, the answer is an ``UnreadableError``."""
    with pytest.raises(UnreadableError):
        identify(noise, syntax, LIMIT)


@given(st.binary(max_size=200), st.integers(0, 400))
def test_a_damaged_file_is_unreadable_and_nothing_worse(noise: bytes, at: int) -> None:
    """A file with noise written into it is read or refused, never a crash."""
    content = bytearray(as_file(build_instance()))
    content[at : at + len(noise)] = noise
    try:
        file = open_file(bytes(content))
        identify(file.dataset, file.transfer_syntax_uid, LIMIT)
    except UnreadableError:
        pass


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian]
)
def test_a_bare_data_set_is_recognised(syntax: str) -> None:
    """Without meta information the encoding is seen from the first element."""
    stream = encoded(build_instance(syntax=syntax))

    file = open_file(stream)

    assert file.dataset == stream
    assert file.transfer_syntax_uid == syntax


def test_our_file_meta_information_reads_back() -> None:
    """Pydicom reads the head that is written, and the sender is in it."""
    ds = build_instance()
    identity = identify(encoded(ds), ExplicitVRLittleEndian, LIMIT)
    content = file_head(ExplicitVRLittleEndian, identity, "SCANNER") + encoded(ds)

    read = dcmread(BytesIO(content))

    assert read == ds
    assert read.file_meta.MediaStorageSOPInstanceUID == ds.SOPInstanceUID
    assert read.file_meta.SendingApplicationEntityTitle == "SCANNER"
    assert open_file(content).sending_ae_title == "SCANNER"


def test_nesting_of_any_depth_costs_no_stack() -> None:
    """A data set of a million open sequences is refused, not a RecursionError."""
    opened = b"\x08\x00\x10\x11SQ\0\0\xff\xff\xff\xff" * 50_000

    with pytest.raises(UnreadableError):
        identify(opened, ExplicitVRLittleEndian, LIMIT)


def equipped(
    manufacturer: str = MANUFACTURER,
    purpose: str = PROCESSING_EQUIPMENT,
    syntax: str = ExplicitVRLittleEndian,
    *,
    undefined_length: bool = False,
) -> Dataset:
    """Return an instance with two items of contributing equipment, the last one so."""
    code, ours, scanner = Dataset(), Dataset(), Dataset()
    code.CodeValue, code.CodingSchemeDesignator = purpose, "DCM"
    scanner.Manufacturer = "Somebody"
    ours.Manufacturer = manufacturer
    ours.PurposeOfReferenceCodeSequence = Sequence([code])
    ds = build_instance(syntax=syntax)
    ds.ContributingEquipmentSequence = Sequence([scanner, ours])
    for item, keyword in (
        (ds, "ContributingEquipmentSequence"),
        (ours, "PurposeOfReferenceCodeSequence"),
    ):
        item[keyword].is_undefined_length = undefined_length
    for item in (scanner, ours, code):
        item.is_undefined_length_sequence_item = undefined_length
    return ds


def is_own(ds: Dataset) -> bool:
    """Tell whether the encoded instance is recognised as ours."""
    syntax = ds.file_meta.TransferSyntaxUID
    return identify(encoded(ds), syntax, LIMIT).is_own


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("undefined_length", [True, False])
def test_our_equipment_is_known_in_every_encoding(
    syntax: str, undefined_length: bool
) -> None:
    """An archive may have written the object anew on its way."""
    assert is_own(equipped(syntax=syntax, undefined_length=undefined_length))


@pytest.mark.parametrize(
    ("manufacturer", "purpose"),
    [("Somebody", PROCESSING_EQUIPMENT), (MANUFACTURER, "109101"), ("", "")],
)
def test_equipment_of_others_is_not_ours(manufacturer: str, purpose: str) -> None:
    """Name and purpose must stand in the same item."""
    assert not is_own(equipped(manufacturer, purpose))


def test_our_name_elsewhere_does_not_make_an_object_ours() -> None:
    """Neither as its own manufacturer, nor inside another sequence."""
    ds = build_instance(Manufacturer=MANUFACTURER)
    inner = Dataset()
    inner.ContributingEquipmentSequence = equipped().ContributingEquipmentSequence
    ds.ReferencedStudySequence = Sequence([inner])

    assert not is_own(ds)


def test_equipment_that_goes_on_for_ever_is_not_searched() -> None:
    """The object is an input like any other."""
    ds = equipped()
    scanner, ours = ds.ContributingEquipmentSequence
    ds.ContributingEquipmentSequence = Sequence([*[scanner] * 4000, ours])

    assert not is_own(ds)


def test_damaged_equipment_is_not_ours() -> None:
    """What lies inside a sequence of known length need not be whole."""
    stream = encoded(equipped())
    at = stream.index(b"\xfe\xff\x00\xe0")

    damaged = stream[: at + 4] + b"\x7f" + stream[at + 5 :]

    assert not identify(damaged, ExplicitVRLittleEndian, LIMIT).is_own


def test_data_after_the_deflated_stream_does_no_harm() -> None:
    """A deflated data set is padded to even length (PS3.5 A.5)."""
    ds = build_instance(syntax=DeflatedExplicitVRLittleEndian)
    stream = encoded(ds)
    assert zlib.decompressobj(-15).decompress(stream)

    identity = identify(stream + b"\0", DeflatedExplicitVRLittleEndian, LIMIT)

    assert identity.study_instance_uid == ds.StudyInstanceUID


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize(
    ("written", "read"),
    [("ACC-7", "ACC-7"), ("ACC7", "ACC7"), (" A 1 ", "A 1"), ("", ""), (None, "")],
)
def test_the_accession_number_is_read_in_every_encoding(
    syntax: str, written: str | None, read: str
) -> None:
    """Without its padding; one that is empty or absent is ""."""
    ds = build_instance()
    if "AccessionNumber" in ds:
        del ds.AccessionNumber
    if written is not None:
        ds.AccessionNumber = written
    ds.file_meta.TransferSyntaxUID = UID(syntax)

    identity = identify(encoded(ds), syntax, LIMIT)

    assert identity.accession_number == read
    assert "ACC" not in repr(identity)


@pytest.mark.parametrize(
    ("character_set", "written"),
    [("ISO_IR 144", "Исс 12/3"), ("ISO_IR 192", "検査12"), ("ISO_IR 100", "Prüf7")],
)
def test_an_accession_number_is_read_in_its_character_set(
    character_set: str, written: str
) -> None:
    """Two that differ only in letters that are not ASCII are not one."""
    ds = build_instance()
    ds.SpecificCharacterSet = character_set
    ds.AccessionNumber = written

    identity = identify(encoded(ds), ds.file_meta.TransferSyntaxUID, LIMIT)

    assert identity.accession_number == written


def test_an_accession_number_inside_a_sequence_is_of_something_else() -> None:
    """The request that an image answers may have had another number."""
    ds = build_instance()
    request = Dataset()
    request.AccessionNumber = "OTHER"
    ds.RequestAttributesSequence = Sequence([request])

    found = identify(encoded(ds), ExplicitVRLittleEndian, LIMIT)

    assert found.accession_number == ds.get("AccessionNumber", "")
