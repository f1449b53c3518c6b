"""The spreadsheet of a run, kept up to date while it goes on."""

from __future__ import annotations

import math
import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import models
from models.volume.bundle import Bundle, BundleError, load_bundle
from node.batch import metric_told, spreadsheet
from node.batch.entry import Entry
from node.batch.listener import Listener
from node.batch.order import Order
from node.batch.rows import sheets_of
from node.batch.run import Done
from node.batch.summary import RunFacts, about, processor
from node.batch.truth import UNKNOWN, Truth
from node.batch.words import Words
from node.errors import ConfigError, NodeError
from node.jobs.pool_size import usable_cores
from node.jobs.request import bundle_of

WRITE_EVERY_S = 10.0
"""Between two times that the spreadsheet is written while a run goes on."""


Key = tuple[str, str, str]
"""Path, study and reading of an entry."""


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


def facts_of(
    order: Order, done: Done, started: datetime, truth: Truth = UNKNOWN
) -> RunFacts:
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
        is_fast=order.fast,
        truth=truth,
    )


class Informed:
    """Passes on what is heard of a run, with what is known of each study."""

    def __init__(self, truth: Truth, listeners: Sequence[Listener]) -> None:
        self._truth = truth
        self._listeners = listeners

    def found(self, waiting: Sequence[Entry]) -> None:
        """Pass it on with the truth of each."""
        told = [self._truth.told(entry) for entry in waiting]
        for listener in self._listeners:
            listener.found(told)

    def working(self, running: Sequence[tuple[str, str, str]]) -> None:
        """Pass it on."""
        for listener in self._listeners:
            listener.working(running)

    def ended(self, entry: Entry) -> None:
        """Pass it on with its truth."""
        for listener in self._listeners:
            listener.ended(self._truth.told(entry))


class Sheet:
    """Listens to a run, and keeps its spreadsheet up to date meanwhile."""

    def __init__(
        self, order: Order, path: Path, words: Words, now: datetime, truth: Truth
    ) -> None:
        self.bundles: Mapping[str, Bundle] = bundles_of(order)
        sheets_of((), self.bundles, words, order.results)  # the columns are possible
        self.path = path
        self.results = order.results
        self._order = order
        self._words = words
        self._started = now
        self._truth = truth
        self._entries: dict[Key, Entry] = {}
        self._is_news = False
        # The first study is there at once; an earlier table stays until every result
        # in it has been taken up again: whoever is killed before takes none away.
        self._earlier = spreadsheet.finished(path, tuple(self.bundles))
        self._missed: set[Key] = set()
        self._written_at = time.monotonic() if path.exists() else -math.inf

    def found(self, waiting: Sequence[Entry]) -> None:
        """Note what there is: until it is read, its row says that it was not."""
        self._entries = {_key(entry): entry for entry in waiting}
        self._missed = {
            _key(entry)
            for entry in waiting
            if (entry.study_instance_uid, entry.model) in self._earlier
        }

    def working(self, _running: Sequence[tuple[str, str, str]], /) -> None:
        """Write what has ended since the last time, whatever is being read."""
        self._write_now_and_then()

    def ended(self, entry: Entry) -> None:
        """Take up an entry; the file is written now and then."""
        self._entries[_key(entry)] = entry
        self._missed.discard(_key(entry))
        self._is_news = True
        self._write_now_and_then()

    def _write_now_and_then(self) -> None:
        is_due = time.monotonic() - self._written_at > WRITE_EVERY_S
        if self._is_news and is_due and not self._missed:
            done = Done(tuple(self._entries.values()))
            facts = facts_of(self._order, done, self._started, self._truth)
            with suppress(NodeError):  # the last time says so; the studies come first
                self.write(done.entries, facts)

    def write(self, entries: Sequence[Entry], facts: RunFacts) -> tuple[Path, ...]:
        """Write the spreadsheet; return its files."""
        is_known = self._truth.is_known
        sheets = sheets_of(
            entries, self.bundles, self._words, self.results, with_truth=is_known
        )
        told = about(entries, facts, self.bundles, self._words)
        metrics = metric_told.as_rows(
            metric_told.measured_by_model(entries, self.bundles) if is_known else {},
            self._truth.unknown(entries),
            self._words,
        )
        files = spreadsheet.write(self.path, sheets, told, metrics)
        self._written_at, self._is_news = time.monotonic(), False
        return files


def _key(entry: Entry) -> Key:
    return entry.path, entry.study_instance_uid, entry.reading
