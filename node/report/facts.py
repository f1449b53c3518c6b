"""Facts about patient, images and making, as labelled lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydicom import Dataset

from models.contract import Findings, Volume
from models.volume.bundle import Bundle
from models.volume.headers import text
from node.config_reading import ReportSettings
from node.equipment import MANUFACTURER
from node.report.dates import at_offset, offset_of_zone, offset_or_none
from node.report.provenance import Provenance

NOT_GIVEN = "not given"
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


def site_offset(source: Dataset, settings: ReportSettings) -> timedelta | None:
    """Return the offset from UTC of every date and time in our objects, if known.

    As the study states it (0008,0201), else that of the configured zone at the time
    of the study: one object has one offset, for the dates of the study and for ours.
    """
    stated = offset_or_none(text(source, "TimezoneOffsetFromUTC"))
    if stated is not None or not settings.timezone:
        return stated
    day, time = text(source, "StudyDate"), text(source, "StudyTime")
    return offset_of_zone(settings.timezone, day, time)


def local_time(
    provenance: Provenance, source: Dataset, settings: ReportSettings
) -> datetime:
    """Return the time of completion as the clocks of the site tell it.

    DICOM dates and times are local to the site. Where nobody says how far it is from
    UTC, the clock of this machine stands for it.
    """
    return at_offset(provenance.completed_at, site_offset(source, settings))


def patient_facts(source: Dataset, settings: ReportSettings) -> Iterator[Line]:
    """Yield who was scanned, how old and when."""
    yield Line("Patient ID", text(source, "PatientID") or NOT_GIVEN, private=True)
    yield Line("Birth date", _date(text(source, "PatientBirthDate")), private=True)
    yield Line("Sex", text(source, "PatientSex") or NOT_GIVEN)
    yield Line("Age at scan", _age(text(source, "PatientAge")))
    yield Line("Study date", _date(text(source, "StudyDate")))
    if source.AccessionNumber:
        yield Line("Accession", text(source, "AccessionNumber"), private=True)
    if settings.institution:
        yield Line("Institution", settings.institution)


def image_facts(
    volume: Volume, source: Dataset, provenance: Provenance
) -> Iterator[Line]:
    """Yield what was scanned with what, and which series was read and why."""
    yield Line("Scanner", _scanner(source))
    yield _technique(volume, source)
    depth, height, width = volume.shape
    d, h, w = volume.spacing_mm
    yield Line("Voxel", f"{w:.2f} {TIMES} {h:.2f} {TIMES} {d:.2f} mm")
    yield Line("Matrix", f"{width} {TIMES} {height}, {depth} slices")
    yield Line("Series read", _series(source))
    if provenance.series_reason:
        yield Line("Because", provenance.series_reason)


def making_facts(
    findings: Findings,
    bundle: Bundle,
    source: Dataset,
    provenance: Provenance,
    settings: ReportSettings,
) -> Iterator[Line]:
    """Yield who made the result, from what, with what, and when."""
    made = local_time(provenance, source, settings)
    known = site_offset(source, settings) is not None
    yield Line("Algorithm", f"{bundle.name} {bundle.version} ({bundle.status})")
    yield Line("Weights", f"SHA-256 {bundle.weights_digest[:16]}")
    yield Line("Node", f"{MANUFACTURER} {provenance.package_version}")
    yield Line("Computed", f"{findings.precision} on {provenance.device}")
    zone = f" ({made.tzname()})" if known else ""
    yield Line("Made", f"{made:%Y-%m-%d %H:%M}{zone}")
    complete = provenance.completeness
    reason = provenance.completeness_reason
    yield Line("Study complete", f"{complete} ({reason})" if reason else complete)


def _scanner(source: Dataset) -> str:
    words = [source.get("Manufacturer", ""), source.get("ManufacturerModelName", "")]
    name = " ".join(str(word) for word in words if word)
    strength = source.get("MagneticFieldStrength")
    parts = [name, f"{float(strength):.3g} T" if strength else ""]
    return ", ".join(part for part in parts if part) or NOT_GIVEN


def _technique(volume: Volume, source: Dataset) -> Line:
    """Return what shapes the images most: the kernel of a CT, else the sequence."""
    if volume.series.modality == "CT":
        kernel = volume.series.tags.get("ConvolutionKernel", "")
        return Line("Kernel", kernel.replace("\\", ", ") or NOT_GIVEN)
    return Line("Sequence", _sequence(source))


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
    return ", ".join(part for part in (named, words, *times) if part) or NOT_GIVEN


def _series(source: Dataset) -> str:
    name = str(source.get("SeriesDescription", "")) or "without a name"
    number = source.get("SeriesNumber")
    return f"{name} (number {number})" if number else name


def _date(value: str) -> str:
    """Return a DICOM date (VR DA) as ISO 8601."""
    return f"{value[:4]}-{value[4:6]}-{value[6:]}" if value else NOT_GIVEN


def _age(value: str) -> str:
    """Return an Age String (VR AS) in words."""
    units = {"Y": "year", "M": "month", "W": "week", "D": "day"}
    if not value:
        return NOT_GIVEN
    number, unit = int(value[:-1]), units[value[-1]]
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
