"""The Structured Report: Comprehensive 3D SR after TID 1500, every number in it."""

from __future__ import annotations

from highdicom.sr import (
    Comprehensive3DSR,
    DeviceObserverIdentifyingAttributes,
    MeasurementReport,
    ObservationContext,
    ObserverContext,
    TextContentItem,
)
from highdicom.sr.coding import CodedConcept
from highdicom.sr.value_types import ContainerContentItem, ContentSequence
from pydicom import Dataset
from pydicom.sr.codedict import codes

from models.terms import Code
from node.equipment import MANUFACTURER
from node.report.provenance import device_uid
from node.report.seg import coded
from node.report.sop import Report, finish
from node.report.sr_groups import measurement_groups
from node.report.sr_library import image_library
from node.report.sr_locations import location_groups
from node.report.sr_priors import add_priors, predecessor
from node.report.text import ReportText, comments

IMAGING_PROCEDURES = {
    "MR": Code("25056-3", "LN", "MRI unspecified body region"),
    "CT": Code("25045-6", "LN", "CT unspecified body region"),
    "PT": Code("44136-0", "LN", "PET unspecified body region"),
}
IMAGING = Code("363679005", "SCT", "Imaging procedure")
"""Procedure Reported (PS3.16 CID 100) where the study does not code its own."""

QUALITATIVE_EVALUATIONS = Code("C0034375", "UMLS", "Qualitative Evaluations")
"""TID 1500 row 12; its TEXT items hold what no code says."""


def build_sr(report: Report, seg: Dataset | None) -> Dataset:
    """Return the Structured Report of a report (PS3.3 A.35.13).

    Parameters
    ----------
    seg
        Its Segmentation; None where the report has no segments.
    """
    content = MeasurementReport(
        observation_context=_observer(report),
        procedure_reported=_procedure(report.headers[0]),
        imaging_measurements=[
            *measurement_groups(report, seg),
            *location_groups(report),
        ],
        title=codes.DCM.ImagingMeasurementReport,
    )
    _add_containers(content[0], report)
    sr = Comprehensive3DSR(
        evidence=[*report.headers, *([] if seg is None else [seg])],
        content=content[0],
        is_complete=True,
        is_verified=False,
        **report.sop_arguments("SR"),
    )
    if report.provenance.replaces is not None:
        study = report.headers[0].StudyInstanceUID
        replaced = predecessor(study, report.provenance.replaces)
        sr.PredecessorDocumentsSequence = [replaced]  # PS3.3 C.17.2
    add_priors(sr, report.provenance.priors, report.findings.trends)
    _name_archive(sr, report.provenance.retrieve_ae_title)
    finish(sr, report)
    return sr


def _add_containers(root: Dataset, report: Report) -> None:
    """Put the image library before the measurements and the words behind them."""
    *context, measurements = root.ContentSequence
    library = image_library(report.headers, report.volume.spacing_mm)
    words = _evaluations(report.text)
    root.ContentSequence = ContentSequence([*context, library, measurements, words])


def _evaluations(text: ReportText) -> ContainerContentItem:
    container = ContainerContentItem(
        name=coded(QUALITATIVE_EVALUATIONS), relationship_type="CONTAINS"
    )
    items = [
        TextContentItem(
            name=codes.DCM.Comment, value=comment, relationship_type="CONTAINS"
        )
        for comment in comments(text)
    ]
    container.ContentSequence = ContentSequence(items)
    return container


def _observer(report: Report) -> ObservationContext:
    device = DeviceObserverIdentifyingAttributes(
        uid=device_uid(report.provenance.weights_digest),
        name=report.bundle.name,
        manufacturer_name=MANUFACTURER,
        model_name=f"{report.bundle.name} {report.bundle.version}",
        serial_number=report.provenance.installation_id,
    )
    context = ObserverContext(
        observer_type=codes.DCM.Device, observer_identifying_attributes=device
    )
    return ObservationContext(observer_device_context=context)


def _procedure(source: Dataset) -> CodedConcept:
    """Return the imaging procedure: as the study codes it, else by modality."""
    for item in source.get("ProcedureCodeSequence") or []:
        parts = (
            item.get("CodeValue"),
            item.get("CodingSchemeDesignator"),
            item.get("CodeMeaning"),
        )
        if all(parts):
            return CodedConcept(*parts)
    return coded(IMAGING_PROCEDURES.get(str(source.Modality), IMAGING))


def _name_archive(sr: Dataset, retrieve_ae_title: str) -> None:
    """Say where the evidence can be fetched (PS3.3 table C.17-3b)."""
    if not retrieve_ae_title:
        return
    for study in sr.CurrentRequestedProcedureEvidenceSequence:
        for series in study.ReferencedSeriesSequence:
            series.RetrieveAETitle = retrieve_ae_title
