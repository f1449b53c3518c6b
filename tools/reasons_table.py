"""Write the table of reasons into the pages about batches, from the program's words.

``python -m tools.reasons_table`` rewrites docs/batch.md and docs/batch.ru.md; a test
says when it has to be run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from node.batch import reasons_en, reasons_ru
from node.report.notice_words import Words

DOCS = Path(__file__).parents[1] / "docs"

BEGIN = "<!-- reasons: python -m tools.reasons_table -->\n"
END = "<!-- end of reasons -->\n"

PAGES: Mapping[Path, tuple[tuple[str, str, str], Mapping[str, Words]]] = {
    DOCS / "batch.md": (
        ("code", "what happened", "what to do"),
        reasons_en.REASONS,
    ),
    DOCS / "batch.ru.md": (
        ("код", "что случилось", "что делать"),
        reasons_ru.REASONS,
    ),
}
"""Page → headings of its table, and the words in it."""


def table(headings: tuple[str, str, str], reasons: Mapping[str, Words]) -> str:
    """Return the table in Markdown, a line for each reason, sorted by its code."""
    return "".join(f"{line}\n" for line in _lines(headings, reasons))


def _lines(
    headings: tuple[str, str, str], reasons: Mapping[str, Words]
) -> Iterator[str]:
    yield f"| {' | '.join(headings)} |"
    yield "|---|---|---|"
    for code, words in sorted(reasons.items()):
        yield f"| `{code}` | {words.what} | {words.advice} |"


def with_table(text: str, made: str) -> str:
    """Return a page with ``made`` in the place of its table.

    Raises
    ------
    ValueError
        The page has no place for it.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the page has no lines {BEGIN.strip()} and {END.strip()}")
    return f"{before}{begin}{made}{end}{after}"


def main() -> None:
    """Rewrite the tables of all pages."""
    for page, (headings, reasons) in PAGES.items():
        text = page.read_text(encoding="utf-8")
        page.write_text(with_table(text, table(headings, reasons)), encoding="utf-8")


if __name__ == "__main__":
    main()
