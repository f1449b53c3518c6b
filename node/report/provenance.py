"""Who made a result from what: identity, UIDs, and our equipment in every object.

A result has one *identity*, a hash over everything that shapes it except when it was
made; equal identities mean that an earlier result still stands. An *edition* is one
version of it with its dates and its findings. UIDs are hashed from the edition, so
equal input gives equal UIDs, and different content never shares one.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from importlib.metadata import version as installed_version
from typing import Any

import numpy as np
from pydicom import Dataset
from pydicom.uid import UID

from models.contract import Code, Findings, SeriesInfo, Volume
from models.history import Prior, Trend
from models.volume import device as algorithm
from models.volume.headers import text
from node.config_reading import ReportSettings
from node.equipment import MANUFACTURER, PROCESSING_EQUIPMENT
from node.jobs.known_priors import PASSING

PURPOSE = Code(PROCESSING_EQUIPMENT, "DCM", "Processing Equipment")
"""Purpose of our item in the Contributing Equipment Sequence (PS3.16 CID 7005)."""

LIBRARIES = (
    "arabic-reshaper",
    "highdicom",
    "numpy",
    "pillow",
    "pydicom",
    "python-bidi",
)
"""Libraries whose version may show in the bytes of an object."""

_OF_AN_EDITION = frozenset(
    {"version", "replaces", "completed_at", "completeness", "completeness_reason"}
)
"""What tells editions of one result apart. That a study was confirmed later makes no
new result."""

_OF_A_PERSON = frozenset(
    {
        "priors",
        "priors_withheld",
        "laterality",
        "calibration_digest",
        "references_digest",
    }
)
"""Counts where there is some: without any, a result is the one that it always was."""

_ALWAYS_SET = frozenset({"seg", "series_number", "institution", "timezone"})
"""Settings of the first results. A later one counts where it departs from its default,
so that it makes no new version of what was read before there was such a setting."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Everything about the making of a result that is not in the images.

    Attributes
    ----------
    installation_id
        Of the ledger: two ledgers never give one UID to different bytes.
    site_salt
        Secret of the site that tracking UIDs are hashed with.
    bundle_digest, weights_digest
        SHA-256 in hexadecimal, of ``bundle.json`` and of the weights.
    version, replaces
        1 for a first result; else one more, and the SOP Instance UID of the SR of
        the version before.
    completed_at
        Aware; every date and time in the objects comes from it.
    precision, device
        Arithmetic and hardware that were used.
    input_digest
        From `input_digest`.
    completeness, completeness_reason
        ``"confirmed"`` or ``"unconfirmed"``, and why, in words.
    retrieve_ae_title
        Where the referenced images can be fetched; "" when unknown.
    series_reason
        Why the model read this series, in words; "" when unknown.
    priors, priors_withheld
        Earlier results that the model was told, oldest first, and reason codes of
        those that it was not.
    laterality
        Side that the site declares, "" without.
    calibration_digest, references_digest
        SHA-256 of the site's calibration and of the published data that the model
        compares with; "" without.
    """

    installation_id: str
    site_salt: str = field(repr=False)
    package_version: str
    model_name: str
    model_version: str
    bundle_digest: str
    weights_digest: str
    version: int
    replaces: str | None
    completed_at: datetime
    precision: str
    device: str
    input_digest: str
    completeness: str
    completeness_reason: str = ""
    retrieve_ae_title: str = ""
    series_reason: str = ""
    priors: tuple[Prior, ...] = ()
    priors_withheld: tuple[str, ...] = ()
    laterality: str = ""
    calibration_digest: str = ""
    references_digest: str = ""

    def __post_init__(self) -> None:
        if self.completed_at.tzinfo is None:
            raise ValueError("completed_at must be an aware datetime")
        if self.completeness not in {"confirmed", "unconfirmed"}:
            raise ValueError(f"completeness is not {self.completeness!r}")
        if self.version < 1 or (self.version > 1) != (self.replaces is not None):
            raise ValueError("versions above 1, and only they, replace another")


def input_digest(series: SeriesInfo, volume: Volume) -> str:
    """Return the SHA-256 over the images that were read, in hexadecimal.

    It does not depend on the order in which the instances were listed.

    Parameters
    ----------
    series
        In slice order: instance ``i`` is slice ``i`` of ``volume``.
    volume
        Its pixels, ``(D, H, W)``.
    """
    uids = [instance.sop_instance_uid for instance in series.instances]
    digests = [_pixels_digest(plane) for plane in volume.array]
    return _digest(sorted(zip(uids, digests, strict=True)))


def _plain(trend: Trend) -> list[Any]:
    """Return a trend as plain values; ``asdict`` copies no read-only mapping."""
    points = [asdict(point) for point in trend.points]
    unit, bands = asdict(trend.unit), sorted(trend.bands.items())
    return [trend.structure, unit, trend.decimals, points, bands]


def _pixels_digest(plane: np.ndarray[Any, Any]) -> str:
    content = np.ascontiguousarray(plane)
    head = f"{content.dtype.str}{content.shape}".encode()
    return hashlib.sha256(head + content.tobytes()).hexdigest()


def identity(
    provenance: Provenance,
    study_instance_uid: str,
    headers: Sequence[Dataset],
    settings: ReportSettings,
) -> str:
    """Return the hash over everything that shapes a result except its version.

    Parameters
    ----------
    headers
        The source headers as written into the objects, from ``source_headers``:
        demographics, study, geometry, equipment; one per slice.
    """
    counted = asdict(provenance)
    counted["priors_withheld"] = _lasting(provenance.priors_withheld)
    made = {
        name: value
        for name, value in counted.items()
        if name not in _OF_AN_EDITION and (value or name not in _OF_A_PERSON)
    }
    written = [json.dumps(ds.to_json_dict(), sort_keys=True) for ds in headers]
    return _digest([made, study_instance_uid, written, _chosen(settings)])


def _lasting(reasons: Sequence[str]) -> tuple[str, ...]:
    """Return the reasons that another day would give as well."""
    return tuple(reason for reason in reasons if reason not in PASSING)


def _chosen(settings: ReportSettings) -> dict[str, Any]:
    """Return the settings of a report that shape its identity."""
    departing = settings.model_dump(exclude_defaults=True)
    return settings.model_dump(include={*_ALWAYS_SET, *departing})


def edition(
    identity: str,
    provenance: Provenance,
    findings: Findings,
    words: Sequence[str],
    *,
    pdf: bool = False,
) -> str:
    """Return the hash over one version of a result.

    Identity, dates, findings, and the words that the report puts them in, among them
    the time as the site's clocks tell it.

    Parameters
    ----------
    pdf
        Whether there is one: then what packs it counts.
    """
    made = {k: v for k, v in asdict(provenance).items() if k in _OF_AN_EDITION}
    made["completed_at"] = provenance.completed_at.isoformat()
    found = [
        _pixels_digest(findings.label_map),
        *(asdict(structure) for structure in findings.structures),
        *(asdict(measurement) for measurement in findings.measurements),
        *(asdict(statement) for statement in findings.statements),
        *(asdict(flag) for flag in findings.flags),
        *(_plain(trend) for trend in findings.trends),
    ]
    libraries = {name: installed_version(name) for name in LIBRARIES}
    if pdf:
        libraries["zlib"] = zlib.ZLIB_RUNTIME_VERSION
    return _digest([identity, made, found, list(words), libraries])


def result_uid(kind: str, edition: str) -> UID:
    """Return the UID of one thing (``kind``) of an edition, always the same.

    A UUID-derived UID (PS3.5 B.2): ``2.25.`` and 128 bits of a SHA-256.
    """
    return _uid("result", kind, edition)


def series_uid(sop_instance_uid: str) -> UID:
    """Return the UID of the series of one of our objects.

    Hashed from the object's own UID, so that a later version can name the series of
    its predecessor without a look into the archive.
    """
    return _uid("series", sop_instance_uid)


def device_uid(weights_digest: str) -> UID:
    """Return Device UID (0018,1002): changes when, and only when, the weights do."""
    return UID(algorithm.device_uid(weights_digest))


def tracking_uid(
    site_salt: str, source: Dataset, laterality: str, structure: str
) -> UID:
    """Return the tracking UID of one structure of one patient, equal over time.

    Without a Patient ID it is one of this study: nobody knows in which other ones
    the same person was scanned, and all who have none are not one patient.
    """
    patient_id = text(source, "PatientID").strip()
    issuer = text(source, "IssuerOfPatientID").strip()
    study = text(source, "StudyInstanceUID")
    person = (patient_id, issuer) if patient_id else ("", study)
    return _uid("tracking", site_salt, *person, laterality, structure)


def frame_of_reference_uid(series_instance_uid: str) -> UID:
    """Return a frame of reference for a source series that names none."""
    return _uid("frame of reference", series_instance_uid)


def equipment(provenance: Provenance) -> Dataset:
    """Return our item of the Contributing Equipment Sequence (0018,A001).

    PS3.3 C.12.1.1.5. Device UID is equal in SEG, SR and SC.
    """
    item = Dataset()
    item.PurposeOfReferenceCodeSequence = [code_item(PURPOSE)]
    item.Manufacturer = MANUFACTURER
    item.ManufacturerModelName = provenance.model_name
    item.SoftwareVersions = list(software_versions(provenance))
    item.DeviceSerialNumber = provenance.installation_id
    item.DeviceUID = device_uid(provenance.weights_digest)
    item.ContributionDescription = f"weights SHA-256 {provenance.weights_digest}"
    return item


def software_versions(provenance: Provenance) -> tuple[str, str]:
    """Return the versions of node and model for Software Versions (0018,1020)."""
    return (
        f"{MANUFACTURER} {provenance.package_version}",
        f"{provenance.model_name} {provenance.model_version}",
    )


def is_own(dataset: Dataset) -> bool:
    """Say whether this node, or another of its kind, made the object."""
    items = dataset.get("ContributingEquipmentSequence") or []
    return any(
        item.get("Manufacturer") == MANUFACTURER
        and any(
            code.get("CodeValue") == PROCESSING_EQUIPMENT
            for code in item.get("PurposeOfReferenceCodeSequence") or []
        )
        for item in items
    )


def code_item(code: Code) -> Dataset:
    """Return a code as an item of a code sequence (PS3.3 section 8.8)."""
    item = Dataset()
    item.CodeValue = code.value
    item.CodingSchemeDesignator = code.scheme
    item.CodeMeaning = code.meaning
    return item


def _uid(*parts: str) -> UID:
    number = int.from_bytes(bytes.fromhex(_digest(parts))[:16], "big")
    return UID(f"2.25.{number}")


def _digest(content: Sequence[Any] | Mapping[str, Any]) -> str:
    """Hash plain values without ambiguity: JSON keeps the borders between them."""
    plain = json.dumps(content, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(plain.encode()).hexdigest()
