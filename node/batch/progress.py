"""What a person sees while a run goes on: bars on a terminal, plain lines elsewhere.

Written to standard error, so that standard output holds results alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from node.batch.card import block
from node.batch.entry import Entry
from node.batch.legible import visible
from node.batch.tally import ending_of
from node.batch.words import Words

if TYPE_CHECKING:
    from node.batch.listener import Listener

REFRESHES_PER_S = 8

BLOCK_INDENT = "  "
"""Before the lines that tell of one study."""


@contextmanager
def display(words: Words, models: int = 1) -> Iterator[Listener]:
    """Show a run on standard error: bars, or lines without control codes.

    Parameters
    ----------
    models
        That each study is given to. Where they are several, it is no news that one
        of them does not read it; the table says it, and a log the model's name. That
        none of them does is told, with the reason of each.
    """
    console = Console(stderr=True, highlight=False)
    if console.is_terminal and not console.is_dumb_terminal:
        bars = Bars(console, words, models)
        with bars.live:
            yield bars
    else:
        plain = Console(stderr=True, highlight=False, soft_wrap=True)
        yield Lines(plain, words, models)


def outcome(entry: Entry, words: Words) -> str:
    """Return how one entry ended, on one line."""
    ended = words.state(ending_of(entry))
    if entry.is_reported and entry.job is not None:
        parts = [ended, entry.job.summary.get("grade", "")]
        if entry.was_kept:
            parts.append(words.state("kept"))
        elif entry.seconds is not None:
            parts.append(words.duration(entry.seconds))
        return ", ".join(part for part in parts if part)
    if entry.job is None:
        return words.why(entry)
    return f"{ended}: {words.why(entry)}"


def told(path: str) -> str:
    """Return a path as one line of a terminal shows it."""
    return visible(path).replace("\n", "\\n")


def named(entry: Entry, words: Words) -> str:
    """Return where an entry lies; of several series of a study, which one it is."""
    path = told(entry.path)
    if not entry.only_series or entry.job is None or not entry.job.verdicts:
        return path
    number = entry.job.verdicts[0].series_number
    return words.text("series_of", path=path, number="?" if number is None else number)


class Bars:
    """A bar over all, a line per study that is being read, and what went wrong."""

    def __init__(self, console: Console, words: Words, models: int) -> None:
        self._words = words
        self._models = models
        self._passed: dict[str, list[Entry]] = {}  # study → by whom it is not read
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn(words.text("elapsed")),
            TimeElapsedColumn(),
            TextColumn(words.text("left")),
            TimeRemainingColumn(),
            console=console,
            expand=True,
        )
        self._all = self._progress.add_task(words.text("looking"), total=None)
        self._console = console
        self.live = Live(
            self._progress,
            console=console,
            refresh_per_second=REFRESHES_PER_S,
            transient=True,
        )

    def found(self, waiting: Sequence[Entry]) -> None:
        """Show how many there are."""
        description = self._words.text("reading")
        self._progress.update(self._all, total=len(waiting), description=description)

    def working(self, running: Sequence[tuple[str, str, str]]) -> None:
        """Show the stage of each study that is being read."""
        lines = Table.grid(padding=(0, 2))
        lines.add_column(overflow="ellipsis", no_wrap=True, ratio=1)
        lines.add_column(no_wrap=True)
        for path, _, stage in running:
            lines.add_row(
                f"  {escape(told(path))}", f"[dim]{self._words.stage(stage)}[/]"
            )
        self.live.update(Group(self._progress, lines))

    def ended(self, entry: Entry) -> None:
        """Count it; an answer stays on the screen, and what has no result."""
        self._progress.advance(self._all)
        if lines := block(entry, self._words):
            self._console.print(f"[green]✓[/] {escape(named(entry, self._words))}")
            for line in lines:
                self._console.print(f"{BLOCK_INDENT}{escape(line)}", soft_wrap=True)
        elif entry.is_not_applicable and self._models > 1:
            self._pass(entry)
        elif not entry.is_reported:
            mark = "[yellow]-[/]" if entry.is_not_applicable else "[red]✗[/]"
            text = escape(f"{named(entry, self._words)}: {outcome(entry, self._words)}")
            self._console.print(f"{mark} {text}")

    def _pass(self, entry: Entry) -> None:
        """Tell the reasons once no model is left that might read the study.

        Of single series nothing is told: most are read by no model.
        """
        if entry.only_series:
            return
        passed = self._passed.setdefault(entry.study_instance_uid, [])
        passed.append(entry)
        if len(passed) == self._models:
            for each in self._passed.pop(entry.study_instance_uid):
                model = f"{each.model}: {outcome(each, self._words)}"
                text = escape(f"{named(each, self._words)}: {model}")
                self._console.print(f"[yellow]-[/] {text}")


class Lines:
    """A line per study, numbered, as a log file wants them."""

    def __init__(self, console: Console, words: Words, models: int) -> None:
        self._console = console
        self._words = words
        self._models = models
        self._number = self._total = 0

    def found(self, waiting: Sequence[Entry]) -> None:
        """Remember how many there are."""
        self._total = len(waiting)

    def working(self, running: Sequence[tuple[str, str, str]]) -> None:
        """Leave out what passes."""

    def ended(self, entry: Entry) -> None:
        """Write its line."""
        self._number += 1
        model = f"{entry.model}: " if entry.model and self._models > 1 else ""
        self._console.print(
            f"[{self._number}/{self._total}] {named(entry, self._words)}: "
            f"{model}{outcome(entry, self._words)}",
            markup=False,
        )
        for line in block(entry, self._words):
            self._console.print(f"{BLOCK_INDENT}{line}", markup=False)
