"""The Secondary Capture: the drawn page for people, never the record."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from highdicom.sc import SCImage
from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from models.terms import Structure
from node.report.sop import Report, finish
from node.report.text import RESEARCH_LINE

BODY_PARTS = {
    "5366008": "BRAIN",  # hippocampus
    "12738006": "BRAIN",
    "39607008": "CHEST",  # lung
}
"""SNOMED CT code of a site → Body Part Examined (PS3.16 annex L)."""

SHORT_TEXT = 1024
"""Characters in a value of VR ST (PS3.5 6.2)."""


def build_sc(report: Report, page: npt.NDArray[np.uint8]) -> Dataset:
    """Return the page as a Secondary Capture (PS3.3 A.8.1).

    Parameters
    ----------
    page
        ``(H, W, 3)`` RGB, from ``draw_page``.
    """
    arguments = report.sop_arguments("SC")
    sc = SCImage.from_ref_dataset(
        ref_dataset=report.headers[0],
        pixel_array=page,
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        patient_orientation=("L", "P"),
        transfer_syntax_uid=ExplicitVRLittleEndian,
        **arguments,
    )
    sc.copy_patient_and_study_information(report.headers[0])
    sc["PatientOrientation"].value = None  # type 2C: a page has none
    sc.BurnedInAnnotation = "YES"
    sc.DerivationDescription = description(report)
    body_part = _body_part(report.headers[0], report.findings.structures)
    if body_part:
        sc.BodyPartExamined = body_part
    finish(sc, report)
    sc.DateOfSecondaryCapture = sc.ContentDate
    sc.TimeOfSecondaryCapture = sc.ContentTime
    return sc


def description(report: Report) -> str:
    """Return what the page is, as its first words say."""
    return f"{report.text.heading}. {RESEARCH_LINE}"[:SHORT_TEXT]


def _body_part(source: Dataset, structures: tuple[Structure, ...]) -> str:
    """Return the body part: as the source says, else that of the first known site."""
    stated = str(source.get("BodyPartExamined", "")).strip()
    known = (BODY_PARTS.get(structure.site.value, "") for structure in structures)
    return stated or next((part for part in known if part), "")
