"""The drawn page as an Encapsulated PDF, for readers who file documents."""

from __future__ import annotations

from highdicom import SOPClass
from pydicom import Dataset
from pydicom.uid import EncapsulatedPDFStorage, ExplicitVRLittleEndian

from node.report.sc import description
from node.report.sop import Report, finish
from node.report.sources import UTF_8


def build_pdf(report: Report, document: bytes) -> Dataset:
    """Return the page as an Encapsulated PDF (PS3.3 A.45.1).

    Parameters
    ----------
    document
        The PDF, from ``pdf_of``.
    """
    made: Dataset = SOPClass(
        study_instance_uid=report.headers[0].StudyInstanceUID,
        sop_class_uid=EncapsulatedPDFStorage,
        modality="DOC",
        transfer_syntax_uid=ExplicitVRLittleEndian,
        **report.sop_arguments("PDF"),
    )
    made.copy_patient_and_study_information(report.headers[0])
    made.SpecificCharacterSet = UTF_8
    made.ConversionType = "WSD"
    made.BurnedInAnnotation = "YES"
    made.DocumentTitle = description(report)
    made.ConceptNameCodeSequence = []  # type 2: no code says what kind of page it is
    made.MIMETypeOfEncapsulatedDocument = "application/pdf"
    made.EncapsulatedDocumentLength = len(document)
    made.EncapsulatedDocument = document + b"\0" * (len(document) % 2)
    made.SourceInstanceSequence = [_source(header) for header in report.headers]
    finish(made, report)
    made.AcquisitionDateTime = None  # type 2: nothing was acquired
    return made


def _source(header: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = header.SOPClassUID
    item.ReferencedSOPInstanceUID = header.SOPInstanceUID
    return item
