"""Texts hold in every file, and their ends in every terminal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from node.batch.legible import tail, visible


@given(st.text(max_size=30), st.integers(min_value=4, max_value=20))
def test_a_tail_never_is_too_wide(text: str, width: int) -> None:
    """Signs of East Asia take two places."""
    assert cell_len(tail(text, width)) <= width


@given(st.text(st.characters(), max_size=30))
def test_a_visible_text_can_be_written(text: str) -> None:
    """In UTF-8, whatever the name on the disk was."""
    visible(text).encode()
    assert visible(visible(text)) == visible(text)
