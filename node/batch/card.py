"""The result of one study in the terminal: numbers first, then where they come from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from models.volume.bundle import Bundle
from node.batch.answer_lines import Line, answer_lines, stage_lines
from node.batch.entry import Entry
from node.batch.legible import near, visible
from node.batch.rows import WEIGHTS_DIGITS, flag_codes, note, results_folder, sent
from node.batch.tally import COLOURS, Ending, ending_of
from node.batch.words import Words
from node.jobs.job import Measured, Verdict

MOST_SERIES = 6
"""Series that are told one by one; the rest are counted."""


def plain_lines(entry: Entry, bundle: Bundle, words: Words, results: Path) -> list[str]:
    """Return the result in lines without colour, for a file or another program."""
    lines = list(_lines(entry, bundle, words, results))
    width = max(len(label) for label, _ in lines)
    return [
        f"{words.part(bundle.title)}: {_state(entry, words)}",
        *_volume_lines(entry, words),
        *(f"{label:<{width}}  {text}".rstrip() for label, text in lines),
        f"{note(bundle, words, is_fast=entry.is_fast)}.",
    ]


def card(entry: Entry, bundle: Bundle, words: Words, results: Path) -> RenderableType:
    """Return the result as a card for a terminal.

    Parameters
    ----------
    results
        Folder of the objects of the run.
    """
    colour = COLOURS[ending_of(entry)]
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    for label, text in _lines(entry, bundle, words, results):
        facts.add_row(escape(label), escape(text))
    said = escape(note(bundle, words, is_fast=entry.is_fast))
    parts: list[RenderableType] = [facts, "", f"[dim]{said}.[/]"]
    if volumes := _volume_lines(entry, words):
        parts = [*(f"[bold]{escape(line)}[/]" for line in volumes), "", *parts]
    state = escape(_state(entry, words))
    return Panel(
        Group(*parts),
        title=f"[bold]{escape(words.part(bundle.title))}[/] · [{colour}]{state}[/]",
        title_align="left",
        border_style=colour,
        padding=(1, 2),
    )


def block(entry: Entry, words: Words) -> list[str]:
    """Return what a run tells of a study that a model decided about, as it ends."""
    if entry.answer is None:
        return []
    chosen = [verdict for verdict in _verdicts(entry) if verdict.chosen]
    others = [verdict for verdict in _verdicts(entry) if not verdict.chosen]
    lines = [
        *((words.text("head_series"), _named(verdict, words)) for verdict in chosen),
        *_passed_over(others, words, words.text("head_not_read")),
        *stage_lines(entry, words),
        *answer_lines(entry, words),
    ]
    width = max(len(label) for label, _ in lines)
    return [f"{label:<{width}}  {text}" for label, text in lines]


def _state(entry: Entry, words: Words) -> str:
    return words.state("kept" if entry.was_kept else ending_of(entry))


def _volume_lines(entry: Entry, words: Words) -> list[str]:
    """Return a line per structure: its name, then its numbers one below another."""
    job = entry.job if entry.is_reported else None
    table: dict[str, list[Measured]] = {}
    for each in job.measurements if job else ():
        table.setdefault(words.part(each.structure), []).append(each)
    if not table:
        return []
    names = max(len(name) for name in table)
    numbers = max(len(each.printed) for row in table.values() for each in row)
    return [
        "   ".join(
            [
                f"{name:<{names}}",
                *(
                    f"{words.decimal(each.printed):>{numbers}} {words.unit(each.unit)}"
                    for each in row
                ),
            ]
        )
        for name, row in table.items()
    ]


def _lines(entry: Entry, bundle: Bundle, words: Words, results: Path) -> Iterator[Line]:
    """Yield what is told of a study, in the order in which a person asks."""
    if entry.is_reported:
        yield from answer_lines(entry, words)
        yield from _trust(entry, words)
        yield from _series(entry, words)
        yield from _objects(entry, words, results)
    else:
        yield words.text("head_why"), _why(entry, words)
        yield from _passed_over(_verdicts(entry), words, words.text("head_series"))
        yield words.text("head_advice"), words.remedy(entry)
        yield words.text("head_study"), visible(entry.path)
    if entry.job is not None:
        yield words.text("head_model"), _model(entry, bundle, words)
    if entry.seconds is not None:
        yield words.text("head_time"), words.duration(entry.seconds)
    if told := sent(entry, words):
        yield words.text("head_sent"), visible(told)


def _trust(entry: Entry, words: Words) -> Iterator[Line]:
    """Yield the grade and what limits it."""
    grade = entry.job.summary.get("grade", "") if entry.job else ""
    yield words.text("head_grade"), words.text(f"grade_{grade}") if grade else ""
    labels = [words.text("head_flags")]
    for code in flag_codes(entry):
        yield labels.pop() if labels else "", words.flag(code)


def _series(entry: Entry, words: Words) -> Iterator[Line]:
    """Yield which series was read and why, then those that were not."""
    verdicts = _verdicts(entry)
    chosen = [verdict for verdict in verdicts if verdict.chosen]
    for verdict in chosen:
        yield words.text("head_series"), _named(verdict, words)
        yield words.text("head_because"), visible(verdict.detail)
    others = [verdict for verdict in verdicts if not verdict.chosen]
    yield from _passed_over(others, words, words.text("head_not_read"))


def _passed_over(
    verdicts: Sequence[Verdict], words: Words, label: str
) -> Iterator[Line]:
    """Yield series that were not read, each with the reason."""
    for verdict in verdicts[:MOST_SERIES]:
        told = words.reason(verdict.reason, visible(verdict.detail))
        why = words.small(told.rstrip("."))
        yield label, f"{_named(verdict, words)}: {why}"
        label = ""
    if len(verdicts) > MOST_SERIES:
        yield label, words.count("other_series", len(verdicts) - MOST_SERIES)


def _named(verdict: Verdict, words: Words) -> str:
    number = "" if verdict.series_number is None else str(verdict.series_number)
    name = f"{number} {visible(verdict.description)}".strip()
    images = words.count("images", verdict.images)
    return f"{name}, {images}" if name else images


def _objects(entry: Entry, words: Words, results: Path) -> Iterator[Line]:
    folder = results_folder(entry, results)
    if folder is not None:
        yield words.text("head_results"), near(folder)
    if entry.objects:
        yield "", ", ".join(made.path.name for made in entry.objects)


def _why(entry: Entry, words: Words) -> str:
    """Return the reason; where each series is told below, without the series."""
    if ending_of(entry) is Ending.NOT_APPLICABLE and _verdicts(entry):
        return words.reason(entry.reason_code)
    return visible(words.why(entry))


def _verdicts(entry: Entry) -> Sequence[Verdict]:
    return entry.job.verdicts if entry.job else ()


def _model(entry: Entry, bundle: Bundle, words: Words) -> str:
    job = entry.job if entry.is_reported else None
    weights = (job.weights_digest if job else "") or bundle.weights_digest
    return words.text(
        "model_named",
        name=entry.model,
        version=(job.model_version if job else "") or bundle.version,
        weights=weights[:WEIGHTS_DIGITS],
    )
