"""Every reason for which a study is not read has words for those who wait."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.report import notice_words
from node.report.notice_words import UNKNOWN, WORDS, words_for

ROOT = Path(__file__).parents[3]
RAISED = {"JobError", "SeriesError", "GeometryError", "Failed", "Refusal"}
"""Calls whose first argument is a reason code."""

NEVER_FINAL = {"modality", "description"}
"""Reasons against a series that was not meant: the study's is no_series_accepted."""


def trees() -> Iterator[ast.AST]:
    """Parse the program, without the words themselves."""
    for room in ("node", "models"):
        for path in (ROOT / room).rglob("*.py"):
            is_words = path.name.startswith("reasons_")  # of a batch
            if path != Path(notice_words.__file__) and not is_words:
                yield from ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def literal(node: ast.AST) -> str | None:
    """Return the text that a node of the source spells out."""
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return node.value if is_text else None  # type: ignore[attr-defined]  # is_text says so


def reasons() -> set[str]:
    """Return the reason codes that the source names."""
    calls = (node for node in trees() if isinstance(node, ast.Call) and node.args)
    named = {
        literal(call.args[0])
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id in RAISED
    }
    return {reason for reason in named if reason} - NEVER_FINAL


def test_every_reason_in_the_source_has_words() -> None:
    """A new reason is not a notice that says nothing."""
    assert len(reasons()) > 20
    assert sorted(reasons() - set(WORDS)) == []


def test_no_words_wait_for_a_reason_that_is_gone() -> None:
    """A renamed reason takes its words along."""
    spelled = {literal(node) for node in trees()}

    assert sorted(set(WORDS) - spelled) == []


@pytest.mark.parametrize("reason", WORDS)
def test_words_are_sentences_without_our_terms(reason: str) -> None:
    """Who reads them knows scanners, not this program."""
    for text in words_for(reason):
        assert text[0].isupper()
        assert text.endswith(".")
        assert "_" not in text


def test_a_reason_from_elsewhere_says_that_the_reading_failed() -> None:
    """A model of somebody's own may have its own reasons."""
    assert words_for("no_such_reason") is UNKNOWN
