"""Both ways of asking an archive, against a real Orthanc."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr
from pydicom.encaps import encapsulate
from pydicom.uid import (
    JPEG2000Lossless,
    MRImageStorage,
    generate_uid,
)

from node.config import ArchiveSettings, InboundSettings
from node.errors import ArchiveError
from node.inbound.archive import Archive
from node.inbound.archive_dicom import DicomArchive
from node.inbound.archive_orthanc import OrthancArchive
from node.inbound.spool import Spool
from tests.node.inbound.archives import without_the_optional
from tests.node.inbound.conftest import Orthanc
from tests.node.inbound.objects import build_instance, encoded
from tests.ports import free_port

pytestmark = pytest.mark.pacs


@pytest.fixture(params=["REST", "C-FIND"])
def archive(request: pytest.FixtureRequest, orthanc: Orthanc) -> Archive:
    """Return the running Orthanc, asked one way or the other."""
    if request.param == "REST":
        return OrthancArchive(orthanc.settings, orthanc.user, orthanc.password)
    return DicomArchive(orthanc.settings, "HIPPOAI")


def unreachable(way: str, port: int) -> Archive:
    """Return an archive of which nobody knows whether it is there."""
    settings = ArchiveSettings(dicom_port=port, http_port=port, timeout_s=0.5)
    return OrthancArchive(settings) if way == "REST" else DicomArchive(settings, "HIP")


def upload_study(orthanc: Orthanc, *counts: int) -> tuple[str, list[str]]:
    """Put a new study with so many images per series into Orthanc."""
    study = str(generate_uid())
    series = [str(generate_uid()) for _ in counts]
    for uid, count in zip(series, counts, strict=True):
        for _ in range(count):
            orthanc.upload(build_instance(study, uid))
    return study, series


def test_counts_are_those_of_every_series(archive: Archive, orthanc: Orthanc) -> None:
    """Equal to what was put in."""
    study, (first, second) = upload_study(orthanc, 3, 1)

    assert archive.series_counts(study) == {first: 3, second: 1}


def test_an_unknown_study_is_none_and_not_an_error(archive: Archive) -> None:
    """So that the watcher can tell "not there" from "cannot be asked"."""
    assert archive.series_counts(generate_uid()) is None


def test_a_study_under_two_patient_ids_is_counted_once(
    archive: Archive, orthanc: Orthanc
) -> None:
    """Orthanc keeps two studies; DICOM knows one."""
    study, series = generate_uid(), generate_uid()
    orthanc.upload(build_instance(study, series, PatientID="A"))
    orthanc.upload(build_instance(study, series, PatientID="B"))
    counts = archive.series_counts(study)

    assert counts is not None
    assert set(counts) == {series}


def test_an_archive_without_the_optional_counts_is_counted(
    orthanc: Orthanc, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numbers of instances are optional: then the images are listed."""
    study, (series,) = upload_study(orthanc, 3)
    without_the_optional(monkeypatch)

    counts = DicomArchive(orthanc.settings, "HIPPOAI").series_counts(study)
    assert counts == {series: 3}


def test_a_study_is_fetched_byte_for_byte(
    archive: Archive, orthanc: Orthanc, tmp_path: Path
) -> None:
    """Compressed images too, into the spool, under the digest they came with."""
    study = generate_uid()
    plain = build_instance(study, SOPClassUID=MRImageStorage)
    packed = build_instance(study, syntax=JPEG2000Lossless)
    packed.PixelData = encapsulate([b"\xff\x4f\xff\x51 not decoded"])
    packed["PixelData"].is_undefined_length = True
    packed["PixelData"].VR = "OB"
    for ds in (plain, packed):
        orthanc.upload(ds)
    spool = Spool(tmp_path / "spool", InboundSettings(min_free_mib=0))
    kept = []

    number = archive.fetch_study(
        study, lambda content: kept.append(spool.store_file(content, "ARCHIVE"))
    )

    assert number == 2
    found = {each.instance.sop_instance_uid: each.instance for each in kept}
    for ds in (plain, packed):
        path = found[ds.SOPInstanceUID].path
        assert path.read_bytes().endswith(encoded(ds))


def test_only_the_series_that_are_wanted_are_fetched(
    archive: Archive, orthanc: Orthanc
) -> None:
    """The node holds only what was routed to it."""
    study, (first, _) = upload_study(orthanc, 2, 3)
    contents: list[bytes] = []

    assert archive.fetch_study(study, contents.append, [first]) == 2
    assert len(contents) == 2
    assert all(content[128:132] == b"DICM" for content in contents)


def test_fetching_an_unknown_study_hands_over_nothing(archive: Archive) -> None:
    """It is no error of the archive."""
    assert archive.fetch_study(generate_uid(), lambda _: None) == 0


def test_an_archive_that_answers_is_heard(archive: Archive) -> None:
    """C-ECHO, or the system page."""
    archive.echo()


@pytest.mark.parametrize("way", ["REST", "C-FIND"])
def test_an_archive_that_is_down_is_one_line(way: str) -> None:
    """Every question ends in the same error, within its time."""
    archive = unreachable(way, free_port())
    for ask in (
        archive.echo,
        lambda: archive.series_counts("1.2.3"),
        lambda: archive.fetch_study("1.2.3", lambda _: None),
    ):
        with pytest.raises(ArchiveError) as error:
            ask()
        assert "\n" not in str(error.value)
        assert "1.2.3" not in str(error.value)


@pytest.mark.parametrize("way", ["REST", "C-FIND"])
def test_an_archive_that_accepts_and_is_silent_ends_in_time(way: str) -> None:
    """A hung archive costs its time-out, not for ever."""
    import socket
    import time

    with socket.create_server(("127.0.0.1", 0)) as silent:
        archive = unreachable(way, silent.getsockname()[1])
        begun = time.monotonic()
        with pytest.raises(ArchiveError):
            archive.series_counts("1.2.3")

    assert time.monotonic() - begun < 3


def test_a_wrong_password_is_named(orthanc: Orthanc) -> None:
    """Without the password."""
    archive = OrthancArchive(orthanc.settings, orthanc.user, SecretStr("wrong one"))

    with pytest.raises(ArchiveError, match="HTTP 401") as error:
        archive.echo()
    assert "wrong one" not in str(error.value)


def test_a_rejected_association_is_named(orthanc: Orthanc) -> None:
    """Another AE title than the archive's."""
    settings = orthanc.settings.model_copy(update={"ae_title": "SOMEBODY"})

    with pytest.raises(ArchiveError, match=r"SOMEBODY@.* rejects the association"):
        DicomArchive(settings, "HIPPOAI").echo()
