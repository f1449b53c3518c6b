"""The pages about batches tell every reason in the words of the program."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.reasons_table import BEGIN, END, PAGES, table, with_table


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_has_the_words_of_the_program(page: Path) -> None:
    """Else type: python -m tools.reasons_table."""
    text = page.read_text(encoding="utf-8")
    headings, reasons = PAGES[page]

    assert text == with_table(text, table(headings, reasons))
    assert all(f"| `{code}` |" in text for code in reasons)


def test_a_table_takes_the_place_of_the_one_before() -> None:
    """What stands around it stays."""
    page = f"before\n{BEGIN}old\n{END}after\n"

    assert with_table(page, "new\n") == f"before\n{BEGIN}new\n{END}after\n"


def test_a_page_without_a_place_is_refused() -> None:
    """It would be told nothing, in silence."""
    with pytest.raises(ValueError, match="the page has no lines"):
        with_table("before\n", "new\n")
