"""The PDF of the page: its picture, and its words as text, read without a library."""

from __future__ import annotations

import re
import zlib
from dataclasses import replace

import numpy as np
import pytest

from node.report.canvas import Canvas
from node.report.page import HEIGHT, WIDTH, compose_page
from node.report.pdf_page import CODES, pdf_of
from tests.node.report.inputs import Case, interpreted

OBJECT = re.compile(rb"(\d+) 0 obj\n(.*?)\nendobj\n", re.DOTALL)


def objects(document: bytes) -> dict[int, bytes]:
    """Return the objects of a PDF by number, streams unpacked."""
    return {int(n): _unpacked(content) for n, content in OBJECT.findall(document)}


def _unpacked(content: bytes) -> bytes:
    head, found, rest = content.partition(b"stream\n")
    return zlib.decompress(rest.removesuffix(b"\nendstream")) if found else head


def words(document: bytes) -> list[str]:
    """Return every text of a PDF, by the character maps of its fonts."""
    parts = objects(document)
    maps = [
        {
            int(code, 16): bytes.fromhex(letter.decode()).decode("utf-16-be")
            for code, letter in re.findall(rb"<(\w\w)> <(\w+)>\n", parts[number])
        }
        for number in range(8, len(parts) + 1, 2)
    ]
    texts = re.findall(rb"BT (.*?) ET", parts[4])
    return [
        "".join(
            maps[int(font)][code]
            for font, codes in re.findall(rb"/F(\d+) \S+ Tf <(\w+)> Tj", text)
            for code in bytes.fromhex(codes.decode())
        )
        for text in texts
    ]


@pytest.fixture(scope="module")
def page(case: Case) -> Canvas:
    """Return a page that has everything."""
    findings = interpreted(case.findings)
    return compose_page(replace(case, findings=findings).prepare())


def test_every_word_of_the_page_can_be_searched(page: Canvas) -> None:
    """In the order of drawing, each in its place."""
    document = pdf_of(page)

    assert words(document) == [text for text in page.written if text]


def test_the_picture_is_the_page(page: Canvas) -> None:
    """To the pixel."""
    pixels = np.frombuffer(objects(pdf_of(page))[5], np.uint8)

    assert (pixels.reshape(HEIGHT, WIDTH, 3) == page.pixels()).all()


def test_every_object_lies_where_the_table_says(page: Canvas) -> None:
    """Readers jump there; and the table where the trailer says."""
    document = pdf_of(page)
    (start,) = re.findall(rb"startxref\n(\d+)\n%%EOF\n$", document)
    table = document[int(start) :]
    places = [int(place) for place in re.findall(rb"(\d{10}) 00000 n \n", table)]

    assert table.startswith(b"xref\n0 ")
    for number, place in enumerate(places, start=1):
        assert document[place:].startswith(f"{number} 0 obj\n".encode())
    assert len(places) == len(objects(document))


def test_equal_pages_are_equal_files(page: Canvas) -> None:
    """No time of the clock is in them."""
    assert pdf_of(page) == pdf_of(page)
    assert b"Date" not in pdf_of(page)


def test_more_characters_than_a_font_has_codes() -> None:
    """Names may bring any; a text may need two fonts."""
    canvas = Canvas.blank(300, 60)
    letters = "".join(map(chr, range(0x4E00, 0x4E00 + CODES + 40)))
    canvas.line((10, 20), letters[-50:] + "A", 12)
    canvas.line((10, 40), letters, 12)

    assert words(pdf_of(canvas)) == [letters[-50:] + "A", letters]
