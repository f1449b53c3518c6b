"""Facts about patient, images and making, as labelled lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from pydicom import Dataset

from models.contract import Findings, Volume
from models.volume.bundle import Bundle
from node.config import ReportSettings
from node.report.provenance import MANUFACTURER, Provenance

TIMES = "\N{MULTIPLICATION SIGN}"

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


def patient_facts(source: Dataset, settings: ReportSettings) -> Iterator[Line]:
    """Yield who was scanned, how old and when."""
    yield Line("Patient ID", str(source.PatientID) or "not given", private=True)
    yield Line("Born", _date(str(source.PatientBirthDate)), private=True)
    yield Line("Sex", str(source.PatientSex) or "not given")
    yield Line("Age at scan", _age(str(source.get("PatientAge", ""))))
    yield Line("Study date", _date(str(source.StudyDate)))
    if source.AccessionNumber:
        yield Line("Accession", str(source.AccessionNumber), private=True)
    if settings.institution:
        yield Line("Institution", settings.institution)


def image_facts(
    volume: Volume, source: Dataset, provenance: Provenance
) -> Iterator[Line]:
    """Yield what was scanned with what, and which series was read and why."""
    yield Line("Scanner", _scanner(source))
    yield Line("Sequence", _sequence(source))
    depth, height, width = volume.shape
    d, h, w = volume.spacing_mm
    yield Line("Voxel", f"{w:.2f} {TIMES} {h:.2f} {TIMES} {d:.2f} mm")
    yield Line("Matrix", f"{width} {TIMES} {height}, {depth} slices")
    yield Line("Series read", _series(source))
    if provenance.series_reason:
        yield Line("Because", provenance.series_reason)


def making_facts(
    findings: Findings, bundle: Bundle, source: Dataset, provenance: Provenance
) -> Iterator[Line]:
    """Yield who made the result, from what, with what, and when."""
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
