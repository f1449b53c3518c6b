"""The test object is a whole DICOM file of nobody, and no node ever reads it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom import dcmread

from node.config import InboundSettings
from node.doctor.specimen import PATIENT_NAME, write_specimen
from node.inbound.spool import OwnObjectError, Spool


def test_a_node_that_gets_it_refuses_it_as_its_own(tmp_path: Path) -> None:
    """Whatever an archive's rules do with it, no model sees it."""
    write_specimen(tmp_path / "one.dcm")
    spool = Spool(tmp_path / "spool", InboundSettings(min_free_mib=0))

    with pytest.raises(OwnObjectError):
        spool.store_file((tmp_path / "one.dcm").read_bytes(), "ARCHIVE")


def test_it_is_found_by_nobody_who_searches_by_date(tmp_path: Path) -> None:
    """It is of the self-test patient, without a study date, new each time."""
    first = write_specimen(tmp_path / "one.dcm")
    second = write_specimen(tmp_path / "two.dcm")

    ds = dcmread(tmp_path / "two.dcm")
    assert first != second == ds.SOPInstanceUID
    assert (str(ds.PatientName), ds.StudyDate) == (PATIENT_NAME, "")
    assert len(ds.PixelData) == ds.Rows * ds.Columns
