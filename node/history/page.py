"""A story as a person reads it: the decisions in order, then model by model."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from rich import box
from rich.console import Group
from rich.panel import Panel
from rich.text import Text

from node.history.card import SHOWN_DIGITS
from node.history.paths import Objects
from node.history.repetition import Repetition
from node.history.story import JobStory, Story
from node.history.timeline import Event, count, timeline
from node.jobs.job import Verdict
from node.jobs.known_priors import KnownPriors
from node.jobs.ledger_history import ResultRow
from node.listing import DELIVERY_WORDS
from node.moments import clock, day, zone

NARROWEST = 40
"""Columns below which lines are left to the terminal to fold."""

OTHER_SETTINGS = (
    "the numbers are equal: what differs is written from the settings ([report], "
    "[archive] ae_title) or from the time zone of this machine"
)

CARD_COLUMNS = 78
INDENT = "  "


def head(story: Story) -> Iterator[Text]:
    """Yield which study it is, and what of it is here."""
    received = story.received
    yield Text.assemble(("Study ", "bold"), story.study.study_instance_uid)
    yield Text(f"in the log    study={story.log_hash}")
    there = f"{received.with_file} of {received.images} still here"
    yield Text(f"images        {there}")
    yield Text(f"times         {zone(story.study.last_received_at)}")


def decisions(story: Story, width: int) -> Iterator[Text]:
    """Yield a line per decision, under the day on which it was made."""
    events = timeline(story)
    wide = max(len(event.subject) for event in events)
    today = ""
    for event in events:
        if day(event.at) != today:
            today = day(event.at)
            yield Text()
            yield Text(today, style="bold")
        yield from _event(event, wide, width)


def _event(event: Event, wide: int, width: int) -> Iterator[Text]:
    lead = f"{INDENT}{clock(event.at)}  {event.subject:<{wide}}  "
    yield from _folded(lead, event.text, width)


def job_lines(story: JobStory, objects: Objects, width: int) -> Iterator[Text]:
    """Yield what a model made of each series, and each of its results."""
    job = story.job
    yield Text()
    yield Text.assemble((job.model, "bold"), f"  job {job.job_id}, {job.state}")
    if job.verdicts:
        yield from _series(job.verdicts, width)
    elif job.detail:
        for line in job.detail.splitlines():
            yield from _folded(INDENT, line, width)
    for result in story.results:
        yield from _result(story, result, objects, width)
    for notice in story.notices:
        yield Text()
        yield Text(f"{INDENT}notice that the study was not read")
        yield from _objects(notice, objects)
        yield from _deliveries(story, notice, width)


def _series(verdicts: Sequence[Verdict], width: int) -> Iterator[Text]:
    """Yield a table: number, images, read or refused and why, its description."""
    yield Text(f"{INDENT}series  images  what became of it", style="dim")
    for verdict in verdicts:
        number = "?" if verdict.series_number is None else verdict.series_number
        lead = f"{INDENT}{number:>6}  {verdict.images:>6}  "
        because = verdict.detail if verdict.chosen else refused(verdict)
        word = "read" if verdict.chosen else "refused"
        told = f"{word} because {because}" if because else word
        name = f"'{verdict.description}'"
        is_said = name in told or not verdict.description
        yield from _folded(lead, told if is_said else f"{name} {told}", width)


def refused(verdict: Verdict) -> str:
    """Return the reason code of a refusal, with the value that decided."""
    if not verdict.detail:
        return verdict.reason
    return f"{verdict.reason}: {verdict.detail}"


def _result(
    story: JobStory, result: ResultRow, objects: Objects, width: int
) -> Iterator[Text]:
    is_last = result is story.results[-1]
    standing = "" if is_last else ", replaced since"
    if result.taken_back is not None:
        standing = f", taken back {day(result.taken_back.at)}"
    yield Text()
    made = f"{day(result.reported_at)} {clock(result.reported_at)}"
    yield Text(f"{INDENT}result {result.version}, {made}{standing}")
    lines = [(name, value or "none") for name, value in result.summary.items()]
    wide = max((len(name) for name, _ in lines), default=0)
    for name, value in lines:
        yield from _folded(f"{INDENT * 2}{name:<{wide}}  ", value, width)
    yield from _priors(result.known, width)
    yield from _objects(result, objects)
    yield from _deliveries(story, result, width)


def _priors(known: KnownPriors, width: int) -> Iterator[Text]:
    """Yield which earlier results the model was told, and why others it was not."""
    for prior in known.priors:
        lead = f"{INDENT * 2}told of {prior.study_date.isoformat()}  "
        yield from _folded(lead, f"{prior.source}, {prior.model_version}", width)
        uid = prior.sr_instance_uid or prior.study_instance_uid
        yield from _folded(" " * len(lead), uid, width)
        if prior.cautions:
            yield from _folded(" " * len(lead), ", ".join(prior.cautions), width)
    if known.withheld:
        reasons = ", ".join(known.withheld)
        yield from _folded(f"{INDENT * 2}told of no other: ", reasons, width)


def _objects(result: ResultRow, objects: Objects) -> Iterator[Text]:
    uids = [len(made.sop_instance_uid) for made in result.objects]
    wide = max(uids, default=0)
    title = f"{INDENT * 2}object  {'SOP Instance UID':<{wide}}  file   SHA-256"
    yield Text(title, style="dim")
    for made in result.objects:
        word, style = ("there", "") if objects.is_there(made) else ("gone", "yellow")
        yield Text.assemble(
            f"{INDENT * 2}{made.kind:<6}  {made.sop_instance_uid:<{wide}}  ",
            (f"{word:<5}", style),
            f"  {made.sha256[:SHOWN_DIGITS]}",
        )


def _deliveries(story: JobStory, result: ResultRow, width: int) -> Iterator[Text]:
    """Yield where the objects went; how that came about stands in the timeline."""
    fates: dict[tuple[str, str], list[str]] = {}
    for delivery in story.deliveries_of(result):
        fate = (delivery.destination, DELIVERY_WORDS[delivery.state])
        fates.setdefault(fate, []).append(delivery.kind)
    for (destination, word), kinds in fates.items():
        line = f"{', '.join(kinds)} to {destination}: {word}"
        yield from _folded(INDENT * 2, line, width)
    if not fates:
        yield Text(f"{INDENT * 2}sent nowhere: no destination was named")


def panel(title: str, lines: Sequence[tuple[str, str]], *, framed: bool) -> Group:
    """Return the card: a frame on a terminal, lines elsewhere."""
    *values, (_, last) = lines
    wide = max(len(name) for name, _ in values)
    body = [Text(f"{name:<{wide}}  {value}") for name, value in values]
    body.append(Text(last, style="bold"))
    if not framed:
        plain = [Text(f"{INDENT}{line.plain}") for line in body]
        return Group(Text(), Text(f"{INDENT}{title}"), *plain)
    frame = Panel(
        Group(*body),
        title=title,
        title_align="left",
        width=CARD_COLUMNS,
        box=box.SQUARE,
    )
    return Group(Text(), frame)


def comparison(repetition: Repetition, width: int) -> Iterator[Text]:
    """Yield what came out when a result was made once more."""
    told = f"{repetition.model}, job {repetition.job_id}, result {repetition.version}"
    yield Text()
    yield Text.assemble(("Once more: ", "bold"), told)
    for line in repetition.changed:
        yield from _folded(INDENT, line, width)
    if repetition.trouble:
        yield from _folded(INDENT, repetition.trouble, width)
        return
    yield from _table(repetition)
    differ = [row.what for row in repetition.rows if not row.is_equal]
    total = count(len(repetition.rows), "value")
    if differ:
        told = f"{len(differ)} of {total} differ: {', '.join(differ)}"
        yield from _folded(INDENT, told, width)
        if repetition.only_objects_differ:
            yield from _folded(INDENT, OTHER_SETTINGS, width)
    else:
        yield Text(f"{INDENT}all equal: {total}, the objects byte for byte")


def _table(repetition: Repetition) -> Iterator[Text]:
    """Yield the rows in columns as wide as what stands in them."""
    rows = [
        ("", "recorded", "repeated"),
        *(
            (row.what, _cut(row.recorded), _cut(row.repeated))
            for row in repetition.rows
        ),
    ]
    wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
    titles, *lines = (
        "  ".join(f"{cell:<{w}}" for cell, w in zip(cells, wide, strict=True))
        for cells in rows
    )
    yield Text(f"{INDENT}{titles}  equal", style="dim")
    for line, row in zip(lines, repetition.rows, strict=True):
        word = ("yes", "") if row.is_equal else ("NO", "bold red")
        yield Text.assemble(f"{INDENT}{line}  ", word)


def _cut(value: str) -> str:
    """Return a value with a long digest cut to what the eye compares."""
    return value if len(value) < 64 else f"{value[:SHOWN_DIGITS]}"


def several(stories: Iterable[Story]) -> Iterator[Text]:
    """Yield the studies that somebody may mean, and what to type."""
    yield Text("Several studies are meant; name one of them:")
    for story in stories:
        at = story.study.first_received_at
        yield Text(f"{INDENT}{day(at)} {clock(at)}  study={story.log_hash}")
        yield Text(f"{INDENT * 2}pacs-node explain {story.study.study_instance_uid}")


def _printable(text: str) -> str:
    """Return text without characters that a terminal would obey."""
    return "".join(c if c.isprintable() else "?" for c in text)


def _folded(lead: str, text: str, width: int) -> Iterator[Text]:
    """Fold between words under a hanging indent; a UID is left whole."""
    lines = textwrap.wrap(
        _printable(text),
        max(width, NARROWEST),
        initial_indent=lead,
        subsequent_indent=" " * len(lead),
        break_long_words=False,
        break_on_hyphens=False,
    )
    yield from map(Text, lines or [lead.rstrip()])
