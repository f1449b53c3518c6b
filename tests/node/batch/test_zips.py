"""What a ZIP claims is bounded before it is believed."""

from __future__ import annotations

import io
import os
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.batch import zips
from node.batch.zips import (
    Archive,
    ZipRefusedError,
    entries,
    opened,
    parts_of,
    reading,
)
from tests.hostile.zips import packed
from tests.node.batch.zipped import images, write_zip


def refusal_of(path: Path) -> str:
    """Return the reason code with which a ZIP is refused; "" when it is not."""
    archive = Archive.at(path)
    try:
        with opened(archive) as file:
            entries(file, archive)
    except ZipRefusedError as error:
        return error.reason
    return ""


def entry(name: str, flag_bits: int = 0) -> zipfile.ZipInfo:
    """Return an entry of a ZIP as it is read there."""
    made = zipfile.ZipInfo(name)
    made.flag_bits = flag_bits
    return made


@given(st.text("./\\ab:é", max_size=40))
def test_no_name_leads_anywhere(name: str) -> None:
    """Whatever a file is called, the parts of its name only go down."""
    parts = parts_of(entry(name))

    assert not {"", ".", ".."} & set(parts)
    assert not any("/" in part or "\\" in part for part in parts)
    assert not Path(*parts).is_absolute()


@pytest.mark.parametrize(
    ("written", "code_page"),
    [("Пётр/снимок.dcm", "cp866"), ("Пётр/снимок.dcm", "utf-8"), ("été.dcm", "cp437")],
)
def test_a_name_is_read_in_the_code_page_that_wrote_it(
    written: str, code_page: str
) -> None:
    """A ZIP does not say which it is, unless it is UTF-8 by the rule."""
    misread = written.encode(code_page).decode("cp437")

    assert parts_of(entry(misread)) == tuple(written.split("/"))
    assert parts_of(entry(written, zips.UTF8)) == tuple(written.split("/"))


def test_a_name_that_is_not_what_it_says_refuses_the_zip(tmp_path: Path) -> None:
    """It claims to be UTF-8."""
    content = packed({"é.dcm": b"image"}).replace("é".encode(), b"\xff\xff")
    (tmp_path / "a.zip").write_bytes(content)

    assert refusal_of(tmp_path / "a.zip") == "zip_damaged"


def test_a_zip_of_too_many_files_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By their number, or before that by the length of its directory."""
    path = write_zip(tmp_path / "a.zip", {f"{n:040}": b"" for n in range(2000)})
    assert refusal_of(path) == ""

    with monkeypatch.context() as patched:
        patched.setattr(zips, "MAX_ENTRIES", 1999)
        assert refusal_of(path) == "zip_too_many_files"
    monkeypatch.setattr(zips, "MAX_DIRECTORY_BYTES", 1 << 16)
    assert refusal_of(path) == "zip_too_many_files"


def test_a_directory_that_claims_to_be_endless_is_not_read(tmp_path: Path) -> None:
    """Nothing of it is taken into memory."""
    content = bytearray(packed({"a": b"b"}))
    struct.pack_into("<I", content, len(content) - 10, (1 << 32) - 2)
    (tmp_path / "a.zip").write_bytes(content)

    assert refusal_of(tmp_path / "a.zip") in {"zip_damaged", "zip_too_many_files"}


def test_empty_images_are_no_bomb(tmp_path: Path) -> None:
    """Deflate packs them a thousand to one."""
    path = write_zip(tmp_path / "a.zip", {f"{n}": bytes(1 << 20) for n in range(8)})

    assert path.stat().st_size < 8 << 12
    assert refusal_of(path) == ""


def test_what_claims_more_than_it_can_hold_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond a modest size, so many times its own size counts."""
    monkeypatch.setattr(zips, "MODEST_BYTES", 1 << 20)

    zeros = write_zip(tmp_path / "zeros.zip", {"a": bytes(2 << 20)})
    noise = write_zip(tmp_path / "noise.zip", {"a": os.urandom(2 << 20)})

    assert refusal_of(zeros) == "zip_bomb"
    assert refusal_of(noise) == ""


def test_a_zip_that_was_replaced_meanwhile_is_not_taken_for_the_first(
    tmp_path: Path,
) -> None:
    """What was found in it may not be there any more."""
    path = write_zip(tmp_path / "a.zip", images())
    archive = Archive.at(path)
    os.utime(path, ns=(1, 1))

    with pytest.raises(FileNotFoundError), opened(archive):
        pass


def test_a_zip_that_was_to_be_split_and_was_not_is_an_ordinary_one(
    tmp_path: Path,
) -> None:
    """It begins with a mark of its own."""
    content = io.BytesIO(b"PK00")
    content.seek(4)
    with zipfile.ZipFile(content, "a") as file:
        file.writestr("a", b"b")
    (tmp_path / "a.zip").write_bytes(content.getvalue())

    assert refusal_of(tmp_path / "a.zip") == ""


def test_a_zip_behind_another_one_is_refused(tmp_path: Path) -> None:
    """What the first one holds stands in no directory: it would be lost in silence."""
    first, second, none = packed({"a": b"1"}), packed({"b": b"2"}), packed({})

    for number, content in enumerate((first + second, first + none, none + second)):
        (tmp_path / f"{number}.zip").write_bytes(content)
        assert refusal_of(tmp_path / f"{number}.zip") == "zip_preamble"


def test_a_file_that_stands_in_no_directory_refuses_the_zip(tmp_path: Path) -> None:
    """Between two others, or behind the last: it may be an image."""
    files = {name: os.urandom(5000) for name in "abc"}
    content = packed(files, zipfile.ZIP_STORED)
    assert refusal_of(written(tmp_path, content)) == ""

    for name in "bc":
        assert refusal_of(written(tmp_path, unlisted(content, name))) == "zip_damaged"


def test_a_gap_in_which_no_file_begins_is_nothing(tmp_path: Path) -> None:
    """Some writers align what they pack."""
    content = packed(
        {name: os.urandom(5000) for name in "abc"}, zipfile.ZIP_STORED
    ).replace(b"PK\3\4", b"\0\0\0\0")
    content = b"PK\3\4" + content[4:]

    assert refusal_of(written(tmp_path, unlisted(content, "b"))) == ""


@pytest.mark.parametrize("offset", [1 << 62, (1 << 63) - 1, (1 << 64) - 1])
def test_a_file_that_lies_beyond_the_zip_is_damaged_alone(
    tmp_path: Path, offset: int
) -> None:
    """The others can be read."""
    path = write_zip(tmp_path / "a.zip", {"a": b"1", "b": b"2"})
    with opened(Archive.at(path)) as file:
        sound, lost = entries(file, Archive.at(path))
        lost.header_offset = offset

        with reading(file, sound) as stream:
            assert stream.read() == b"1"
        with pytest.raises(ZipRefusedError, match="damaged"), reading(file, lost):
            pass


def written(folder: Path, content: bytes) -> Path:
    """Write a ZIP."""
    path = folder / "a.zip"
    path.write_bytes(content)
    return path


def unlisted(content: bytes, name: str) -> bytes:
    """Return a ZIP of which the directory does not name one of its files."""
    directory = content.index(b"PK\1\2")
    length = 46 + len(name)
    each = [
        content[begin : begin + length]
        for begin in range(directory, len(content) - 22, length)
    ]
    kept = [one for one in each if not one.endswith(name.encode())]
    end = bytearray(content[-22:])
    struct.pack_into("<HHI", end, 8, len(kept), len(kept), length * len(kept))
    return content[:directory] + b"".join(kept) + end
