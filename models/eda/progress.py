"""What a person sees while cases are read: a bar on a terminal, else plain lines.

Written to standard error, so that standard output holds results alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)

Ended = Callable[[str], None]
"""Hears of each case that is read: its name, and what is wrong with it."""


def silent(_: str) -> None:
    """Show nothing."""


@contextmanager
def shown(total: int, console: Console | None = None) -> Iterator[Ended]:
    """Show how far the reading has come; lines are numbered ``[i/N]``."""
    console = console or Console(stderr=True, highlight=False, soft_wrap=True)
    if not console.is_terminal or console.is_dumb_terminal:
        yield _lines(console, total)
        return
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(
        TextColumn("reading"), *columns, console=console, transient=True
    ) as progress:
        bar = progress.add_task("reading", total=total)
        yield lambda _: progress.advance(bar)


def _lines(console: Console, total: int) -> Ended:
    ended = 0

    def line(words: str) -> None:
        nonlocal ended
        ended += 1
        console.print(f"[{ended}/{total}] {words}", markup=False)

    return line
