"""Letters: glyphs for the names of people, and lines that fit."""

from __future__ import annotations

import pytest
from PIL import Image, ImageDraw

from node.report.fonts import (
    FOLDER,
    Box,
    face_of,
    font,
    has_glyphs,
    largest,
    runs,
    shorten,
    wrap,
)
from node.report.scripts import REPLACEMENT

NAMES = (
    "Müller, Zoë",
    "Иванова, Анна",
    "Παπαδόπουλος",
    "Նազարյան",
    "קופמן, דוד",
    "قباني، لنزار",
    "نِزار قَبّاني",
    "王 小东",
    "山田 太郎",
    "やまだ たろう",
    "ﾔﾏﾀﾞ ﾀﾛｳ",
    "홍 길동",
    "洪 吉洞",
    "Nguyễn Thị Ánh",
)


def repertoire(codec: str) -> set[str]:
    """Return every character that two bytes of a codec can stand for."""
    rows = (
        bytes((high, low)) for high in range(0xA1, 0xFF) for low in range(0x40, 0xFF)
    )
    return set("".join(row.decode(codec, "ignore") for row in rows))


def ink(text: str) -> bytes:
    """Return the pixels of a text."""
    image = Image.new("RGB", (300, 40))
    font(24).draw(ImageDraw.Draw(image), (10, 30), text, (255,) * 3)
    return image.tobytes()


def drawn_box(text: str, anchor: str) -> Box:
    """Return the box of a text drawn at (200, 50)."""
    image = Image.new("RGB", (500, 100))
    pen, white = ImageDraw.Draw(image), (255, 255, 255)
    return font(24).draw(pen, (200, 50), text, white, anchor=anchor)


@pytest.mark.parametrize("name", NAMES)
def test_names_have_glyphs(name: str) -> None:
    """A name is no row of boxes, in either weight."""
    assert has_glyphs(name)
    for bold in (False, True):
        drawn = "".join(piece for _, piece in runs(name, bold=bold))
        assert REPLACEMENT not in drawn
        assert all(face_of(character, bold=bold) for character in drawn)


@pytest.mark.parametrize("name", ["สมชาย", "𠮷田", "\U0010ffff"])
def test_a_missing_glyph_is_noticed(name: str) -> None:
    """No font has Thai or the rarest ideographs: they are replaced, never a box."""
    assert not has_glyphs(name)
    assert REPLACEMENT in "".join(piece for _, piece in runs(name, bold=False))


def test_every_character_of_the_old_sets_can_be_drawn() -> None:
    """Chinese of GB 2312 and Big5, Japanese of JIS X 0208, Korean of KS X 1001."""
    for codec in ("gb2312", "big5", "euc_jp", "euc_kr"):
        lacking = {c for c in repertoire(codec) if not has_glyphs(c)}
        assert not {c for c in lacking if c.isalpha()}, codec


def test_equal_letters_have_equal_bytes_however_they_are_composed() -> None:
    """A name from a Macintosh, decomposed, is drawn like any other."""
    assert ink("Zoë Müller") == ink("Zoe\u0308 Mu\u0308ller")
    assert ink("Zoë Müller") != ink("Zoe Muller")


@pytest.mark.parametrize("anchor", ["ls", "ms", "rs", "mm", "mt", "mb"])
def test_letters_of_several_fonts_keep_their_place(anchor: str) -> None:
    """Anchors mean for a mixed text what they mean for Pillow's own."""
    _, _, right, _ = drawn_box("Wang 王小东", anchor)
    left = right - font(24).length("Wang 王小东")
    middle = (left + right) / 2

    assert abs({"l": left, "m": middle, "r": right}[anchor[0]] - 200) < 4


def test_the_ink_stays_in_the_box_that_is_told() -> None:
    """The box is what tells whether texts overlap."""
    for text in NAMES:
        image = Image.new("RGB", (600, 80))
        box = font(24, bold=True).draw(
            ImageDraw.Draw(image), (50, 40), text, (255,) * 3
        )
        ink = image.getbbox()
        assert ink is not None
        assert box[0] <= ink[0] + 1
        assert box[2] >= ink[2] - 1


def test_the_licences_lie_beside_the_fonts() -> None:
    """Fonts of others are shipped with their terms, each named in the README."""
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    for fonts, licence, words in (
        ("DejaVu*.ttf", "LICENSE-DejaVu", "Bitstream"),
        ("Droid*.ttf", "LICENSE-Droid", "Apache License"),
    ):
        assert words in (FOLDER / licence).read_text(encoding="utf-8")
        assert licence in readme
        assert all(f"`{file.name}`" in readme for file in FOLDER.glob(fonts))
    assert all(
        file.name.startswith(("DejaVu", "Droid")) for file in FOLDER.glob("*.ttf")
    )


def test_wrapped_lines_fit_and_lose_nothing() -> None:
    """Words stay whole unless one alone is too long."""
    text = "a sentence with an " + "unbreakable" * 5 + " word"
    lines = wrap(text, font(16), 120)

    assert all(font(16).length(line) <= 120 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_a_shortened_text_fits_and_shows_it() -> None:
    """What was cut ends with an ellipsis."""
    assert shorten("short", font(16), 200) == "short"
    cut = shorten("far too long for this", font(16), 60)
    assert cut.endswith("…")
    assert font(16).length(cut) <= 60


def test_largest_takes_the_first_size_that_fits() -> None:
    """Else the last, which is then cut by the caller."""
    assert largest("x", (30, 20), 200) == 30
    assert largest("x" * 100, (30, 20), 200) == 20
