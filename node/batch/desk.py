"""The desk: a run, and all that it leaves on the screen and in files."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from types import FrameType

from rich.console import Console

import models
from models.volume.bundle import Bundle, BundleError, load_bundle
from node.batch import spreadsheet
from node.batch.card import card, plain_lines
from node.batch.entry import Entry
from node.batch.order import Order
from node.batch.progress import display
from node.batch.rows import sheets_of
from node.batch.run import Done, read
from node.batch.summary import (
    RunFacts,
    about,
    as_json,
    as_tables,
    closing_lines,
    exit_status,
    processor,
    write_json,
)
from node.batch.words import Words
from node.errors import ConfigError, NodeError
from node.jobs.pool_size import usable_cores
from node.jobs.request import bundle_of

WRITE_EVERY_S = 10.0
"""Between two times that the spreadsheet is written while a run goes on."""

INTERRUPTED = 130
"""Exit status of a run that Ctrl-C or SIGTERM ended."""


SHOW_CURSOR = "\x1b[?25h"
"""What brings back the cursor that a progress bar hid (DECTCEM)."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person wants to see of a run.

    Attributes
    ----------
    table
        File of the spreadsheet; None: named after date and time.
    summary_file
        File of the summary as JSON, if any.
    language
        Of the messages.
    as_json
        Whether standard output is for a machine.
    only_model
        Whether one model was named: a study that it does not read is then an error.
    """

    table: Path | None = None
    summary_file: Path | None = None
    language: str = "en"
    as_json: bool = False
    only_model: bool = False


def batch(order: Order, wanted: Wanted, now: datetime) -> int:
    """Read a folder of studies; return the exit status.

    Raises
    ------
    NodeError
        Nothing could be read, or a file cannot be written; it says what to do.
    """
    words = Words.of(wanted.language)
    table = wanted.table or Path(spreadsheet.default_name(now))
    if table.parent.absolute().is_relative_to(order.results):
        order.results.mkdir(parents=True, exist_ok=True, mode=0o700)
    spreadsheet.check(table)
    if wanted.summary_file:
        _check_place(wanted.summary_file, table)
    sheet = _Sheet(order, table, words, now)
    done = _followed(order, words, sheet)
    if done.was_interrupted and not done.entries:
        _complain(done)
        return INTERRUPTED
    facts = facts_of(order, done, now)
    content = as_json(done.entries, facts, sheet.bundles, words)
    if wanted.summary_file:
        write_json(wanted.summary_file, content)
    written = sheet.write(done.entries, facts)
    if wanted.as_json:
        _print_json(content)
    else:
        _print_summary(done, facts, sheet, words, written)
    _complain(done)
    if done.was_interrupted:
        return INTERRUPTED
    return (
        1 if done.trouble else exit_status(done.entries, only_model=wanted.only_model)
    )


def infer(order: Order, wanted: Wanted, now: datetime) -> int:
    """Read one study, or the few that lie in one place; return the exit status.

    What was to be sent and was not taken is an error here, since it was asked for.

    Raises
    ------
    NodeError
        Nothing could be read; it says what to do.
    """
    words = Words.of(wanted.language)
    bundles = bundles_of(order)
    done = _followed(order, words)
    if wanted.as_json:
        _print_json(as_json(done.entries, facts_of(order, done, now), bundles, words))
    else:
        _print_cards(done.entries, bundles, words, order.results)
    _complain(done)
    if done.was_interrupted:
        return INTERRUPTED
    if done.trouble or (order.destinations and not _all_sent(done.entries)):
        return 1
    return exit_status(done.entries, only_model=True)


def bundles_of(order: Order) -> dict[str, Bundle]:
    """Return the bundles of the models of an order, verified.

    Raises
    ------
    ConfigError
        One is missing, incomplete or not what its hashes say.
    """
    bundles = {}
    for name in order.models:
        folder = bundle_of(order.settings, name) or models.bundle_folder(name)
        try:
            bundles[name] = load_bundle(folder)
        except BundleError as error:
            raise ConfigError(f"[models.{name}] {error}") from None
    return bundles


def facts_of(order: Order, done: Done, started: datetime) -> RunFacts:
    """Return what holds for a run as a whole; it has just ended."""
    settings = order.settings
    return RunFacts(
        root=str(order.root),
        started=started,
        ended=datetime.now(started.tzinfo),
        command=shlex.join(["pacs-node", *sys.argv[1:]]),
        package=version("pacs-ai-node"),
        processor=processor(),
        cores=usable_cores(),
        workers=done.workers,
        settings={
            "device": settings.jobs.device,
            "precision": settings.jobs.precision,
            "seg": settings.report.seg,
            "destinations": ", ".join(
                f"{each.ae_title}@{each.host}:{each.port}"
                for each in order.destinations
            ),
        },
    )


class _Sheet:
    """Listens to a run, and keeps its spreadsheet up to date meanwhile."""

    def __init__(self, order: Order, path: Path, words: Words, now: datetime) -> None:
        self.bundles: Mapping[str, Bundle] = bundles_of(order)
        sheets_of((), self.bundles, words, order.results)  # the columns are possible
        self.path = path
        self.results = order.results
        self._order = order
        self._words = words
        self._started = now
        self._ended: list[Entry] = []
        self._written_at = time.monotonic()

    def found(self, entries: int) -> None:
        """Need not know."""

    def working(self, running: Sequence[tuple[str, str, str]]) -> None:
        """Need not know."""

    def ended(self, entry: Entry) -> None:
        """Take up an entry; the file is written now and then."""
        self._ended.append(entry)
        if time.monotonic() - self._written_at > WRITE_EVERY_S:
            facts = facts_of(self._order, Done(tuple(self._ended)), self._started)
            with suppress(NodeError):  # the last time says so; the studies come first
                self.write(self._ended, facts)

    def write(self, entries: Sequence[Entry], facts: RunFacts) -> tuple[Path, ...]:
        """Write the spreadsheet; return its files."""
        sheets = sheets_of(entries, self.bundles, self._words, self._order.results)
        first_sheet = about(entries, facts, self.bundles, self._words)
        files = spreadsheet.write(self.path, sheets, first_sheet)
        self._written_at = time.monotonic()
        return files


def _followed(order: Order, words: Words, *others: _Sheet) -> Done:
    """Read, with something to look at; an interrupt that comes early ends it too."""
    try:
        with _interruptible(), display(words) as shown:
            return read(order, [shown, *others])
    except KeyboardInterrupt:  # before it was known what there is
        return Done((), was_interrupted=True)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Have the first SIGINT or SIGTERM end the run in order, the second at once."""
    signals = (signal.SIGINT, signal.SIGTERM)

    def at_once(_signal: int, _frame: FrameType | None) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(SHOW_CURSOR)
            sys.stderr.flush()
        os._exit(INTERRUPTED)  # workers end with their parent, the ledger is whole

    def in_order(_signal: int, _frame: FrameType | None) -> None:
        for number in signals:
            signal.signal(number, at_once)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, in_order) for number in signals}
    yield  # after an interrupt nothing is put back: the process is about to end
    for number, handler in before.items():
        signal.signal(number, handler)


def _check_place(path: Path, table: Path) -> None:
    """Refuse, before anything is read, a file that could not be written after it."""
    if path.absolute() == table.absolute():
        raise ConfigError(f"--summary {path}: that is the table; name another file")
    if path.is_dir() or not os.access(path.parent, os.W_OK | os.X_OK):
        raise ConfigError(f"--summary {path}: no file can be written there")


def _print_json(content: Mapping[str, object]) -> None:
    sys.stdout.write(json.dumps(content, ensure_ascii=False) + "\n")


def _print_summary(
    done: Done,
    facts: RunFacts,
    sheet: _Sheet,
    words: Words,
    written: Sequence[Path],
) -> None:
    console = Console(highlight=False)
    tables = as_tables(
        done.entries, sheet.bundles, words, root=facts.root, all_in=str(sheet.path)
    )
    console.print(tables)
    console.print()
    lines = closing_lines(
        done.entries, facts, words, spreadsheets=written, results=sheet.results
    )
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)


def _print_cards(
    entries: Sequence[Entry], bundles: Mapping[str, Bundle], words: Words, results: Path
) -> None:
    console = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
    for entry in entries:
        bundle = bundles[entry.model]
        if console.is_terminal:
            console.print(card(entry, bundle, words, results))
            continue
        for line in plain_lines(entry, bundle, words, results):
            console.print(line, markup=False)


def _complain(done: Done) -> None:
    if done.trouble:
        sys.stderr.write(f"pacs-node: {done.trouble}\n")
    elif done.was_interrupted:
        sys.stderr.write(
            "pacs-node: interrupted; type the same command again to go on\n"
        )


def _all_sent(entries: Sequence[Entry]) -> bool:
    return all(
        delivery.state == "sent" for entry in entries for delivery in entry.deliveries
    )
