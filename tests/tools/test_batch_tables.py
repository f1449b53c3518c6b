"""The pages about batches tell every reason and flag in the words of the program."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.batch.reasons_en import REASONS
from node.batch.words_en import FLAGS
from tools.batch_tables import PAGES, with_table, with_tables

OPENING = "<!-- flags: python -m tools.batch_tables -->\n"
CLOSING = "<!-- end of flags -->\n"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_has_the_words_of_the_program(page: Path) -> None:
    """Else type: python -m tools.batch_tables."""
    text = page.read_text(encoding="utf-8")

    assert text == with_tables(page)
    assert all(f"| `{code}` |" in text for code in (*REASONS, *FLAGS))


def test_a_table_takes_the_place_of_the_one_before() -> None:
    """What stands around it stays."""
    page = f"before\n{OPENING}old\n{CLOSING}after\n"
    found = with_table(page, "flags", "new\n")

    assert found == f"before\n{OPENING}new\n{CLOSING}after\n"


def test_a_page_without_a_place_is_refused() -> None:
    """It would be told nothing, in silence."""
    with pytest.raises(ValueError, match="the page has no lines"):
        with_table("before\n", "flags", "new\n")
