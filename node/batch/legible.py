"""Texts that every file and terminal can hold."""

from __future__ import annotations

import re
from pathlib import Path

from rich.cells import cell_len

_UNSEEN = re.compile(
    "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u202a-\\u202e\\u2066-\\u2069\\ud800-\\udfff\\ufffe\\uffff]"
)
"""What XML 1.0 has no place for (2.2 Char), or does not give back as it was, what
steers a terminal (ECMA-48), and what turns the text around it (Unicode UAX 9)."""


def visible(text: str) -> str:
    r"""Return a text that every file can hold; what it cannot is written as a code.

    >>> print(visible(chr(1) + "b"))
    \x01b
    """
    return _UNSEEN.sub(_code, text)


def tail(text: str, width: int) -> str:
    """Return the end of a text that fits into ``width`` places of a terminal.

    >>> tail("studies/2026/one", 10)
    '…/2026/one'
    """
    text = " ".join(visible(text).split("\n"))
    if cell_len(text) <= width:
        return text
    while cell_len(text) >= width:
        text = text[1:]
    return f"…{text}"


def near(path: Path) -> str:
    """Return a path as it is typed from here, where that is shorter."""
    here = Path.cwd()
    return visible(str(path.relative_to(here) if path.is_relative_to(here) else path))


def _code(found: re.Match[str]) -> str:
    number = ord(found[0])
    if 0xDC80 <= number <= 0xDCFF:  # a byte of a name that is not UTF-8 (PEP 383)
        number -= 0xDC00
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"
