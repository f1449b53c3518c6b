"""Every word and number that a reader sees, said once for the page and the SR."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from pydicom import Dataset
from pydicom.valuerep import PersonName

from models.contract import Findings, Flag, Grade, Volume, grade
from models.volume.bundle import Bundle
from node.config import ReportSettings
from node.report.provenance import MANUFACTURER, Provenance

RESEARCH_LINE = "Research use. Not verified by a physician."
LONG_STRING = 64
"""Characters in a value of VR LO (PS3.5 6.2)."""

WHAT = {"SEG": "segmentation", "SR": "measurements", "SC": "report page"}
"""What the series of each kind holds."""

TIMES = "\N{MULTIPLICATION SIGN}"

UNITS = {"mm3": "mm³", "mm2": "mm²"}
"""UCUM units that people write another way."""

SCANNING_SEQUENCES = {
    "SE": "spin echo",
    "IR": "inversion recovery",
    "GR": "gradient echo",
    "EP": "echo planar",
}
"""Scanning Sequence (0018,0020), PS3.3 C.8.3.1."""


@dataclass(frozen=True, slots=True)
class Line:
    """A labelled value; ``private`` ones identify the patient and stay in headers."""

    label: str
    value: str
    private: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """The numbers of one structure: ``(value, unit)`` as they are printed."""

    structure: str
    colour: tuple[int, int, int]
    numbers: tuple[tuple[str, str], ...]
    union: bool


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
        Flags that lower the grade, as code and sentence.
    notes
        Flags that do not.
    """

    heading: str
    edition: str
    rows: tuple[Row, ...]
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
    return ReportText(
        heading=_demonstration(bundle) + bundle.title,
        edition=edition_mark(provenance),
        rows=tuple(_rows(findings)),
        grade=grade(flags),
        reasons=tuple(flag for flag in flags if flag.caps_grade > Grade.A),
        notes=tuple(flag for flag in flags if flag.caps_grade == Grade.A),
        statements=tuple(Line(s.label, s.text) for s in findings.statements),
        patient=tuple(_patient(source, settings)),
        images=tuple(_images(volume, source, provenance)),
        making=tuple(_making(findings, bundle, source, provenance)),
        intended_use=bundle.intended_use,
        not_for=bundle.not_for,
        nominal=any(flag.code == "nominal_geometry" for flag in flags),
    )


def comments(text: ReportText) -> Iterator[str]:
    """Return everything that the report says in words, in reading order.

    Lines that identify the patient are left out: they stand in the header.
    """
    yield text.heading
    if text.edition:
        yield text.edition
    yield RESEARCH_LINE
    yield f"Grade: {text.grade}"
    yield from (f"Reservation: {spelled(flag)}" for flag in text.reasons)
    yield from (f"Note: {spelled(flag)}" for flag in text.notes)
    lines = (*text.statements, *text.patient, *text.images, *text.making)
    yield from (_spoken(line) for line in lines if not line.private)
    yield f"Intended use: {text.intended_use}"
    yield f"Not for: {text.not_for}"


def _spoken(line: Line) -> str:
    return f"{line.label}: {line.value}"


def series_description(bundle: Bundle, kind: str, provenance: Provenance) -> str:
    """Return Series Description (0008,103E), at most 64 characters.

    The title gives way where it is too long; what the series is never does.
    """
    what = WHAT[kind]
    status = "AI" if bundle.status == "demonstration" else f"AI, {bundle.status}"
    mark = edition_mark(provenance)
    tail = f" ({status}{', ' + mark if mark else ''})"
    title = bundle.title
    if not title.lower().endswith(what):
        tail = f", {what}{tail}"
    room = LONG_STRING - len(_demonstration(bundle)) - len(tail)
    if len(title) > room:
        title = title[: room - 1].rstrip() + "."
    return _demonstration(bundle) + title + tail


def edition_mark(provenance: Provenance) -> str:
    """Return ``"v2, replaces v1"``, or "" for a first version."""
    number = provenance.version
    return f"v{number}, replaces v{number - 1}" if number > 1 else ""


def local_time(provenance: Provenance, source: Dataset) -> datetime:
    """Return the time of completion in the time zone of the study.

    DICOM dates and times are local to the site: the study says its offset from UTC
    (0008,0201), or else the clock of this machine stands for it.
    """
    offset = str(source.get("TimezoneOffsetFromUTC", "")).strip()
    if len(offset) == 5 and offset[0] in "+-" and offset[1:].isdecimal():
        minutes = int(offset[1:3]) * 60 + int(offset[3:])
        signed = timedelta(minutes=minutes if offset[0] == "+" else -minutes)
        return provenance.completed_at.astimezone(timezone(signed))
    return provenance.completed_at.astimezone()


def spelled(flag: Flag) -> str:
    """Return a flag as it stands in the SR: sentence and reason code."""
    return f"{flag.text} [{flag.code}]"


def person_names(name: PersonName | str) -> tuple[str, ...]:
    """Return the spellings of a name as people read them (PS3.5 6.2.1).

    >>> person_names("Ivanov^Ivan=Иванов^Иван")
    ('Ivanov, Ivan', 'Иванов, Иван')
    """
    spellings = []
    for group in str(name).split("="):
        family, _, given = group.partition("^")
        parts = [family.strip(), " ".join(given.replace("^", " ").split())]
        spellings.append(", ".join(part for part in parts if part))
    return tuple(spelling for spelling in spellings if spelling)


def _demonstration(bundle: Bundle) -> str:
    return "DEMONSTRATION " if bundle.status == "demonstration" else ""


def _rows(findings: Findings) -> Iterator[Row]:
    for structure in findings.structures:
        numbers = tuple(
            (m.printed, UNITS.get(m.unit.value, m.unit.value))
            for m in findings.measurements
            if m.structure == structure.name
        )
        if numbers:
            union = len(structure.labels) > 1
            yield Row(structure.name, structure.colour, numbers, union)


def _patient(source: Dataset, settings: ReportSettings) -> Iterator[Line]:
    yield Line("Patient ID", str(source.PatientID) or "not given", private=True)
    yield Line("Born", _date(str(source.PatientBirthDate)), private=True)
    yield Line("Sex", str(source.PatientSex) or "not given")
    yield Line("Age at scan", _age(str(source.get("PatientAge", ""))))
    yield Line("Study date", _date(str(source.StudyDate)))
    if source.AccessionNumber:
        yield Line("Accession", str(source.AccessionNumber), private=True)
    if settings.institution:
        yield Line("Institution", settings.institution)


def _images(volume: Volume, source: Dataset, provenance: Provenance) -> Iterator[Line]:
    yield Line("Scanner", _scanner(source))
    yield Line("Sequence", _sequence(source))
    depth, height, width = volume.shape
    d, h, w = volume.spacing_mm
    yield Line("Voxel", f"{w:.2f} {TIMES} {h:.2f} {TIMES} {d:.2f} mm")
    yield Line("Matrix", f"{width} {TIMES} {height}, {depth} slices")
    yield Line("Series read", _series(source))
    if provenance.series_reason:
        yield Line("Because", provenance.series_reason)


def _making(
    findings: Findings, bundle: Bundle, source: Dataset, provenance: Provenance
) -> Iterator[Line]:
    made = local_time(provenance, source)
    yield Line("Algorithm", f"{bundle.name} {bundle.version} ({bundle.status})")
    yield Line("Weights", f"SHA-256 {bundle.weights_digest[:16]}")
    yield Line("Node", f"{MANUFACTURER} {provenance.package_version}")
    yield Line("Computed", f"{findings.precision} on {provenance.device}")
    yield Line("Made", made.strftime("%Y-%m-%d %H:%M"))
    complete = provenance.completeness
    reason = provenance.completeness_reason
    yield Line("Study complete", f"{complete} ({reason})" if reason else complete)


def _scanner(source: Dataset) -> str:
    words = [source.get("Manufacturer", ""), source.get("ManufacturerModelName", "")]
    name = " ".join(str(word) for word in words if word)
    strength = source.get("MagneticFieldStrength")
    parts = [name, f"{float(strength):.3g} T" if strength else ""]
    return ", ".join(part for part in parts if part) or "not given"


def _sequence(source: Dataset) -> str:
    values = source.get("ScanningSequence") or []
    kinds = [values] if isinstance(values, str) else list(values)
    words = " ".join(SCANNING_SEQUENCES.get(kind, kind) for kind in kinds)
    times = [
        f"{label} {float(source.get(keyword)):.4g} ms"
        for label, keyword in (("TR", "RepetitionTime"), ("TE", "EchoTime"))
        if source.get(keyword)
    ]
    named = str(source.get("ProtocolName") or source.get("SequenceName") or "")
    return ", ".join(part for part in (named, words, *times) if part) or "not given"


def _series(source: Dataset) -> str:
    name = str(source.get("SeriesDescription", "")) or "without a name"
    number = source.get("SeriesNumber")
    return f"{name} (number {number})" if number else name


def _date(value: str) -> str:
    """Return a DICOM date (VR DA) as ISO 8601, and what is none as it stands."""
    if len(value) == 8 and value.isdecimal():
        return f"{value[:4]}-{value[4:6]}-{value[6:]}"
    return value or "not given"


def _age(value: str) -> str:
    units = {"Y": "years", "M": "months", "W": "weeks", "D": "days"}
    if value[:-1].isdecimal() and value[-1:] in units:
        return f"{int(value[:-1])} {units[value[-1]]}"
    return "not given"
