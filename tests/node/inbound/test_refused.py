"""Files that cannot be kept are put aside, unnamed and for this user alone."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from node.inbound.refused import RefusedFolder


@pytest.fixture
def folder(tmp_path: Path) -> RefusedFolder:
    """Return an empty folder for refused files."""
    (tmp_path / "refused").mkdir()
    return RefusedFolder(tmp_path / "refused")


def test_a_file_that_everybody_could_read_is_private_when_it_was_refused(
    folder: RefusedFolder, tmp_path: Path
) -> None:
    """Its content is kept, its name and its mode are not."""
    path = tmp_path / "Doe John.dcm"
    path.write_text("his report")
    path.chmod(0o644)

    folder.take(path, "not DICOM")

    (kept,) = folder.folder.iterdir()
    assert kept.read_text() == "his report"
    assert "Doe" not in kept.name
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_what_a_link_points_to_keeps_its_mode(
    folder: RefusedFolder, tmp_path: Path
) -> None:
    """It is not ours: the link alone is put aside."""
    target = tmp_path / "somewhere else"
    target.touch(mode=0o644)
    target.chmod(0o644)
    link = tmp_path / "link.dcm"
    link.symlink_to(target)

    folder.take(link, "not a file")

    assert stat.S_IMODE(target.stat().st_mode) == 0o644
    assert target.exists()
    assert not link.is_symlink()
