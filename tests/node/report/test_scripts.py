"""Text as it is drawn: joined where a script joins, turned where it runs leftwards."""

from __future__ import annotations

import unicodedata

import pytest
from bidi import get_display
from bidi.mirror import MIRRORED
from hypothesis import given
from hypothesis import strategies as st

from node.report.scripts import REPLACEMENT, printable, visual


def forms(text: str) -> list[str]:
    """Return which form of its letter each Arabic character is."""
    return [unicodedata.decomposition(c).split()[0].strip("<>") for c in text]


def test_arabic_letters_join() -> None:
    """Beth, then three forms of one letter: from left to right as it is drawn."""
    assert forms(visual("ببب")) == ["final", "medial", "initial"]
    assert forms(visual("ب")) == ["isolated"]


def test_lam_and_alef_become_one() -> None:
    """The ligature that the script requires."""
    assert len(visual("لا")) == 1


def test_a_vowel_sign_parts_nothing() -> None:
    """Letters join over it, and it is not lost."""
    drawn = visual("بَب")

    assert forms(drawn.replace("َ", "")) == ["final", "initial"]
    assert "َ" in drawn


def test_a_non_joiner_parts_and_is_not_drawn() -> None:
    """As Persian names need it."""
    drawn = visual("ب\u200cب")

    assert forms(drawn) == ["isolated", "isolated"]


def test_hebrew_is_turned_and_numbers_are_not() -> None:
    """The first word stands on the right; digits run as they do elsewhere."""
    assert visual("דוד כהן 42") == "42 " + "דוד כהן"[::-1]


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("דוד (כהן)", "(" + "כהן"[::-1] + ") " + "דוד"[::-1]),
        ("קופמן (2)", "(2) " + "קופמן"[::-1]),
        ("((דוד))", "((" + "דוד"[::-1] + "))"),
        ("Cohen דוד (2)", "Cohen (2) " + "דוד"[::-1]),
        ("Cohen (דוד) 2", "Cohen (" + "דוד"[::-1] + ") 2"),
        ("Cohen (A) «B»", "Cohen (A) «B»"),
        ("דוד < כהן", "כהן"[::-1] + " > " + "דוד"[::-1]),
        ("דוד) כהן", "כהן"[::-1] + " (" + "דוד"[::-1]),
        ("[aא)1", "[a1(א"),
        ("דוד † (כהן)", "(" + "כהן"[::-1] + ") † " + "דוד"[::-1]),
    ],
)
def test_brackets_embrace_what_they_embraced(text: str, drawn: str) -> None:
    """Each is drawn at the side, and in the direction, in which the line runs."""
    assert visual(text) == drawn


@pytest.mark.parametrize("text", ["Müller, Zoë", "Иванова", "王 小东", "홍 길동", ""])
def test_other_scripts_stay_as_they_are(text: str) -> None:
    """Nothing is turned that runs from left to right."""
    assert visual(text) == text


def test_what_is_no_letter_is_not_drawn() -> None:
    """Line breaks, escapes, changes of direction, half a pair."""
    assert printable("a\nb\x1bc\u202ed\ufeff") == "a b cd"
    assert printable("a\ud800") == f"a{REPLACEMENT}"


@given(st.text(max_size=30))
def test_any_text_can_be_drawn(text: str) -> None:
    """Nothing that a header may hold stops the page; no character is made up."""
    drawn = visual(text)

    assert not any(unicodedata.category(c) in {"Cc", "Cs"} for c in drawn)
    assert len(drawn) <= len(printable(text))


@given(st.text(alphabet="abאבג12 ()[]<>«»,-/", max_size=20))
def test_marking_the_brackets_moves_nothing(text: str) -> None:
    """Every character lies where the algorithm puts it; some are mirrored."""
    leftwards = {
        mirrored: sign for sign, mirrored in MIRRORED.items() if sign < mirrored
    }
    alike = str.maketrans(leftwards)

    assert visual(text).translate(alike) == get_display(text).translate(alike)
