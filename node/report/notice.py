"""The notice: says in the archive that a study was not read, and why.

A Basic Text SR (PS3.3 A.35.1) in words, without a measurement and without any
statement about the patient.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import metadata
from io import BytesIO
from typing import Any

from highdicom import SOPClass
from highdicom.sr import (
    CodeContentItem,
    ContainerContentItem,
    TextContentItem,
    UIDRefContentItem,
)
from highdicom.sr.value_types import ContentItem, ContentSequence
from pydicom import Dataset, dcmwrite
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.uid import BasicTextSRStorage, ExplicitVRLittleEndian

from models.volume.bundle import Bundle
from models.volume.headers import quiet
from node.config_reading import ReportSettings
from node.equipment import MANUFACTURER
from node.report.dates import at_offset, date_or_empty, time_or_empty, written_offset
from node.report.facts import site_offset
from node.report.notice_words import words_for
from node.report.provenance import (
    PURPOSE,
    code_item,
    device_uid,
    result_uid,
    series_uid,
)
from node.report.sop import NUMBERED
from node.report.sources import UTF_8
from node.report.stated import stated
from node.report.text import demonstration

PACKAGE = "pacs-ai-node"

SERIES_DESCRIPTION = "AI NOTICE: not read"
UNNAMED = "2.25.0"
"""Stands for the UIDs until everything that they are hashed from is there."""

HEADING = "AI NOTICE: this study was not read"
MEANING = (
    "Nothing was measured and nothing is said about the images: read them as if no "
    "AI had been asked. A later result of the same study takes the place of this "
    "notice."
)
HEADING_OF_LATER = "AI NOTICE: images that came later were not read"
MEANING_OF_LATER = (
    "The earlier result of this study does not take them into account: do not rely on "
    "it. A later result of the same study takes the place of both."
)

HEADING_OF_MODEL = "AI NOTICE: {} did not read this study"
MEANING_OF_MODEL = (
    "{} has measured nothing and says nothing about the images. A later result of it "
    "takes the place of this notice."
)
HEADING_OF_MODEL_LATER = "AI NOTICE: {} did not read images that came later"
MEANING_OF_MODEL_LATER = (
    "The earlier result of {} does not take the later images into account: do not rely "
    "on it. A later result of it takes the place of both."
)
"""Where another model has a result: this notice does not speak of that one."""

NOT_A_DIAGNOSIS = "Research use. Written by a program, not verified by a physician."

PATIENT_AND_STUDY = (
    "IssuerOfPatientID",
    "PatientIdentityRemoved",
    "DeidentificationMethod",
    "StudyDescription",
)
"""Passed on from the study beside what every object has."""


@dataclass(frozen=True, slots=True)
class UnreadModel:
    """A model that did not read the study, or not what came later of it.

    Attributes
    ----------
    bundle
        None when it is broken.
    version
        Of the result that it has in the archive; 0: none.
    """

    name: str
    reason: str
    bundle: Bundle | None
    version: int = 0

    @property
    def title(self) -> str:
        """What people call it; a demonstration says first that it is one."""
        if self.bundle is None:
            return self.name
        return f"{demonstration(self.bundle)}{self.bundle.title}"


@quiet()
def build_notice(
    source: Dataset,
    study_instance_uid: str,
    unread: Sequence[UnreadModel],
    ended_at: datetime,
    installation_id: str,
    settings: ReportSettings,
    *,
    read_by_others: bool = False,
) -> Dataset:
    """Return the notice for one study; equal arguments give equal bytes.

    Parameters
    ----------
    source
        Header of any image of the study: whose it is.
    ended_at
        Aware; when the last job of the study ended. Every date comes from it.
    settings
        The notice comes behind the result series, and is dated as they are.
    read_by_others
        Whether a model that is not in ``unread`` has a result of the study.
    """
    offset = site_offset(source, settings)
    made = at_offset(ended_at, offset)
    day, time = made.strftime("%Y%m%d"), made.strftime("%H%M%S")
    marks: dict[str, Any] = {
        "series_number": settings.series_number + NUMBERED.index("NOTICE"),
        "manufacturer_model_name": ", ".join(model.name for model in unread),
        "software_versions": _versions(unread),
        "device_serial_number": installation_id,
        "content_date": day,
        "content_time": time,
        "series_date": day,
        "series_time": time,
    }
    notice: Dataset = SOPClass(
        study_instance_uid=study_instance_uid,
        series_instance_uid=UNNAMED,
        sop_instance_uid=UNNAMED,
        sop_class_uid=BasicTextSRStorage,
        instance_number=1,
        modality="SR",
        manufacturer=MANUFACTURER,
        transfer_syntax_uid=ExplicitVRLittleEndian,
        series_description=_series_description(unread),
        specific_character_set=UTF_8,
        **marks,
        **_person_and_study(source),
    )
    _pass_on(source, notice)
    if offset is not None:
        notice.TimezoneOffsetFromUTC = written_offset(offset)
    _complete(notice, day, time)
    notice.ContributingEquipmentSequence = [
        _equipment(model, installation_id) for model in unread
    ]
    said = sentences(unread, made, read_by_others=read_by_others)
    notice.update(_content(unread, said))
    return _named(notice, installation_id)


def _person_and_study(source: Dataset) -> dict[str, Any]:
    def value(keyword: str) -> str | None:
        return stated(source, keyword) or None

    sex = value("PatientSex")
    return {
        "patient_id": value("PatientID"),
        "patient_name": value("PatientName"),
        "patient_birth_date": date_or_empty(stated(source, "PatientBirthDate")) or None,
        "patient_sex": sex if sex in {"M", "F", "O"} else None,
        "accession_number": value("AccessionNumber"),
        "study_id": value("StudyID"),
        "study_date": date_or_empty(stated(source, "StudyDate")) or None,
        "study_time": time_or_empty(stated(source, "StudyTime")) or None,
        "referring_physician_name": value("ReferringPhysicianName"),
    }


def _pass_on(source: Dataset, notice: Dataset) -> None:
    for keyword in PATIENT_AND_STUDY:
        value = stated(source, keyword)
        if value:
            setattr(notice, keyword, value)


def _equipment(model: UnreadModel, installation_id: str) -> Dataset:
    """Return the item by which the node knows its own output (PS3.3 C.12.1.1.5)."""
    item = Dataset()
    item.PurposeOfReferenceCodeSequence = [code_item(PURPOSE)]
    item.Manufacturer = MANUFACTURER
    item.ManufacturerModelName = model.name
    item.SoftwareVersions = _versions([model])
    item.DeviceSerialNumber = installation_id
    if model.bundle:
        item.DeviceUID = device_uid(model.bundle.weights_digest)
    return item


def _complete(notice: Dataset, day: str, time: str) -> None:
    """Fill the modules of an SR document (PS3.3 C.17.1, C.17.2)."""
    notice.InstanceCreationDate, notice.InstanceCreationTime = day, time
    notice.CompletionFlag = "COMPLETE"
    notice.VerificationFlag = "UNVERIFIED"
    notice.PreliminaryFlag = "PRELIMINARY"
    notice.PerformedProcedureCodeSequence = []
    notice.ReferencedPerformedProcedureStepSequence = []


def _content(
    unread: Sequence[UnreadModel], said: Iterable[tuple[Code, str]]
) -> Dataset:
    """Return the root of the content tree (PS3.3 A.35.1.3)."""
    root = ContainerContentItem(
        name=codes.LN.DiagnosticImagingReport, is_content_continuous=False
    )
    texts = [
        TextContentItem(concept, text, relationship_type="CONTAINS")
        for concept, text in said
    ]
    root.ContentSequence = ContentSequence([*texts, *_observer(unread)])
    return root


def _observer(unread: Sequence[UnreadModel]) -> Iterator[ContentItem]:
    """TID 1002 and 1004: a device speaks, not a person."""
    context = {"relationship_type": "HAS OBS CONTEXT"}
    yield CodeContentItem(codes.DCM.ObserverType, codes.DCM.Device, **context)
    bundle = unread[0].bundle
    uid = (
        device_uid(bundle.weights_digest)
        if bundle
        else result_uid("node", MANUFACTURER)
    )
    yield UIDRefContentItem(codes.DCM.DeviceObserverUID, uid, **context)
    names = ", ".join(model.name for model in unread)
    yield TextContentItem(codes.DCM.DeviceObserverName, names, **context)
    yield TextContentItem(codes.DCM.DeviceObserverManufacturer, MANUFACTURER, **context)


def sentences(
    unread: Sequence[UnreadModel], made: datetime, *, read_by_others: bool = False
) -> Iterator[tuple[Code, str]]:
    """Return what the notice says, in reading order, each under its concept."""
    heading, meanings = _about(unread, read_by_others=read_by_others)
    yield codes.DCM.Summary, heading
    for model in unread:
        what, advice = words_for(model.reason)
        yield codes.DCM.Comment, f"{model.title}: {what}"
        yield codes.DCM.Recommendation, advice
    for meaning in meanings:
        yield codes.DCM.Comment, meaning
    reasons = ", ".join(f"{model.name} {model.reason}" for model in unread)
    told = f"{NOT_A_DIAGNOSIS} Reason: {reasons}. {made:%Y-%m-%d %H:%M}."
    yield codes.DCM.Comment, told


def _about(
    unread: Sequence[UnreadModel], *, read_by_others: bool
) -> tuple[str, list[str]]:
    """Return the heading, and what it means for the reader.

    Where one of several models has a result, each sentence names its models: none
    denies what another one measured.
    """
    everyone = _titles(unread)
    never = _titles([model for model in unread if not model.version])
    later = _titles([model for model in unread if model.version])
    if not read_by_others and not later:
        return HEADING, [MEANING]
    if not read_by_others and not never:
        return HEADING_OF_LATER, [MEANING_OF_LATER]
    heading = HEADING_OF_MODEL if never else HEADING_OF_MODEL_LATER
    of_never = [MEANING_OF_MODEL.format(never)] if never else []
    of_later = [MEANING_OF_MODEL_LATER.format(later)] if later else []
    return heading.format(everyone), of_never + of_later


def _series_description(unread: Sequence[UnreadModel]) -> str:
    """Return what the series holds; of demonstrations alone, that it is of them."""
    marks = {demonstration(model.bundle) if model.bundle else "" for model in unread}
    return (marks.pop() if len(marks) == 1 else "") + SERIES_DESCRIPTION


def _titles(unread: Sequence[UnreadModel]) -> str:
    return ", ".join(model.title for model in unread)


def _versions(unread: Sequence[UnreadModel]) -> list[str]:
    models = [f"{m.name} {m.bundle.version}" for m in unread if m.bundle]
    return [f"{MANUFACTURER} {metadata.version(PACKAGE)}", *models]


def _named(notice: Dataset, installation_id: str) -> Dataset:
    """Give the notice UIDs that are hashed from all that it says."""
    stream = BytesIO()
    dcmwrite(stream, notice)
    content = installation_id.encode("ascii") + stream.getvalue()
    digest = hashlib.sha256(content).hexdigest()
    notice.SOPInstanceUID = result_uid("NOTICE", digest)
    notice.SeriesInstanceUID = series_uid(notice.SOPInstanceUID)
    notice.file_meta.MediaStorageSOPInstanceUID = notice.SOPInstanceUID
    return notice
