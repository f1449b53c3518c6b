"""A run as tables for a terminal: a row for each study, what needs a look first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Group, JustifyMethod
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from models.volume.bundle import Bundle
from models.volume.columns import Column, Shows, is_classified
from node.batch.cells import NOT_APPLICABLE, Cell, cells
from node.batch.entry import Entry
from node.batch.legible import tail, visible
from node.batch.tally import COLOURS, FAULTS, Ending, ending_of, for_others
from node.batch.words import Words

MOST_ROWS = 20
"""Rows of a table in the terminal; the spreadsheet has all."""

STUDY_WIDTH = 28
"""Places of a terminal for the path of a study, so that a table holds in 80."""

NARROW_WIDTH = 22
"""The same beside answers in words."""


def as_tables(
    entries: Sequence[Entry],
    bundles: Mapping[str, Bundle],
    words: Words,
    *,
    root: str = "",
    all_in: str = "",
) -> Group:
    """Return a table of each model for a terminal of 80 columns or more.

    What needs a look stands first; a long table ends with how much more there is. A
    model that all of these studies are not for has a line in the place of a table.

    Parameters
    ----------
    root
        Paths are shown below it.
    all_in
        Name of the spreadsheet.
    """
    idle = for_others(entries)
    tables = (
        _table(
            [entry for entry in entries if entry.model == name],
            bundle,
            words,
            root,
            all_in,
        )
        for name, bundle in bundles.items()
        if name not in idle
    )
    lines = (
        words.text("reads_none", model=words.part(bundles[name].title))
        for name in bundles
        if name in idle
    )
    return Group(*tables, *(Text(line, style="dim") for line in lines))


def _table(
    entries: Sequence[Entry], bundle: Bundle, words: Words, root: str, all_in: str
) -> Table:
    ordered = sorted(entries, key=_rank)
    hidden = len(ordered) - MOST_ROWS
    more = words.count("more_rows", hidden) if hidden > 0 else ""
    if more and all_in:
        more = words.text("more_in", more=more, file=visible(all_in))
    table = _headed(bundle, words, more)
    for entry in ordered[:MOST_ROWS]:
        table.add_row(*_cells(entry, bundle, words, root))
    return table


def _headed(bundle: Bundle, words: Words, more: str) -> Table:
    """Return a table without rows; ``more`` stands below it."""
    table = Table(
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
        title=escape(words.part(bundle.title)),
        title_style="bold",
        title_justify="left",
        caption=escape(more) if more else None,
        caption_style="dim",
        caption_justify="left",
        header_style="dim",
    )
    table.add_column(words.text("head_study"), no_wrap=True, overflow="ellipsis")
    for name, column in _shown(bundle).items():
        is_word = column.shows is Shows.TYPE
        justify: JustifyMethod = "left" if is_word else "right"
        table.add_column(_heading(name, column, words), justify=justify, no_wrap=True)
    table.add_column(words.text("head_outcome"))
    return table


def _shown(bundle: Bundle) -> dict[str, Column]:
    """Return the columns of a bundle that a terminal has room for."""
    wanted = {Shows.MEASUREMENT}
    if is_classified(bundle.columns):
        wanted = {Shows.PROBABILITY, Shows.TYPE}
    return {name: c for name, c in bundle.columns.items() if c.shows in wanted}


def _heading(name: str, column: Column, words: Words) -> str:
    if column.shows is Shows.PROBABILITY:
        return words.text("head_probability")
    if column.shows is Shows.TYPE:
        return words.text("head_type")
    what, _, unit = name.rpartition("_")
    return f"{words.part(what)}\n{words.unit(unit)}" if what else name


def _cells(entry: Entry, bundle: Bundle, words: Words, root: str) -> Iterator[str]:
    job = entry.job if entry.is_reported else None
    path = entry.path.removeprefix(root).lstrip("/") or entry.path
    width = NARROW_WIDTH if is_classified(bundle.columns) else STUDY_WIDTH
    yield escape(tail(path, width))
    for cell in cells(_shown(bundle), job, words).values():
        yield escape(_told(cell, words))
    yield _outcome(entry, words)


def _told(cell: Cell, words: Words) -> str:
    if isinstance(cell, str):
        return "" if cell == NOT_APPLICABLE else words.part(cell)
    return "" if cell is None else words.decimal(str(cell))


def _outcome(entry: Entry, words: Words) -> str:
    """Return how an entry ended: its answer, its grade, or why there is none."""
    ending = ending_of(entry)
    if entry.answer is not None:
        colour = "magenta" if entry.answer.is_positive else "default"
        is_wrong = entry.truth not in {None, int(entry.answer.is_positive)}
        wrong = " [bold red]✗[/]" if is_wrong else ""
        return f"[{colour}]{escape(words.answer(entry.answer))}[/]{wrong}"
    state = words.state(ending)
    if entry.job is not None and entry.is_reported:
        state = words.text("grade_only", grade=entry.job.summary["grade"])
    return f"[{COLOURS[ending]}]{escape(state)}[/]"


def _rank(entry: Entry) -> tuple[int, float]:
    """Return where an entry stands: faults, what is not read, then the suspected."""
    ending = ending_of(entry)
    if ending in FAULTS:
        return 0, 0.0
    if ending is Ending.NOT_APPLICABLE:
        return 1, 0.0
    return 2, -entry.answer.probability if entry.answer else 0.0
