"""Write the tables of reasons and flags into the pages about batches.

``python -m tools.batch_tables`` rewrites docs/batch.md and docs/batch.ru.md from the
words of the program; a test says when it has to be run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from node.batch import reasons_en, reasons_ru, words_en, words_ru
from node.report.notice_words import Words

DOCS = Path(__file__).parents[1] / "docs"

Table = tuple[tuple[str, ...], Sequence[tuple[str, ...]]]
"""Headings and rows."""


def _reasons(reasons: Mapping[str, Words], *headings: str) -> Table:
    rows = [(code, words.what, words.advice) for code, words in reasons.items()]
    return headings, sorted(rows)


def _flags(flags: Mapping[str, str], *headings: str) -> Table:
    return headings, sorted(flags.items())


PAGES: Mapping[Path, Mapping[str, Table]] = {
    DOCS / "batch.md": {
        "reasons": _reasons(reasons_en.REASONS, "code", "what happened", "what to do"),
        "flags": _flags(words_en.FLAGS, "code", "what it says"),
    },
    DOCS / "batch.ru.md": {
        "reasons": _reasons(reasons_ru.REASONS, "код", "что случилось", "что делать"),
        "flags": _flags(words_ru.FLAGS, "код", "что он говорит"),
    },
}
"""Page → name of each of its tables, and what stands in it."""


def markdown(headings: Iterable[str], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a table in Markdown; the first cell of a row is a code."""
    return "".join(f"{line}\n" for line in _lines(tuple(headings), rows))


def _lines(headings: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(headings)} |"
    yield "|---" * len(headings) + "|"
    for code, *cells in rows:
        yield f"| `{code}` | {' | '.join(cells)} |"


def with_table(text: str, name: str, made: str) -> str:
    """Return a page with ``made`` in the place of the table of a name.

    Raises
    ------
    ValueError
        The page has no place for it.
    """
    opening = f"<!-- {name}: python -m tools.batch_tables -->\n"
    closing = f"<!-- end of {name} -->\n"
    before, begin, rest = text.partition(opening)
    _, end, after = rest.partition(closing)
    if not (begin and end):
        raise ValueError(f"the page has no lines {opening.strip()} {closing.strip()}")
    return f"{before}{begin}{made}{end}{after}"


def with_tables(page: Path) -> str:
    """Return a page with all of its tables as they should be."""
    text = page.read_text(encoding="utf-8")
    for name, (headings, rows) in PAGES[page].items():
        text = with_table(text, name, markdown(headings, rows))
    return text


def main() -> None:
    """Rewrite the tables of all pages."""
    for page in PAGES:
        page.write_text(with_tables(page), encoding="utf-8")


if __name__ == "__main__":
    main()
