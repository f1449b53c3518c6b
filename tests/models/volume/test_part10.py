"""A header is the same wherever the fetched beginning of its file ends."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from models.volume import part10
from models.volume.headers import HeaderError, read_header
from models.volume.part10 import Head, HeadEndsError, fetch_head, open_head
from tests.dicom_series import write_series

PLANES = np.arange(2 * 5 * 7, dtype=np.int16).reshape(2, 5, 7)
SYNTAXES = [
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
]
PIXEL_TAG = bytes.fromhex("e07f1000")


def _nested(depth: int) -> Dataset:
    """Return an item that holds a sequence, all without a stated length."""
    item = Dataset()
    item.is_undefined_length_sequence_item = True
    item.CodeMeaning = "a" * 20
    if depth:
        item.ConceptCodeSequence = [_nested(depth - 1)]
        item["ConceptCodeSequence"].is_undefined_length = True
    return item


def _write(folder: Path, syntax: str) -> Path:
    """Write an image with nested sequences, and with values that look like pixels."""
    first, _ = write_series(folder, PLANES, transfer_syntax=syntax)
    ds = dcmread(first)
    ds.ProcedureCodeSequence = [_nested(3)]
    ds["ProcedureCodeSequence"].is_undefined_length = True
    block = ds.private_block(0x0029, "TEST", create=True)
    block.add_new(1, "OB", PIXEL_TAG * 3)
    ds.save_as(first)
    return first


def _said(path: Path) -> tuple[Any, ...]:
    """Return all that the header pass reads from a file, or why it reads nothing."""
    try:
        header = read_header(path)
    except HeaderError as error:
        return (error.reason,)
    meta = header.dataset.file_meta.to_json_dict()
    return header.pixel_offset, header.dataset.to_json_dict(), meta


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_header_is_the_same_wherever_the_head_of_its_file_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, syntax: str
) -> None:
    """Within the meta information, an element, a sequence, the pixels, or behind."""
    path = _write(tmp_path, syntax)
    whole = _said(path)
    size = path.stat().st_size

    for end in range(1, size + 2, 5):
        monkeypatch.setattr(part10, "HEAD_BYTES", end)
        assert _said(path) == whole, end
    assert len(whole) == 3


@pytest.mark.parametrize("cut", [140, 300, 700])
def test_a_file_that_was_cut_off_is_so_wherever_its_head_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    """The end of the head is never taken for the end of the file, nor the reverse."""
    path = _write(tmp_path, ExplicitVRLittleEndian)
    path.write_bytes(path.read_bytes()[:cut])
    whole = _said(path)

    for end in range(1, cut + 2):
        monkeypatch.setattr(part10, "HEAD_BYTES", end)
        assert _said(path) == whole, end


def test_a_head_gives_what_it_has_and_no_less_than_is_asked(tmp_path: Path) -> None:
    """Half a value would be read as a whole one."""
    head = Head(b"1234")

    assert head.read(4) == b"1234"
    with pytest.raises(HeadEndsError):
        head.read(1)
    with pytest.raises(HeadEndsError):
        Head(b"1234").read()


def test_a_short_file_lies_in_memory_as_a_whole(tmp_path: Path) -> None:
    """What is longer is known to go on."""
    path = tmp_path / "file"
    path.write_bytes(b"1" * part10.HEAD_BYTES)
    assert isinstance(open_head(fetch_head(path)), Head)

    path.write_bytes(b"1")
    assert type(open_head(fetch_head(path))) is io.BytesIO


def test_a_header_does_not_keep_the_bytes_it_was_parsed_from(tmp_path: Path) -> None:
    """A study of thousands of files would hold them all in memory."""
    assert read_header(_write(tmp_path, ExplicitVRLittleEndian)).dataset.buffer is None
