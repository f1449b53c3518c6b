"""Text of any character set, declared, undeclared or declared wrongly."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from pydicom import DataElement, Dataset, dcmread
from pydicom.config import IGNORE
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag

from models.volume.charsets import TELLING_BYTES, decode_text, encodings_of
from models.volume.study import StudyHeaders, read_study
from tests.dicom_series import uid, write_series

NAME, CHARSET = Tag("PatientName"), Tag("SpecificCharacterSet")

DECLARED: dict[str, tuple[Sequence[str] | str, bytes, str]] = {
    "Latin": ("ISO_IR 100", "Äneas^Rüdiger".encode("latin-1"), "Äneas^Rüdiger"),
    "Cyrillic": ("ISO_IR 144", "Иванов^Иван".encode("iso8859_5"), "Иванов^Иван"),
    "Arabic": ("ISO_IR 127", "قباني^لنزار".encode("iso8859_6"), "قباني^لنزار"),
    "Greek": ("ISO_IR 126", "Διονυσιος".encode("iso8859_7"), "Διονυσιος"),
    "Hebrew": ("ISO_IR 138", "שרון^דבורה".encode("iso8859_8"), "שרון^דבורה"),
    "Chinese": ("GB18030", "Wang=王^小东".encode("gb18030"), "Wang=王^小东"),
    "a backslash in a byte": ("GB18030", "王^昞".encode("gb18030"), "王^昞"),
    "Japanese": (
        ["", "ISO 2022 IR 87"],
        (
            b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B"
            b"=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B"
        ),
        "Yamada^Tarou=山田^太郎=やまだ^たろう",
    ),
    "half-width kana": (
        ["ISO 2022 IR 13", "ISO 2022 IR 87"],
        b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J",
        "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎",
    ),
    "Korean": (
        ["", "ISO 2022 IR 149"],
        (
            b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7"
            b"=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf"
        ),
        "Hong^Gildong=洪^吉洞=홍^길동",
    ),
    "Chinese by escapes": (
        ["", "ISO 2022 IR 58"],
        b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab=",
        "Zhang^XiaoDong=张^小东",
    ),
    "UTF-8": ("ISO_IR 192", "Wang=王^小東".encode(), "Wang=王^小東"),
}
"""The sets of PS3.5 annexes H to K: Specific Character Set, bytes, name."""

BOTH = {
    "Chinese": ("GB18030", "毛^茅"),
    "Chinese of three": ("GB18030", "毛^茅茅"),
    "Cyrillic": ("ISO_IR 144", "ЮН^ЯН"),
}
"""Specific Character Set, and a name whose bytes in it are UTF-8 of another name."""

WRONG: dict[str, tuple[Sequence[str] | str, bytes, str]] = {
    "UTF-8, undeclared": ("", "Иванов^Иван".encode(), "Иванов^Иван"),
    "UTF-8, said to be ASCII": ("ISO_IR 6", "王^小東".encode(), "王^小東"),
    "UTF-8, said to be Latin": ("ISO_IR 100", "Иванов^Иван".encode(), "Иванов^Иван"),
    "escapes, undeclared": ("", b"\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B", "山田^太郎"),
    "escapes forgotten": (
        ["", "ISO 2022 IR 149"],
        "Hong=洪^吉洞".encode("euc_kr"),
        "Hong=洪^吉洞",
    ),
    "misspelled": ("ISO-IR 144", "Иванов".encode("iso8859_5"), "Иванов"),
    "a name of another trade": ("windows-1251", "Иванов".encode("cp1251"), "Иванов"),
    "no set at all": ("ISO_IR 999", "Müller".encode("latin-1"), "Müller"),
    "no codec of text": ("hex", "Müller".encode("latin-1"), "Müller"),
    "Latin, undeclared": ("", "Müller".encode("latin-1"), "Müller"),
    "not in the declared set": ("GB18030", b"M\xff", "Mÿ"),
}
"""Specific Character Set as somebody wrote it, bytes, the name that was meant."""


def header(charset: Sequence[str] | str | None, name: bytes) -> Dataset:
    """Return a header whose name is still as it lies in the file."""
    ds = Dataset()
    if charset is not None:
        ds[CHARSET] = DataElement(CHARSET, "CS", charset, validation_mode=IGNORE)
    ds[NAME] = RawDataElement(NAME, "PN", len(name), name, 0, False, True)
    return ds


def decoded(*headers: Dataset) -> list[str]:
    """Return the names of the headers of one study."""
    decode_text(headers)
    return [str(ds.PatientName) for ds in headers]


@pytest.mark.parametrize("which", DECLARED)
def test_a_declared_set_is_believed(which: str) -> None:
    """All component groups of a name arrive as they were written."""
    charset, content, name = DECLARED[which]

    assert decoded(header(charset, content)) == [name]


@pytest.mark.parametrize("which", WRONG)
def test_a_set_that_cannot_be_is_replaced(which: str) -> None:
    """By one that decodes the text; where there is none, no byte is lost."""
    charset, content, name = WRONG[which]

    assert decoded(header(charset, content)) == [name]


def test_an_undeclared_set_is_that_of_the_other_images() -> None:
    """A cut-out series often loses the declaration with everything else."""
    content = "Иванов^Иван".encode("iso8859_5")

    assert decoded(header("ISO_IR 144", content), header(None, content)) == [
        "Иванов^Иван",
        "Иванов^Иван",
    ]


@pytest.mark.parametrize("which", BOTH)
def test_a_declared_set_is_believed_where_utf_8_fits_too(which: str) -> None:
    """Some bytes are valid in both; what is declared is not doubted."""
    charset, name = BOTH[which]
    content = name.encode(*encodings_of((charset,)))
    assert content.decode() != name

    assert decoded(header(charset, content)) == [name]


@pytest.mark.parametrize("which", BOTH)
def test_short_text_that_fits_both_is_in_the_set_of_the_other_images(
    which: str,
) -> None:
    """That it is valid UTF-8 is chance; undeclared or declared as ASCII alone."""
    charset, name = BOTH[which]
    codecs = encodings_of((charset,))
    content, other = name.encode(*codecs), "Иван".encode(*codecs)

    for undeclared in (None, "ISO_IR 6"):
        headers = header(undeclared, content), header(charset, other)
        assert decoded(*headers) == [name, "Иван"]


@pytest.mark.parametrize(
    ("name", "wins"),
    [("Щцъ", False), ("王^Дю", False), ("Щцъш", True), ("王^小东", True)],
)
def test_text_of_telling_length_that_is_valid_utf_8_is_utf_8(
    name: str, wins: bool
) -> None:
    """Eight bytes are no chance any more, whatever the other images declare."""
    others = header("GB18030", "王^伟".encode("gb18030"))
    content = name.encode()
    is_telling = sum(byte > 127 for byte in content) >= TELLING_BYTES

    first, _ = decoded(header(None, content), others)

    assert is_telling is wins
    assert first == (name if wins else content.decode("gb18030"))


def test_short_utf_8_is_read_where_nothing_else_is_agreed() -> None:
    """Or where what is agreed has no such text."""
    content = "Дю".encode()

    assert decoded(header(None, content)) == ["Дю"]
    assert decoded(header(None, content), header("ISO_IR 144", b"\xb8")) == ["Дю", "И"]


def test_the_text_of_a_header_is_weighed_together() -> None:
    """Two short values, written by one device, tell as much as one of their length."""
    ds = header(None, "Дю".encode())
    tag = Tag("StudyDescription")
    content = "Щц".encode()
    ds[tag] = RawDataElement(tag, "LO", len(content), content, 0, False, True)

    first, _ = decoded(ds, header("GB18030", "王^伟".encode("gb18030")))

    assert (first, ds.StudyDescription) == ("Дю", "Щц")


def test_images_that_disagree_say_nothing() -> None:
    """Two declared sets are no evidence for either."""
    content = "Иванов".encode("iso8859_5")
    others = [header("ISO_IR 144", content), header("ISO_IR 126", b"Doe")]

    assert decoded(*others, header(None, content))[-1] == content.decode("latin-1")


def test_a_set_that_fails_its_own_text_is_no_evidence() -> None:
    """Declared Chinese, which is no Chinese, beside declared Cyrillic, which is."""
    content = "Иванов".encode("iso8859_5")
    others = [header("ISO_IR 144", content), header("GB18030", b"\xff\xff")]

    assert decoded(*others, header(None, content))[-1] == "Иванов"


def test_ascii_is_left_alone() -> None:
    """Nothing is decoded that pydicom decodes as well."""
    ds = header(None, b"Doe^John")
    decode_text([ds])

    assert ds.get_item(NAME).value == b"Doe^John"


def test_what_was_decoded_before_stays() -> None:
    """A second pass changes nothing."""
    ds = header(None, "Иванов".encode())
    decode_text([ds])
    decode_text([ds])

    assert str(ds.PatientName) == "Иванов"


def test_an_empty_text_of_a_damaged_kind_is_left_alone() -> None:
    """Nobody asks for it here, and who does finds nothing."""
    dataset = Dataset()
    dataset[NAME] = RawDataElement(NAME, "P\xc0", 0, None, 0, False, True)

    decode_text([dataset])


def test_terms_are_read_as_they_are_meant() -> None:
    """Unknown ones end the list: what follows them cannot be told."""
    assert encodings_of(("ISO 2022 IR 6", "ISO_2022_IR_100")) == ("ascii", "latin_1")
    assert encodings_of(("ISO_IR 999", "ISO 2022 IR 100")) == ()


def _study(folder: Path) -> StudyHeaders:
    """Write one series that declares Cyrillic, and a crop that declares nothing."""
    planes, study = np.zeros((2, 4, 4), np.int16), uid("study")
    paths = []
    for description in ("T1", "Crop"):
        paths += write_series(
            folder / description,
            planes,
            study_uid=study,
            description=description,
            SpecificCharacterSet="ISO_IR 144",
            PatientName="Иванов^Иван",
            PatientID="Б-7",
        )
    for path in paths[2:]:
        raw = path.read_bytes()
        element = b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 144"
        assert raw.count(element) == 1
        path.write_bytes(raw.replace(element, b""))
    return read_study(paths)


def test_a_study_is_read_with_the_names_of_its_people(tmp_path: Path) -> None:
    """One patient, whatever one series forgot to declare; the files stay."""
    study = _study(tmp_path)

    assert study.patient_ids == ("Б-7",)
    assert {str(ds.PatientName) for ds in study.datasets.values()} == {"Иванов^Иван"}
    crop = dcmread(next((tmp_path / "Crop").iterdir()))
    assert "SpecificCharacterSet" not in crop
