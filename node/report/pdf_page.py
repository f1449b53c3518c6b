"""The drawn page as a PDF file: the picture, and its words to be searched and copied.

Written here, in a few operators of PDF 1.7 (ISO 32000-1): the library that draws can
put a picture into a PDF, but no words, and it writes the time of the clock. The words
lie over the picture in a font without ink (Type 3, an empty glyph for every character),
which says what character each of its codes is.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence

from node.report.canvas import Canvas
from node.report.fonts import Box

POINTS = 0.5
"""Points (1/72 inch) for a pixel: 144 pixels an inch."""

CODES = 256
"""Characters of one font: a code is one byte."""

EM = 1000
ADVANCE = 500
"""Width of every glyph in thousandths of its size."""

GLYPH, FONTS = 6, 7
"""Numbers of the objects that are the empty glyph and the first font."""

MOST_PAIRS = 100
"""In one block of a character map (Adobe Technical Note 5014)."""


def pdf_of(canvas: Canvas) -> bytes:
    """Return a page as a PDF; equal pages give equal bytes."""
    characters = sorted(set("".join(canvas.written)))
    fonts = [characters[i : i + CODES] for i in range(0, len(characters), CODES)]
    width, height = canvas.image.size
    box = f"[0 0 {width * POINTS:g} {height * POINTS:g}]"
    names = " ".join(f"/F{n} {FONTS + 2 * n} 0 R" for n in range(len(fonts)))
    pixels = canvas.image.tobytes()
    page = (
        f"<< /Type /Page /Parent 2 0 R /MediaBox {box} /Contents 4 0 R /Resources "
        f"<< /XObject << /P 5 0 R >> /Font << {names} >> >> >>"
    )
    picture = (
        f"/Type /XObject /Subtype /Image /Width {width} /Height {height} "
        "/ColorSpace /DeviceRGB /BitsPerComponent 8"
    )
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        page.encode(),
        _stream("", _content(canvas, fonts)),
        _stream(picture, pixels),
        _stream("", f"{ADVANCE} 0 d0".encode()),
    ]
    for number, letters in enumerate(fonts):
        objects.append(_font(letters, FONTS + 2 * number + 1))
        objects.append(_stream("", _character_map(letters)))
    return _file(objects)


def _content(canvas: Canvas, fonts: Sequence[Sequence[str]]) -> bytes:
    """Return the operators that draw the picture and then every word."""
    width, height = (size * POINTS for size in canvas.image.size)
    lines = [f"q {width:g} 0 0 {height:g} 0 0 cm /P Do Q"]
    codes = {
        letter: (number, code)
        for number, letters in enumerate(fonts)
        for code, letter in enumerate(letters)
    }
    for text, box in zip(canvas.written, canvas.boxes, strict=True):
        if text:
            lines.append(_words([codes[letter] for letter in text], box, height))
    return "\n".join(lines).encode()


def _words(codes: Sequence[tuple[int, int]], box: Box, height: float) -> str:
    """Return the operators that lay a text into its box, in as many fonts as needed."""
    left, top, right, bottom = (edge * POINTS for edge in box)
    size = max(bottom - top, 1.0)
    wide = len(codes) * size * ADVANCE / EM
    stretch = 100 * max(right - left, 1.0) / wide
    start = f"BT {stretch:.2f} Tz 1 0 0 1 {left:.2f} {height - bottom:.2f} Tm"
    shown = [f"/F{font} {size:.2f} Tf <{text}> Tj" for font, text in _pieces(codes)]
    return " ".join([start, *shown, "ET"])


def _pieces(codes: Iterable[tuple[int, int]]) -> Iterator[tuple[int, str]]:
    """Yield the codes of one font after another, in hexadecimal."""
    current, text = -1, ""
    for font, code in codes:
        if font != current and text:
            yield current, text
            text = ""
        current, text = font, f"{text}{code:02x}"
    if text:
        yield current, text


def _font(letters: Sequence[str], map_number: int) -> bytes:
    """Return a font of empty glyphs for these letters (ISO 32000-1 9.6.5)."""
    names = " ".join("/g" for _ in letters)
    widths = " ".join(str(ADVANCE) for _ in letters)
    words = (
        "<< /Type /Font /Subtype /Type3 /FontBBox [0 0 500 1000] "
        "/FontMatrix [0.001 0 0 0.001 0 0] /Resources << >> "
        f"/CharProcs << /g {GLYPH} 0 R >> "
        f"/Encoding << /Type /Encoding /Differences [0 {names}] >> "
        f"/FirstChar 0 /LastChar {len(letters) - 1} /Widths [{widths}] "
        f"/ToUnicode {map_number} 0 R >>"
    )
    return words.encode()


def _character_map(letters: Sequence[str]) -> bytes:
    """Return which character each code is (ISO 32000-1 9.10.3)."""
    pairs = [
        f"<{code:02x}> <{letter.encode('utf-16-be').hex()}>"
        for code, letter in enumerate(letters)
    ]
    blocks = [pairs[i : i + MOST_PAIRS] for i in range(0, len(pairs), MOST_PAIRS)]
    lines = [
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap",
        "/CMapName /Words def /CMapType 2 def",
        "1 begincodespacerange <00> <ff> endcodespacerange",
    ]
    for block in blocks:
        lines += [f"{len(block)} beginbfchar", *block, "endbfchar"]
    lines.append("endcmap CMapName currentdict /CMap defineresource pop end end")
    return "\n".join(lines).encode()


def _stream(entries: str, content: bytes) -> bytes:
    packed = zlib.compress(content)
    head = f"<< {entries} /Filter /FlateDecode /Length {len(packed)} >>\nstream\n"
    return head.encode() + packed + b"\nendstream"


def _file(objects: Sequence[bytes]) -> bytes:
    """Return header, numbered objects, their table and the trailer."""
    parts = [b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"]
    table = [b"0000000000 65535 f \n"]
    place = len(parts[0])
    for number, content in enumerate(objects, start=1):
        table.append(f"{place:010d} 00000 n \n".encode())
        parts.append(f"{number} 0 obj\n".encode() + content + b"\nendobj\n")
        place += len(parts[-1])
    size = len(table)
    trailer = f"trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{place}\n%%EOF\n"
    head = f"xref\n0 {size}\n".encode()
    return b"".join([*parts, head, *table, trailer.encode()])
