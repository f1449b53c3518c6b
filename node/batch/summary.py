"""A run as a whole: for machines as JSON, for the terminal as tables and few lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Group
from rich.markup import escape
from rich.table import Table

from models.volume.bundle import Bundle
from node.batch.entry import Entry
from node.batch.legible import near, tail, visible
from node.batch.rows import (
    WEIGHTS_DIGITS,
    Cell,
    flag_codes,
    measured,
    note,
    sent,
)
from node.batch.tally import FAULTS, Ending, count, ending_of
from node.batch.whole_file import write_whole
from node.batch.words import Words
from node.jobs.ledger_deliveries import Delivery

SCHEMA = "pacs-ai-node batch summary"
SCHEMA_VERSION = 1

MOST_ROWS = 20
"""Rows of a table in the terminal; the spreadsheet has all."""

MOST_FAULTS = 3
"""Reasons why something was not sent that are told at the end of a run."""

STUDY_WIDTH = 28
"""Places of a terminal for the path of a study, so that a table holds in 80."""

COLOURS = {
    Ending.REPORTED: "green",
    Ending.NOT_APPLICABLE: "yellow",
    Ending.FAILED: "red",
    Ending.NO_STUDY: "red",
    Ending.NOT_READ: "red",
}


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What holds for a run as a whole.

    Attributes
    ----------
    root
        Where the studies lie, as the person named it.
    started, ended
        Aware times.
    command
        What was typed.
    settings
        Those that shape a result or the time that it takes.
    package
        Version of this program.
    cores, workers
        Cores that the run could use, and processes that read.
    """

    root: str
    started: datetime
    ended: datetime
    command: str
    package: str
    processor: str
    cores: int
    workers: int
    settings: Mapping[str, str | int | bool]

    @property
    def seconds(self) -> float:
        """How long the run took."""
        return (self.ended - self.started).total_seconds()


def processor() -> str:
    """Return the name of the processor as Linux gives it; "" where it has none."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    names = (line.partition(": ")[2] for line in lines if line.startswith("model name"))
    return next(names, "")


def exit_status(entries: Sequence[Entry], *, only_model: bool) -> int:
    """Return 0 when every input that a model reads has its result, else 1.

    Parameters
    ----------
    only_model
        Whether a person named one model: then a study that it does not read is an
        error too.
    """
    wrong = FAULTS | {Ending.NOT_APPLICABLE} if only_model else FAULTS
    if not entries or any(ending_of(entry) in wrong for entry in entries):
        return 1
    return 0


def as_json(
    entries: Sequence[Entry],
    facts: RunFacts,
    bundles: Mapping[str, Bundle],
    words: Words,
) -> dict[str, Any]:
    """Return the run for a machine.

    Its keys stay: another set of them has another ``SCHEMA_VERSION``.
    """
    return {
        "schema": SCHEMA,
        "version": SCHEMA_VERSION,
        "started": facts.started.isoformat(),
        "ended": facts.ended.isoformat(),
        "seconds": round(facts.seconds, 2),
        "root": visible(facts.root),
        "command": visible(facts.command),
        "settings": dict(facts.settings),
        "package": facts.package,
        "processor": facts.processor,
        "cores": facts.cores,
        "workers": facts.workers,
        "models": {
            name: {
                "version": bundle.version,
                "weights_digest": bundle.weights_digest,
                "status": bundle.status,
                "note": note(bundle, words),
            }
            for name, bundle in bundles.items()
        },
        "counts": asdict(count(entries)),
        "entries": [entry_as_json(entry, words) for entry in entries],
    }


def entry_as_json(entry: Entry, words: Words) -> dict[str, Any]:
    """Return one entry for a machine; numbers are numbers, what is not there null."""
    reported = entry.job if entry.is_reported else None
    return {
        "path": visible(entry.path),
        "study_instance_uid": entry.study_instance_uid,
        "model": entry.model,
        "outcome": ending_of(entry).value,
        "kept": entry.was_kept,
        "seconds": None if entry.seconds is None else round(entry.seconds, 2),
        "series_instance_uid": reported.series_instance_uid if reported else None,
        "version": reported.version if reported else None,
        "model_version": reported.model_version if reported else None,
        "weights_digest": reported.weights_digest if reported else None,
        "measurements": [asdict(m) for m in reported.measurements] if reported else [],
        "grade": reported.summary.get("grade") if reported else None,
        "flags": flag_codes(entry),
        "objects": [
            asdict(made) | {"path": visible(str(made.path))} for made in entry.objects
        ],
        "deliveries": [_delivery(each) for each in entry.deliveries],
        "series": [asdict(verdict) for verdict in entry.job.verdicts]
        if entry.job
        else [],
        **_reason(entry, words),
    }


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a summary as a whole or not at all.

    Raises
    ------
    NodeError
        The disk refuses.
    """
    text = json.dumps(content, indent=2, ensure_ascii=False)
    write_whole(path, f"{text}\n".encode())


def about(
    entries: Sequence[Entry],
    facts: RunFacts,
    bundles: Mapping[str, Bundle],
    words: Words,
) -> dict[str, Cell]:
    """Return the sheet ``Summary`` of the spreadsheet, line by line."""
    counts = asdict(count(entries))
    lines: dict[str, Cell] = {words.text("head_studies"): counts.pop("studies")}
    for name, number in counts.items():
        state = words.state(name)
        lines[state[:1].upper() + state[1:]] = number
    lines |= {
        words.text("head_started"): facts.started.isoformat(" ", "seconds"),
        words.text("head_ended"): facts.ended.isoformat(" ", "seconds"),
        words.text("head_time"): words.duration(facts.seconds),
        words.text("head_root"): facts.root,
        words.text("head_command"): facts.command,
        words.text("head_program"): f"pacs-ai-node {facts.package}",
        words.text("head_processor"): facts.processor,
        words.text("head_cores"): facts.cores,
        words.text("head_workers"): facts.workers,
    }
    for name, bundle in bundles.items():
        model = words.text(
            "model_named",
            name=name,
            version=bundle.version,
            weights=bundle.weights_digest[:WEIGHTS_DIGITS],
        )
        lines[f"{words.text('head_model')} {name}"] = model
        lines[f"{words.text('head_note')} {name}"] = note(bundle, words)
    return lines


def as_tables(
    entries: Sequence[Entry],
    bundles: Mapping[str, Bundle],
    words: Words,
    *,
    root: str = "",
    all_in: str = "",
) -> Group:
    """Return a table of each model for a terminal of 80 columns or more.

    What needs a look stands first; a long table ends with how much more there is.

    Parameters
    ----------
    root
        Paths are shown below it.
    all_in
        Name of the spreadsheet.
    """
    tables = (
        _table(
            [entry for entry in entries if entry.model == name],
            bundle,
            words,
            root,
            all_in,
        )
        for name, bundle in bundles.items()
    )
    return Group(*tables)


def closing_lines(
    entries: Sequence[Entry],
    facts: RunFacts,
    words: Words,
    *,
    spreadsheets: Iterable[Path] = (),
    results: Path | None = None,
) -> list[str]:
    """Return the last lines of a run: how many ended how, and where it all lies."""
    counts = asdict(count(entries))
    studies = counts.pop("studies")
    if not studies and not any(counts.values()):
        return [words.text("closing_nothing")]
    told = [f"{words.state(name)} {n}" for name, n in counts.items() if n]
    lines = [
        words.text(
            "closing",
            studies=words.count("studies", studies),
            time=words.duration(facts.seconds),
            counts=", ".join(told),
        )
    ]
    lines += _sent_line(entries, words)
    places = [(words.text("head_spreadsheet"), path) for path in spreadsheets]
    if results is not None and counts[Ending.REPORTED]:
        places.append((words.text("head_results"), results))
    width = max((len(label) for label, _ in places), default=0)
    lines += [f"{label:<{width}}  {near(path)}" for label, path in places]
    return [*lines, f"{words.text('research')}."]


def _sent_line(entries: Sequence[Entry], words: Words) -> list[str]:
    """Return how many studies were taken by all destinations, if sending was asked."""
    asked = [entry for entry in entries if entry.deliveries]
    if not asked:
        return []
    left = [e for e in asked if any(d.state != "sent" for d in e.deliveries)]
    lines = [words.text("sent_count", sent=len(asked) - len(left), of=len(asked))]
    lines += sorted({sent(entry, words) for entry in left})[:MOST_FAULTS]
    return [*lines, words.text("sent_next")] if left else lines


def _table(
    entries: Sequence[Entry], bundle: Bundle, words: Words, root: str, all_in: str
) -> Table:
    ordered = sorted(entries, key=lambda entry: _rank(ending_of(entry)))
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
    for name in bundle.columns:
        what, _, unit = name.rpartition("_")
        heading = f"{words.part(what)}\n{words.unit(unit)}" if what else name
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column(words.text("head_outcome"))
    return table


def _cells(entry: Entry, bundle: Bundle, words: Words, root: str) -> Iterator[str]:
    job = entry.job if entry.is_reported else None
    path = entry.path.removeprefix(root).lstrip("/") or entry.path
    yield escape(tail(path, STUDY_WIDTH))
    for cell in measured(bundle.columns, job.measurements if job else ()).values():
        yield "" if cell is None else words.decimal(str(cell))
    ending = ending_of(entry)
    state = words.state(ending)
    if job:
        state = words.text("grade_only", grade=job.summary["grade"])
    yield f"[{COLOURS[ending]}]{escape(state)}[/]"


def _rank(ending: Ending) -> int:
    """Return where an ending stands: faults, then what is not read, then results."""
    if ending in FAULTS:
        return 0
    return 1 if ending is Ending.NOT_APPLICABLE else 2


def _delivery(each: Delivery) -> dict[str, Any]:
    return {
        "kind": each.kind,
        "sop_instance_uid": each.sop_instance_uid,
        "destination": each.destination,
        "state": each.state,
        "attempts": each.attempts,
        "status": each.status,
        "detail": each.detail,
    }


def _reason(entry: Entry, words: Words) -> dict[str, str | None]:
    if entry.is_reported:
        return dict.fromkeys(("reason", "reason_words", "advice", "detail"))
    return {
        "reason": entry.reason_code,
        "reason_words": words.why(entry),
        "advice": words.advice(entry.reason_code),
        "detail": entry.job.detail if entry.job else entry.detail,
    }
