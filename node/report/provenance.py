"""Who made a result from what: UIDs, and our equipment in every object.

UIDs are hashed from the edition of a result (`node.report.identity`), so that equal
input gives equal UIDs, and different content never shares one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydicom import Dataset
from pydicom.uid import UID

from models.history import Prior
from models.terms import Code
from models.volume import device as algorithm
from models.volume.headers import text
from node.equipment import MANUFACTURER, PROCESSING_EQUIPMENT

PURPOSE = Code(PROCESSING_EQUIPMENT, "DCM", "Processing Equipment")
"""Purpose of our item in the Contributing Equipment Sequence (PS3.16 CID 7005)."""


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
        From `node.report.identity.input_digest`.
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
    fast
        Whether the model left out what takes long.
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
    fast: bool = False

    def __post_init__(self) -> None:
        if self.completed_at.tzinfo is None:
            raise ValueError("completed_at must be an aware datetime")
        if self.completeness not in {"confirmed", "unconfirmed"}:
            raise ValueError(f"completeness is not {self.completeness!r}")
        if self.version < 1 or (self.version > 1) != (self.replaces is not None):
            raise ValueError("versions above 1, and only they, replace another")


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


def frame_uid(sop_instance_uid: str, frame: int) -> UID:
    """Return the UID by which a frame stands in for a single image."""
    return _uid("frame", sop_instance_uid, str(frame))


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
    number = int.from_bytes(bytes.fromhex(digest(parts))[:16], "big")
    return UID(f"2.25.{number}")


def digest(content: Sequence[Any] | Mapping[str, Any]) -> str:
    """Hash plain values without ambiguity: JSON keeps the borders between them."""
    plain = json.dumps(content, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(plain.encode()).hexdigest()
