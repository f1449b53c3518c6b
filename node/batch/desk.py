"""The desk: a run, and all that it leaves on the screen and in files."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import FrameType

from rich.console import Console

from models.volume.bundle import Bundle
from models.volume.columns import is_classified
from node.batch import spreadsheet
from node.batch.card import card, plain_lines
from node.batch.entry import Entry
from node.batch.order import Order
from node.batch.progress import display
from node.batch.run import Done, read
from node.batch.sheet import Informed, Sheet, bundles_of, facts_of
from node.batch.summary import (
    RunFacts,
    as_json,
    closing_lines,
    exit_status,
    write_json,
)
from node.batch.tables import as_tables
from node.batch.tally import of_models_meant
from node.batch.truth import UNKNOWN, Truth, of_file, of_names
from node.batch.words import Words
from node.errors import ConfigError

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
    truth_file
        Table of what is known of the studies, to compare with.
    truth_from_names
        Whether their names say it instead.
    """

    table: Path | None = None
    summary_file: Path | None = None
    language: str = "en"
    as_json: bool = False
    only_model: bool = False
    truth_file: Path | None = None
    truth_from_names: bool = False


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
    truth = _truth(order, wanted)
    sheet = Sheet(order, table, words, now, truth)
    if order.fast:
        _tell_fast(sheet.bundles, words)
    tell_demonstrations(order, sheet.bundles, words)
    done = _followed(order, words, truth, sheet)
    if done.was_interrupted and not done.entries:
        _complain(done)
        return INTERRUPTED
    facts = facts_of(order, done, now, truth)
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
    tell_demonstrations(order, bundles, words)
    done = _followed(order, words, UNKNOWN)
    if wanted.as_json:
        _print_json(as_json(done.entries, facts_of(order, done, now), bundles, words))
    else:
        _print_cards(of_models_meant(done.entries), bundles, words, order.results)
    _complain(done)
    if done.was_interrupted:
        return INTERRUPTED
    if done.trouble or (order.destinations and not _all_sent(done.entries)):
        return 1
    return exit_status(of_models_meant(done.entries), only_model=True)


def _truth(order: Order, wanted: Wanted) -> Truth:
    """Return what the results are compared with.

    Raises
    ------
    ConfigError
        It is no table that can be read, or no model here decides anything.
    """
    if wanted.truth_file and wanted.truth_from_names:
        raise ConfigError("name either --truth or --truth-from-names")
    if wanted.truth_file:
        truth = of_file(wanted.truth_file, order.root)
    else:
        truth = of_names(order.root) if wanted.truth_from_names else UNKNOWN
    decides = any(is_classified(b.columns) for b in bundles_of(order).values())
    if truth.is_known and not decides:
        raise ConfigError(
            f"{', '.join(order.models)}: measures and decides nothing that a truth "
            "could be compared with; leave --truth out"
        )
    return truth


def _tell_fast(bundles: Mapping[str, Bundle], words: Words) -> None:
    """Say, before anything else, what is left out."""
    for name, bundle in bundles.items():
        key = "fast_starts" if bundle.fast else "fast_none"
        what = words.fast(bundle) if bundle.fast else ""
        sys.stderr.write(words.text(key, model=name, what=what) + "\n")


def tell_demonstrations(
    order: Order, bundles: Mapping[str, Bundle], words: Words
) -> None:
    """Say, before anything is sent, which objects are no reading of a patient.

    Who asks for them gets them, whatever the settings allow the node by itself.
    """
    if not order.destinations:
        return
    for name, bundle in bundles.items():
        if bundle.is_demonstration:
            sys.stderr.write(words.text("demonstration_sent", model=name) + "\n")


def _followed(order: Order, words: Words, truth: Truth, *others: Sheet) -> Done:
    """Read, with something to look at; an interrupt that comes early ends it too."""
    try:
        with _interruptible(), display(words, len(order.models)) as shown:
            done = read(order, [Informed(truth, [shown, *others])])
            return replace(done, entries=tuple(map(truth.told, done.entries)))
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
    sheet: Sheet,
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
        done.entries,
        facts,
        sheet.bundles,
        words,
        spreadsheets=written,
        results=sheet.results,
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
