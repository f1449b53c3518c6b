"""A page in two languages is one page: what is typed does not depend on the reader."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"

PAIRS = [
    pytest.param(DOCS / f"{page.name.removesuffix('.ru.md')}.md", page, id=page.name)
    for page in sorted(DOCS.glob("*.ru.md"))
]

BLOCK = re.compile(r"^```\w*\n.*?^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path) -> list[str]:
    """Return what is to be typed or written, block by block."""
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def shape(page: Path) -> list[str]:
    """Return what a page is made of, line by line, without its words.

    A heading by its level, a row of a table by its number of cells, an item of a list.
    """
    text = BLOCK.sub("", page.read_text(encoding="utf-8"))
    lines = (line.replace("\\|", "") for line in text.splitlines())
    return [found for line in lines if (found := _kind(line))]


def _kind(line: str) -> str:
    if line.startswith("|"):
        return f"row of {line.count('|') - 1}"
    return "".join(re.findall(r"^(#+|- \[ \]|-|\d\.) ", line))


def named(page: Path) -> set[str]:
    """Return the spans of code, and where links lead, of either language alike."""
    text = BLOCK.sub("", page.read_text(encoding="utf-8"))
    links = re.findall(r"\]\((?!#)([^)]+)\)", text)
    spans = re.findall(r"`[^`\n]+`", text)
    return {found.replace(".ru.md", ".md") for found in (*links, *spans)}


def test_there_are_pages_in_two_languages() -> None:
    """A pattern that finds none would check nothing."""
    names = {pair.id for pair in PAIRS}

    assert {"batch.ru.md", "training.ru.md"} <= names


@pytest.mark.parametrize(("english", "russian"), PAIRS)
def test_both_have_the_same_blocks(english: Path, russian: Path) -> None:
    """Commands, settings and tables are equal, letter by letter."""
    assert blocks(english)
    assert blocks(english) == blocks(russian)


@pytest.mark.parametrize(("english", "russian"), PAIRS)
def test_both_are_built_alike(english: Path, russian: Path) -> None:
    """Headings, rows and items come in one order: nobody is told less."""
    assert shape(english) == shape(russian)


@pytest.mark.parametrize(("english", "russian"), PAIRS)
def test_both_name_the_same_columns_options_and_pages(
    english: Path, russian: Path
) -> None:
    """Each leads to its own language where there is one; the other is one line away."""
    both = {english.name}

    assert named(english) - both == named(russian) - both
