"""``pacs-node jobs --watch``: counts, what is being read, what ended; until Ctrl-C."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from node import listing
from node.commands.terminal import console
from node.jobs.job import JobState
from node.jobs.ledger import Ledger
from node.jobs.ledger_history import Wish
from node.jobs.ledger_jobs import JobRow
from node.jobs.ledger_studies import moment
from node.log import salted
from node.moments import clock, lasting

LOOKED_THROUGH = 1000
"""Newest jobs among which lines are looked for, where there is no terminal."""

FRAME_LINES = 6
"""Lines of a live view that are no jobs: counts, titles, what lies between."""

STYLES = {JobState.FAILED: "red", JobState.RUNNING: "bold", JobState.SENT: "green"}


def follow(ledger: Ledger, wish: Wish, every_s: float) -> None:
    """Show what happens until Ctrl-C: a live view, or lines without a terminal."""
    terminal = console()
    with suppress(KeyboardInterrupt):
        if terminal.is_terminal and not terminal.is_dumb_terminal:
            _view(ledger, wish, every_s)
        else:
            _lines(ledger, wish, every_s, terminal)


def _view(ledger: Ledger, wish: Wish, every_s: float) -> None:
    terminal = Console(highlight=False)  # a view is cut at the edge, not wrapped
    with Live(console=terminal, auto_refresh=False) as live:
        while True:
            now = datetime.now(UTC)
            shown = frame(ledger, wish, terminal.height, now)
            live.update(Group(*shown), refresh=True)
            time.sleep(every_s)


def frame(ledger: Ledger, wish: Wish, height: int, now: datetime) -> Iterator[Text]:
    """Yield the lines of the view: never more than ``height``."""
    running = ledger.history.newest(replace(wish, states=(JobState.RUNNING,)))
    running = running if wish.states in {None, (JobState.RUNNING,)} else []
    room = max(height - FRAME_LINES - len(running), 1)
    yield _line(f"{counts(ledger, wish)}   {clock(now)}", style="bold")
    yield Text()
    yield from (_running(ledger, row, now) for row in running[:height])
    if running:
        yield Text()
    yield _line(listing.TITLES, style="dim")
    for row in ledger.history.newest(wish, room):
        yield _line(listing.row_line(row), style=STYLES.get(row.state, ""))


def counts(ledger: Ledger, wish: Wish) -> str:
    """Return the number of jobs by state, in the order of the lifecycle."""
    found = ledger.history.counts(wish)
    parts = [f"{state} {found[state]}" for state in JobState if found.get(state)]
    return "  ".join(parts) or "no jobs"


def _running(ledger: Ledger, row: JobRow, now: datetime) -> Text:
    started = moment(ledger.jobs.attempts(row.job_id)[-1]["started_at"])
    seconds = max((now - started).total_seconds(), 0.0)
    name = salted(ledger.site_salt, row.study_instance_uid)
    words = f"{row.job_id:>4}  running for {lasting(seconds)}  {row.model}  {name}"
    return _line(words, style=STYLES[JobState.RUNNING])


def _line(text: str, style: str = "") -> Text:
    return Text(text, style=style, no_wrap=True, overflow="crop")


def _lines(ledger: Ledger, wish: Wish, every_s: float, terminal: Console) -> None:
    """Print the counts, then a line for each job whose state has changed."""
    terminal.print(f"{clock(datetime.now(UTC))}  {counts(ledger, wish)}", markup=False)
    known = _states(ledger, wish)
    while True:
        time.sleep(every_s)
        if not ledger.database.changed_by_others():
            continue
        now = _states(ledger, wish)
        for job_id, row in now.items():
            if job_id not in known or known[job_id].state != row.state:
                terminal.print(_change(ledger, row), markup=False)
        known = now


def _states(ledger: Ledger, wish: Wish) -> dict[int, JobRow]:
    rows = ledger.history.newest(wish, LOOKED_THROUGH)
    return {row.job_id: row for row in rows}


def _change(ledger: Ledger, row: JobRow) -> str:
    name = salted(ledger.site_salt, row.study_instance_uid)
    why = f"  {row.reason}" if row.reason else ""
    at = clock(datetime.now(UTC))
    return f"{at}  job {row.job_id}  {row.model}  {name}  {row.state}{why}"
