"""OHIF is unpacked only when its bytes are the ones that were tested."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from orthanc import ohif
from orthanc.ohif import OhifError


def package(path: Path, member: str = "package/dist/index.html") -> Path:
    """Write a package with one file."""
    content = b"the application"
    with tarfile.open(path, "w:gz") as archive:
        entry = tarfile.TarInfo(member)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return path


def trust(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    """Make ``path`` the package that was tested."""
    digest = base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()
    monkeypatch.setattr(ohif.verify, "__defaults__", (f"sha512-{digest}",))


def test_another_package_is_not_unpacked(tmp_path: Path) -> None:
    """One changed byte ends the launch with nothing on the disk."""
    with pytest.raises(OhifError, match="sha512 differs"):
        ohif.dist(tmp_path / "cache", package(tmp_path / "other.tgz"))

    assert list((tmp_path / "cache").iterdir()) == []


def test_the_tested_package_is_unpacked_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second call finds the first one's folder and needs no package."""
    tarball = package(tmp_path / "ohif.tgz")
    trust(monkeypatch, tarball)

    dist = ohif.dist(tmp_path / "cache", tarball)
    tarball.unlink()

    assert (dist / "index.html").read_text() == "the application"
    assert ohif.dist(tmp_path / "cache", tarball) == dist


def test_a_member_cannot_climb_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even a trusted package writes nowhere else."""
    tarball = package(tmp_path / "ohif.tgz", "../../climbed.txt")
    trust(monkeypatch, tarball)

    with pytest.raises(ohif.OhifError, match="climbed"):
        ohif.dist(tmp_path / "cache", tarball)


def test_without_npm_the_package_to_install_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line says what is missing and what else would do."""
    monkeypatch.setenv("PATH", str(tmp_path))

    status = ohif.main(["--cache", str(tmp_path / "cache")])

    error = capsys.readouterr().err
    assert status == 1
    assert "npm is missing: apt-get install" in error
    assert error.count("\n") == 1
