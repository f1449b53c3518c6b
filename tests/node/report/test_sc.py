"""The Secondary Capture: the page as pixels that any viewer shows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

from node.report.page import draw_page
from node.report.text import RESEARCH_LINE
from tests.node.report.inputs import HIPPOCAMPUS, Case, build_case


def test_the_pixels_are_those_of_the_page(case: Case) -> None:
    """Uncompressed RGB, colour by pixel."""
    sc = case.compose()["SC"].dataset
    stored = np.frombuffer(sc.PixelData, np.uint8).reshape(sc.Rows, sc.Columns, 3)

    assert sc.SOPClassUID == SecondaryCaptureImageStorage
    assert sc.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert (sc.PhotometricInterpretation, sc.PlanarConfiguration) == ("RGB", 0)
    assert np.array_equal(stored, draw_page(case.prepare()))


def test_it_says_that_a_person_can_be_read_from_it(case: Case) -> None:
    """Name and numbers are burned in, and what it is stands in the header."""
    sc = case.compose()["SC"].dataset

    assert sc.BurnedInAnnotation == "YES"
    assert RESEARCH_LINE in sc.DerivationDescription
    assert sc.DerivationDescription.startswith("Ellipsoid volumetry")
    assert not sc.PatientOrientation


def test_the_body_part_is_that_of_the_source(folder: Path) -> None:
    """As the source says, even where the structures say another."""
    case = build_case(folder, BodyPartExamined="HEAD")

    assert case.compose()["SC"].dataset.BodyPartExamined == "HEAD"


def test_without_a_body_part_the_site_tells(folder: Path) -> None:
    """A hippocampus lies in the brain; an unknown site tells nothing."""
    case = build_case(folder, BodyPartExamined=None)
    unknown = replace(HIPPOCAMPUS, value="0")
    structures = tuple(replace(s, site=unknown) for s in case.findings.structures)
    other = replace(case, findings=replace(case.findings, structures=structures))

    assert case.compose()["SC"].dataset.BodyPartExamined == "BRAIN"
    assert "BodyPartExamined" not in other.compose()["SC"].dataset


def test_a_demonstration_says_so_first(case: Case) -> None:
    """Series description and derivation (docs/promises.md 11)."""
    bundle = replace(case.bundle, status="demonstration")
    sc = replace(case, bundle=bundle).compose()["SC"].dataset

    assert sc.SeriesDescription.startswith("DEMONSTRATION")
    assert sc.DerivationDescription.startswith("DEMONSTRATION")
