"""Every word and number that a reader sees, said once for the page and the SR."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from unicodedata import bidirectional, east_asian_width

from pydicom import Dataset
from pydicom.valuerep import PersonName

from models.contract import Findings, Volume
from models.terms import Flag, Grade, grade
from models.volume.bundle import Bundle
from node.config_reading import ReportSettings
from node.report import answers, curves, places, verdict
from node.report.answers import Answer, Row
from node.report.facts import Line, image_facts, making_facts, patient_facts
from node.report.places import Place
from node.report.provenance import Provenance
from node.report.slices import image_name, spread
from node.report.verdict import Verdict

RESEARCH_LINE = "Research use. Not verified by a physician."
LONG_STRING = 64
"""Characters in a value of VR LO (PS3.5 6.2)."""

WHAT = {
    "SEG": "segmentation",
    "SR": "measurements",
    "SC": "report page",
    "PDF": "report as PDF",
}
"""What the series of each kind holds."""


@dataclass(frozen=True, slots=True)
class ReportText:
    """What the report says.

    Attributes
    ----------
    heading
        Begins with DEMONSTRATION for a model of that status.
    edition
        ``"v2, replaces v1"``; "" for a first version.
    reasons
        Flags that lower the grade, as code and sentence; the gravest first.
    notes
        Flags that do not.
    position, change
        Where in a norm the numbers lie, and how they changed over time.
    verdicts, places
        What was decided, the answer first; what was found where.
    answers
        All of them in words.
    """

    heading: str
    edition: str
    rows: tuple[Row, ...]
    position: Answer
    change: Answer
    verdicts: tuple[Verdict, ...]
    places: tuple[Place, ...]
    answers: tuple[str, ...]
    grade: Grade
    reasons: tuple[Flag, ...]
    notes: tuple[Flag, ...]
    statements: tuple[Line, ...]
    patient: tuple[Line, ...]
    images: tuple[Line, ...]
    making: tuple[Line, ...]
    intended_use: str
    not_for: str
    nominal: bool


def report_text(
    volume: Volume,
    findings: Findings,
    bundle: Bundle,
    source: Dataset,
    provenance: Provenance,
    settings: ReportSettings,
) -> ReportText:
    """Put the report into words.

    Parameters
    ----------
    findings
        With every flag that counts for the grade.
    source
        Header of the first slice, from ``source_headers``.
    """
    flags = findings.flags
    nominal = any(flag.code == "nominal_geometry" for flag in flags)
    decided = verdict.verdicts(findings)
    located = places.places(volume, findings, nominal=nominal)
    return ReportText(
        heading=demonstration(bundle) + bundle.title,
        edition=edition_mark(provenance),
        rows=tuple(answers.rows(findings)),
        position=answers.position(findings),
        change=answers.change(findings),
        verdicts=decided,
        places=located,
        answers=(
            *_decided(volume, findings, decided, located),
            *answers.words(findings),
        ),
        grade=grade(flags),
        reasons=_reasons(flags),
        notes=tuple(flag for flag in flags if flag.caps_grade == Grade.A),
        statements=tuple(answers.further(findings)),
        patient=tuple(patient_facts(source, settings)),
        images=tuple(image_facts(volume, source, provenance)),
        making=tuple(making_facts(findings, bundle, source, provenance, settings)),
        intended_use=bundle.intended_use,
        not_for=bundle.not_for,
        nominal=nominal,
    )


def comments(text: ReportText) -> Iterator[str]:
    """Return everything that the report says in words, in reading order.

    Lines that identify the patient are left out: they stand in the header.
    """
    yield text.heading
    if text.edition:
        yield text.edition
    yield RESEARCH_LINE
    yield from text.answers
    yield f"Grade: {text.grade}"
    yield from (f"Reservation: {spelled(flag)}" for flag in text.reasons)
    yield from (f"Note: {spelled(flag)}" for flag in text.notes)
    lines = (*text.statements, *text.patient, *text.images, *text.making)
    yield from (_spoken(line) for line in lines if not line.private)
    yield f"Intended use: {text.intended_use}"
    yield f"Not for: {text.not_for}"


def _decided(
    volume: Volume,
    findings: Findings,
    decided: tuple[Verdict, ...],
    located: tuple[Place, ...],
) -> Iterator[str]:
    """Yield in words what was decided, what was found, and what it rests on."""
    for each in decided:
        yield from verdict.words(each)
    for place in located:
        yield from places.words(place)
    if decided and not located:
        names = (image_name(volume, n) for n in spread(volume, findings.label_map))
        yield f"Shown of the source: {', '.join(names)}"
    for profile in findings.profiles:
        yield from curves.words(profile)
    if findings.heat_map:
        yield f"Heat map: {findings.heat_map.method}"


def _spoken(line: Line) -> str:
    return f"{line.label}: {line.value}"


def series_description(bundle: Bundle, kind: str, provenance: Provenance) -> str:
    """Return Series Description (0008,103E), at most 64 characters.

    The title gives way where it is too long; what the series is never does.
    """
    what = WHAT[kind]
    status = "AI" if bundle.is_demonstration else f"AI, {bundle.status}"
    mark = edition_mark(provenance)
    tail = f" ({status}{', ' + mark if mark else ''})"
    title = bundle.title
    if not title.lower().endswith(what):
        tail = f", {what}{tail}"
    room = LONG_STRING - len(demonstration(bundle)) - len(tail)
    if len(title) > room:
        title = title[: room - 1].rstrip() + "."
    return demonstration(bundle) + title + tail


def edition_mark(provenance: Provenance) -> str:
    """Return ``"v2, replaces v1"``, or "" for a first version."""
    number = provenance.version
    return f"v{number}, replaces v{number - 1}" if number > 1 else ""


def spelled(flag: Flag) -> str:
    """Return a flag as it stands in the SR: sentence and reason code."""
    return f"{flag.text} [{flag.code}]"


def person_names(name: PersonName | str) -> tuple[str, ...]:
    """Return the spellings of a name as people read them (PS3.5 6.2.1).

    Chinese, Japanese and Korean names have no comma, Arabic ones their own.

    >>> person_names("Yamada^Tarou=山田^太郎")
    ('Yamada, Tarou', '山田 太郎')
    """
    spellings = []
    for group in str(name).split("="):
        family, _, given = group.partition("^")
        parts = [family.strip(), " ".join(given.replace("^", " ").split())]
        spellings.append(_comma(group).join(part for part in parts if part))
    return tuple(dict.fromkeys(spelling for spelling in spellings if spelling))


def _comma(name: str) -> str:
    """Return what stands between family name and given name."""
    if any(east_asian_width(c) in "WFH" for c in name):
        return " "
    arabic = any(bidirectional(c) == "AL" for c in name)
    return "\N{ARABIC COMMA} " if arabic else ", "


def demonstration(bundle: Bundle) -> str:
    """Return what every title of a demonstration begins with; "" for other models."""
    return "DEMONSTRATION " if bundle.is_demonstration else ""


def _reasons(flags: tuple[Flag, ...]) -> tuple[Flag, ...]:
    lowering = (flag for flag in flags if flag.caps_grade > Grade.A)
    return tuple(sorted(lowering, key=lambda flag: flag.caps_grade, reverse=True))
