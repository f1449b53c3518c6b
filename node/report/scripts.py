"""Text as it is drawn, from left to right: Arabic joined, right-to-left turned round.

The fonts are drawn glyph after glyph, by no shaping library of the system: a page has
the same bytes on a machine that has one and on a machine that has none.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from arabic_reshaper import ArabicReshaper
from bidi import get_display
from bidi.mirror import MIRRORED

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
"""Stands where a character cannot be drawn."""

JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
"""Say how Arabic letters join; not drawn themselves."""

RIGHT_TO_LEFT = frozenset({"R", "AL"})
"""Bidirectional classes of Hebrew and of Arabic letters (UAX 9, table 4)."""

JOINING = ArabicReshaper({"delete_harakat": False, "ARABIC LIGATURE ALLAH": False})
"""Replaces letters by their joined forms; vowel signs stay where they are written."""

MARK = "\N{VARIATION SELECTOR-256}"
"""Written behind a sign with two directions before a line is turned. It runs as the
sign does (UAX 9 W1 and N0), so on which side it lies afterwards says which way that is.
Nobody draws it, and none is left of those that a text brings along."""

SIGN = f"([{re.escape(''.join(MIRRORED))}])"
MARKED = re.compile(f"{MARK}{SIGN}|{SIGN}{MARK}")


def printable(text: str) -> str:
    r"""Return a text composed (NFC) and without what is no letter.

    A control character, such as a line break, becomes a space; one that only tells
    a program what to do, such as a change of direction, is dropped.

    >>> printable("Doe\tJohn\x1b\u202e")
    'Doe John '
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_plain, unicodedata.normalize("NFC", text)))


@lru_cache(4096)
def visual(text: str) -> str:
    """Return a text in the order and in the forms in which it is drawn.

    Right-to-left words are turned by the Unicode Bidirectional Algorithm (UAX 9); the
    first strong letter says which way the whole line runs.
    """
    text = printable(text).replace(MARK, "")
    if not any(unicodedata.bidirectional(c) in RIGHT_TO_LEFT for c in text):
        return text
    marked = (c + MARK if c in MIRRORED else c for c in JOINING.reshape(text))
    turned = MARKED.sub(_mirrored, get_display("".join(marked)))
    return "".join(c for c in turned if c not in JOINERS)


def _mirrored(match: re.Match[str]) -> str:
    """Return a sign without its mark, mirrored where it runs leftwards (UAX 9 L4)."""
    return MIRRORED[match[1]] if match[1] else match[2]


def _plain(character: str) -> str:
    category = unicodedata.category(character)
    if character.isspace() or category == "Cc":
        return " "
    if category == "Cs":  # half of a surrogate pair: no character at all
        return REPLACEMENT
    return "" if category == "Cf" and character not in JOINERS else character
