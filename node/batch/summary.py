"""A run as a whole: for machines as JSON, for the terminal as tables and few lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from models.volume.bundle import Bundle
from models.volume.columns import is_classified
from node.batch import metric_told
from node.batch.cells import Cell
from node.batch.entry import Entry
from node.batch.legible import near, visible
from node.batch.metrics import metrics_of
from node.batch.rows import WEIGHTS_DIGITS, flag_codes, note, sent
from node.batch.tally import (
    FAULTS,
    Ending,
    Totals,
    count,
    ending_of,
    for_others,
    is_copy,
    totals_of,
)
from node.batch.truth import UNKNOWN, Truth
from node.batch.whole_file import write_whole
from node.batch.words import Words
from node.jobs.answers import Answers
from node.jobs.ledger_deliveries import Delivery

SCHEMA = "pacs-ai-node batch summary"
SCHEMA_VERSION = 2

MOST_FAULTS = 3
"""Reasons why something was not sent that are told at the end of a run."""


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
    is_fast
        Whether models that can leave out what takes long did.
    package
        Version of this program.
    cores, workers
        Cores that the run could use, and processes that read.
    truth
        What the results are compared with.
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
    is_fast: bool = False
    truth: Truth = UNKNOWN

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

    A copy of what is read under another name needs none.

    Parameters
    ----------
    only_model
        Whether a person named one model: then a study that it does not read is an
        error too.
    """
    wrong = FAULTS | {Ending.NOT_APPLICABLE} if only_model else FAULTS
    told = [entry for entry in entries if not is_copy(entry)]
    if not told or any(ending_of(entry) in wrong for entry in told):
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
        "settings": dict(facts.settings) | {"fast": facts.is_fast},
        "package": facts.package,
        "processor": facts.processor,
        "cores": facts.cores,
        "workers": facts.workers,
        "models": {
            name: {
                "version": bundle.version,
                "weights_digest": bundle.weights_digest,
                "status": bundle.status,
                "note": note(bundle, words, is_fast=facts.is_fast),
                **_worth(name, bundle, entries, facts.truth),
            }
            for name, bundle in bundles.items()
        },
        "truth": _truth(entries, facts.truth),
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
        **(reported.answers if reported else Answers()).plain(),
        "fast": entry.is_fast,
        "truth": entry.truth,
        "timings_s": dict(reported.timings_s) if reported else {},
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


def _worth(
    name: str, bundle: Bundle, entries: Sequence[Entry], truth: Truth
) -> dict[str, Any]:
    """Return what a model decided in all, and how often it was right."""
    if not is_classified(bundle.columns):
        return {"totals": None, "metrics": None}
    of_model = [entry for entry in entries if entry.model == name]
    metrics = metrics_of(of_model) if truth.is_known else None
    return {
        "totals": asdict(totals_of(of_model)),
        "metrics": metric_told.as_json(metrics) if metrics else None,
    }


def _truth(entries: Sequence[Entry], truth: Truth) -> dict[str, Any] | None:
    if not truth.is_known:
        return None
    source = visible(truth.source) if truth.source else "names"
    return {"source": source, "not_found": truth.unknown(entries)}


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
    for name, bundle in bundles.items():
        lines |= _shares(name, bundle, entries, words)
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
        lines[f"{words.text('head_note')} {name}"] = note(
            bundle, words, is_fast=facts.is_fast
        )
    if facts.truth.is_known:
        lines[words.text("head_truth")] = facts.truth.told_source(words)
    return lines


def _shares(
    name: str, bundle: Bundle, entries: Sequence[Entry], words: Words
) -> dict[str, Cell]:
    """Return lines of what a model decided in all, and of its time per study."""
    totals = totals_of(entry for entry in entries if entry.model == name)
    lines: dict[str, Cell] = {}
    if is_classified(bundle.columns):
        lines[f"{words.text('head_result')} {name}"] = _answers(totals, words) or None
    times = (
        ("head_mean_time", totals.mean_seconds),
        ("head_median_time", totals.median_seconds),
    )
    for key, seconds in times:
        if seconds is not None:
            lines[f"{words.text(key)} {name}"] = words.duration(seconds)
    return lines


def _answers(totals: Totals, words: Words) -> str:
    """Return how many studies are below the threshold, and how many are suspected."""
    suspected = words.text("answer_positive", what=words.part(totals.positive))
    told = {
        words.text("answer_below"): totals.below_threshold,
        suspected: totals.suspected,
    }
    of = sum(told.values())
    shares = (
        words.text("share", what=what, n=n, percent=round(100 * n / of))
        for what, n in told.items()
        if of
    )
    return " · ".join(shares)


def closing_lines(
    entries: Sequence[Entry],
    facts: RunFacts,
    bundles: Mapping[str, Bundle],
    words: Words,
    *,
    spreadsheets: Iterable[Path] = (),
    results: Path | None = None,
) -> list[str]:
    """Return the last lines of a run: how many ended how, and where it all lies.

    Of a model that none of these studies is for, nothing is said.
    """
    idle = for_others(entries)
    entries = [entry for entry in entries if entry.model not in idle]
    bundles = {name: bundle for name, bundle in bundles.items() if name not in idle}
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
    lines += _totals_lines(entries, bundles, words)
    if facts.truth.is_known:
        unknown = facts.truth.unknown(entries)
        measured = metric_told.measured_by_model(entries, bundles)
        lines += metric_told.as_lines(measured, facts.truth, unknown, words)
    lines += _sent_line(entries, words)
    places = [(words.text("head_spreadsheet"), path) for path in spreadsheets]
    if results is not None and counts[Ending.REPORTED]:
        places.append((words.text("head_results"), results))
    width = max((len(label) for label, _ in places), default=0)
    lines += [f"{label:<{width}}  {near(path)}" for label, path in places]
    notes = {f"{note(b, words, is_fast=facts.is_fast)}." for b in bundles.values()}
    return [*lines, *sorted(notes)]


def _totals_lines(
    entries: Sequence[Entry], bundles: Mapping[str, Bundle], words: Words
) -> Iterator[str]:
    """Yield what each model that classifies decided in all, and its time per study."""
    for name, bundle in bundles.items():
        if not is_classified(bundle.columns):
            continue
        totals = totals_of(entry for entry in entries if entry.model == name)
        if totals.mean_seconds is None or totals.median_seconds is None:
            continue
        yield f"{words.part(bundle.title)}: {_answers(totals, words)}"
        yield words.text(
            "times",
            mean=words.duration(totals.mean_seconds),
            median=words.duration(totals.median_seconds),
        )


def _sent_line(entries: Sequence[Entry], words: Words) -> list[str]:
    """Return how many studies were taken by all destinations, if sending was asked."""
    asked = [entry for entry in entries if entry.deliveries]
    if not asked:
        return []
    left = [e for e in asked if any(d.state != "sent" for d in e.deliveries)]
    lines = [words.text("sent_count", sent=len(asked) - len(left), of=len(asked))]
    lines += sorted({sent(entry, words) for entry in left})[:MOST_FAULTS]
    return [*lines, words.text("sent_next")] if left else lines


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
        "advice": words.remedy(entry),
        "detail": entry.job.detail if entry.job else entry.detail,
    }
