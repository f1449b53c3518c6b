"""Dropped files enter the spool by the same rules as objects from the network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread

from node.errors import NoSpaceError
from node.inbound.spool import Spool
from tests.node.inbound.objects import (
    as_file,
    build_instance,
    build_spool,
    encoded,
    files,
)


@pytest.mark.parametrize("form", [as_file, encoded])
def test_a_dropped_file_is_moved_in(spool: Spool, form: Any) -> None:
    """A DICOM file or a bare data set, by the same rules as a C-STORE."""
    ds = build_instance()
    dropped = spool.drop / "Patient Name.dcm"
    dropped.write_bytes(form(ds))

    kept = spool.ingest(dropped)

    assert kept is not None
    assert dcmread(kept.instance.path) == ds
    assert not dropped.exists()


def test_a_dropped_file_that_is_no_dicom_is_put_aside_without_its_name(
    spool: Spool, capsys: pytest.CaptureFixture[str]
) -> None:
    """Names of dropped files may be names of patients."""
    dropped = spool.drop / "Secret Patient.jpg"
    dropped.write_bytes(b"\xff\xd8 not DICOM")

    assert spool.ingest(dropped) is None

    (refused,) = spool.refused.iterdir()
    log = capsys.readouterr()
    assert refused.read_bytes() == b"\xff\xd8 not DICOM"
    assert "file_refused" in log.out + log.err
    for text in (refused.name, log.out, log.err):
        assert "Secret" not in text


def test_a_link_in_the_drop_folder_is_not_followed(
    spool: Spool, tmp_path: Path
) -> None:
    """It could name any file that the node may read."""
    target = tmp_path / "elsewhere.dcm"
    target.write_bytes(as_file(build_instance()))
    link = spool.drop / "link.dcm"
    link.symlink_to(target)

    assert spool.ingest(link) is None
    assert target.exists()
    assert files(spool) == []


def test_without_room_a_dropped_file_stays_where_it_is(tmp_path: Path) -> None:
    """It is tried again, not refused."""
    spool = build_spool(tmp_path, min_free_mib=1 << 40)
    dropped = spool.drop / "1.dcm"
    dropped.write_bytes(as_file(build_instance()))

    with pytest.raises(NoSpaceError):
        spool.ingest(dropped)
    assert dropped.exists()
