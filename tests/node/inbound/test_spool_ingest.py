"""Dropped files enter the spool by the same rules as objects from the network."""

from __future__ import annotations

import errno
import os
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

    (refused,) = spool.refused.folder.iterdir()
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


def test_refused_files_lie_beside_one_another(tmp_path: Path) -> None:
    """Too large, empty, or the same again: none takes the place of another."""
    spool = build_spool(tmp_path, max_object_mib=1)
    for number, content in enumerate([bytes(2 << 20), bytes(3 << 20), b"", b""]):
        dropped = spool.drop / str(number)
        dropped.write_bytes(content)
        assert spool.ingest(dropped) is None

    sizes = sorted(path.stat().st_size for path in spool.refused.folder.iterdir())
    assert sizes == [0, 0, 2 << 20, 3 << 20]


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EIO, errno.EACCES])
def test_a_dropped_file_that_cannot_be_read_now_stays_where_it_is(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """It is the disk's fault, or the process's, and not the file's."""
    dropped = spool.drop / "1.dcm"
    dropped.write_bytes(as_file(build_instance()))

    def refuse(path: Path) -> bytes:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(NoSpaceError, match=errno.errorcode[number]):
        spool.ingest(dropped)
    monkeypatch.undo()

    assert spool.ingest(dropped) is not None


def test_a_dropped_file_that_was_taken_back_is_no_matter(spool: Spool) -> None:
    """Somebody moved it away before it was looked at."""
    assert spool.ingest(spool.drop / "gone.dcm") is None
    assert list(spool.refused.folder.iterdir()) == []


def test_a_dropped_file_that_cannot_be_removed_is_kept_all_the_same(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is noted, not lost; at the next look it is known."""
    dropped = spool.drop / "1.dcm"
    dropped.write_bytes(as_file(build_instance()))

    def refuse(path: Path, missing_ok: bool = False) -> None:
        if path == dropped:
            raise OSError(errno.EROFS, "read only")

    monkeypatch.setattr(Path, "unlink", refuse)
    first, second = spool.ingest(dropped), spool.ingest(dropped)

    assert first is not None
    assert second is not None
    assert (first.is_new, second.is_new) == (True, False)
