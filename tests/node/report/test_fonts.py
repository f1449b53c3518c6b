"""Letters: glyphs for the names of people, and lines that fit."""

from __future__ import annotations

import pytest

from node.report.fonts import FOLDER, font, has_glyphs, largest, shorten, wrap


@pytest.mark.parametrize("name", ["Müller, Zoë", "Иванова, Анна", "Παπαδόπουλος"])
def test_european_names_have_glyphs(name: str) -> None:
    """A Cyrillic or Greek name is no row of boxes."""
    assert has_glyphs(name)


def test_a_missing_glyph_is_noticed() -> None:
    """The font has no Chinese characters, and says so."""
    assert not has_glyphs("王小東")


def test_the_licence_lies_beside_the_fonts() -> None:
    """Fonts of others are shipped with their terms."""
    assert "Bitstream" in (FOLDER / "LICENSE").read_text(encoding="utf-8")


def test_wrapped_lines_fit_and_lose_nothing() -> None:
    """Words stay whole unless one alone is too long."""
    text = "a sentence with an " + "unbreakable" * 5 + " word"
    lines = wrap(text, font(16), 120)

    assert all(font(16).getlength(line) <= 120 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_a_shortened_text_fits_and_shows_it() -> None:
    """What was cut ends with an ellipsis."""
    assert shorten("short", font(16), 200) == "short"
    cut = shorten("far too long for this", font(16), 60)
    assert cut.endswith("…")
    assert font(16).getlength(cut) <= 60


def test_largest_takes_the_first_size_that_fits() -> None:
    """Else the last, which is then cut by the caller."""
    assert largest("x", (30, 20), 200) == 30
    assert largest("x" * 100, (30, 20), 200) == 20
