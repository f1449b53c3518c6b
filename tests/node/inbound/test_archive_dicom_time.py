"""What an archive is asked about a patient over DIMSE, for how long; odd answers."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import date

import pytest
from pydicom.uid import MRImageStorage
from structlog.testing import capture_logs

from node.config import ArchiveSettings
from node.errors import ArchiveError, ArchiveSilentError
from node.inbound.archive_dicom import DicomArchive
from tests.node.inbound.objects import build_instance
from tests.node.inbound.strict import StrictArchive, running

STUDIES = [f"1.2.{number}" for number in range(1, 7)]
BEFORE = date(2026, 11, 21)
PATIENT = "SECRET-1"  # of build_instance


@pytest.fixture
def strict() -> StrictArchive:
    """Return an archive with six studies of one patient, of two images each."""
    return StrictArchive(
        [
            build_instance(
                study,
                f"{study}.1",
                Modality="MR",
                StudyDate=f"2020010{study[-1]}",
                SOPClassUID=MRImageStorage,
            )
            for study in STUDIES
            for _ in range(2)
        ]
    )


@pytest.fixture
def archive(strict: StrictArchive) -> Iterator[DicomArchive]:
    """Run it, and return how the node asks it."""
    with running(strict, timeout_s=1) as asked:
        yield asked


def test_after_its_time_an_archive_is_asked_nothing_more(
    archive: DicomArchive, strict: StrictArchive
) -> None:
    """Not even the next of many small questions; with time, it is asked them all."""
    short = archive.within(lambda: len(strict.queries) >= 3)

    with pytest.raises(ArchiveError, match="time for the question is over"):
        short.earlier_series(PATIENT, BEFORE, {"MR"})
    assert len(strict.queries) == 3

    found = archive.earlier_series(PATIENT, BEFORE, {"MR"})
    assert [series.study_instance_uid for series in found] == STUDIES


def test_no_association_is_opened_when_nobody_waits(
    archive: DicomArchive, strict: StrictArchive
) -> None:
    """The time may be over before the first question."""
    with pytest.raises(ArchiveError, match="time for the question is over"):
        archive.within(lambda: True).fetch_study(STUDIES[0], print)

    assert strict.queries == []


def test_images_that_come_when_nobody_waits_are_broken_off(
    archive: DicomArchive, strict: StrictArchive
) -> None:
    """An archive would send the rest of them, however many there are."""
    strict.pause_s = 0.1
    contents: list[bytes] = []
    strict.images += [
        build_instance(STUDIES[0], f"{STUDIES[0]}.1", SOPClassUID=MRImageStorage)
        for _ in range(40)
    ]
    began = time.monotonic()

    with pytest.raises(ArchiveError):
        archive.within(lambda: len(contents) >= 2).fetch_study(
            STUDIES[0], contents.append
        )

    assert len(contents) == 2
    assert time.monotonic() - began < 3


def test_an_archive_that_falls_silent_costs_one_time_out(
    archive: DicomArchive, strict: StrictArchive
) -> None:
    """Of its many questions the first alone is waited for."""
    strict.pause_s = 3
    began = time.monotonic()

    with pytest.raises(ArchiveSilentError):
        archive.earlier_series(PATIENT, BEFORE, {"MR"})

    assert time.monotonic() - began < 2.5


def test_an_image_that_an_archive_leaves_out_is_missed(
    archive: DicomArchive, strict: StrictArchive
) -> None:
    """Whatever status it ends with: it has listed two, and sent one."""
    strict.keeps_back = 1

    with pytest.raises(ArchiveError, match="every image"):
        archive.fetch_study(STUDIES[0], lambda _: None)


def test_an_odd_series_hides_no_other(
    archive: DicomArchive, strict: StrictArchive
) -> None:
    """An odd number is none; what has no UID that may be asked for is skipped."""
    strict.images[0].add_new("SeriesNumber", "IS", None)
    strict.images[0]["SeriesNumber"]._value = "abc"
    strict.images[1]["SeriesNumber"] = strict.images[0]["SeriesNumber"]
    strict.images[2].SeriesInstanceUID = strict.images[3].SeriesInstanceUID = "*"
    strict.images[4].StudyInstanceUID = strict.images[5].StudyInstanceUID = "DOE"
    with capture_logs() as events:
        found = archive.earlier_series(PATIENT, BEFORE, {"MR"})

    assert [s.study_instance_uid for s in found] == [STUDIES[0], *STUDIES[3:]]
    assert {series.number for series in found} == {None}
    assert [event["event"] for event in events] == ["record_skipped"] * 2
    assert "DOE" not in repr(events)


def test_studies_of_others_are_asked_for_no_further(
    archive: DicomArchive, strict: StrictArchive
) -> None:
    """Not every archive heeds each key: this one answers with everybody."""
    strict.images[0].PatientID = strict.images[1].PatientID = "SECRET-11"

    archive.earlier_series(PATIENT, BEFORE, {"MR"})

    asked = [q.StudyInstanceUID for q in strict.queries[1:]]
    assert asked == STUDIES[1:]


ACCEPT = b"\x02\x00\x00\x00\x10\x00"
"""The beginning of an A-ASSOCIATE-AC of 4096 bytes (PS3.8 9.3.3)."""


def test_an_archive_that_drips_is_left() -> None:
    """Each byte comes within the time-out, and the last one never."""
    door = socket.create_server(("127.0.0.1", 0))
    settings = ArchiveSettings(dicom_port=door.getsockname()[1], timeout_s=0.5)
    dripping = threading.Thread(target=drip, args=(door,))
    dripping.start()
    began = time.monotonic()

    with pytest.raises(ArchiveSilentError):
        DicomArchive(settings, "HIPPOAI").echo()
    took = time.monotonic() - began
    door.close()
    dripping.join()

    assert took < 3


def drip(door: socket.socket) -> None:
    """Send a byte each tenth of a second, until nobody listens."""
    connection, _ = door.accept()
    with connection, suppress(OSError):
        connection.recv(1 << 16)
        connection.sendall(ACCEPT)
        for _ in range(80):
            time.sleep(0.1)
            connection.sendall(b"\0")
