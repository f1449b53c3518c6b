"""A strict archive that speaks DICOM alone: what it is asked, and what it is answered.

PS3.4 C.4.1.2: without relational queries every level above the one that is asked for
must be named. Such an archive refuses what Orthanc grants.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import MRImageStorage
from structlog.testing import capture_logs

from node import log
from node.config import InboundSettings, ReconcileSettings
from node.errors import ArchiveError, BadUidError, NoSpaceError, UnreadableError
from node.inbound.archive_dicom import DicomArchive
from node.inbound.reconciliation import Reconciliation
from node.inbound.scp import CANNOT_UNDERSTAND, INVALID_INSTANCE, OUT_OF_RESOURCES
from node.inbound.spool import OwnObjectError, Spool
from node.jobs.ledger import Ledger
from tests.node.inbound.objects import build_instance
from tests.node.inbound.strict import StrictArchive, running

STUDY, FIRST, SECOND = "1.2", "1.2.1", "1.2.2"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def strict() -> StrictArchive:
    """Return an archive with two series of one study, of today."""
    return StrictArchive(
        [
            build_instance(
                STUDY,
                series,
                Modality="MR",
                StudyDate="20261121",
                SOPClassUID=MRImageStorage,
            )
            for series in (FIRST, FIRST, SECOND)
        ]
    )


@pytest.fixture
def archive(strict: StrictArchive) -> Iterator[DicomArchive]:
    """Run it, and return how the node asks it."""
    with running(strict) as asked:
        yield asked


@pytest.mark.parametrize(
    ("series", "number"), [(None, 3), ([FIRST], 2), ([FIRST, SECOND], 3), (["1.9"], 0)]
)
def test_images_are_asked_for_without_a_relational_query(
    archive: DicomArchive, series: list[str] | None, number: int
) -> None:
    """Series first where they are not known, then the images of each."""
    contents: list[bytes] = []

    assert archive.fetch_study(STUDY, contents.append, series) == number
    assert len(contents) == number


def test_series_are_counted_without_a_relational_query(archive: DicomArchive) -> None:
    """By their images, where the archive leaves the numbers out."""
    assert archive.series_counts(STUDY) == {FIRST: 2, SECOND: 1}


def odd(keyword: str, vr: str, value: str) -> Dataset:
    """Return a record of a study with one value that pydicom would not write."""
    record = Dataset()
    record.QueryRetrieveLevel = "STUDY"
    record.StudyInstanceUID = "1.7"
    record.add_new(keyword, vr, None)
    record[keyword]._value = value
    return record


def test_an_odd_record_hides_no_other(
    archive: DicomArchive, strict: StrictArchive
) -> None:
    """It is logged once, hashed; the others are found at every search."""
    strict.records = [
        odd("NumberOfStudyRelatedInstances", "IS", "many"),
        odd("StudyInstanceUID", "UI", "DOE^JOHN"),
        odd("StudyInstanceUID", "UI", "1.7.1\\1.7.2"),
        odd("StudyInstanceUID", "UI", ""),
    ]
    with capture_logs() as events:
        for _ in range(2):
            found = archive.search(None, NOW, 1)
            assert [each.study_instance_uid for each in found.studies] == [STUDY]

    names = ["1.7", "DOE^JOHN", "['1.7.1', '1.7.2']", ""]
    assert [e["study"] for e in events] == [log.hashed(name) for name in names]
    assert {e["event"] for e in events} == {"record_skipped"}
    assert "DOE" not in repr(events)


def test_a_value_that_nobody_asked_for_spoils_no_record(
    archive: DicomArchive, strict: StrictArchive
) -> None:
    """Eight bytes are a number there, and two came: nobody reads them."""
    record = Dataset()
    record.StudyInstanceUID = "1.7"
    record.add_new("EventTimeOffset", "OB", b"12")
    strict.records = [record]
    with capture_logs() as events:
        found = archive.search(None, NOW, 1)

    assert [each.study_instance_uid for each in found.studies] == ["1.7", STUDY]
    assert events == []


def test_a_search_begins_at_its_position(
    archive: DicomArchive, strict: StrictArchive
) -> None:
    """And so many days before it, however long ago that was."""
    archive.search("2026-11-12", NOW, 3)
    archive.search(None, NOW, 3)

    assert [q.StudyDate for q in strict.queries] == ["20261109-", "20261118-"]


def test_with_no_day_to_look_back_a_search_begins_the_day_before(
    archive: DicomArchive, strict: StrictArchive
) -> None:
    """A study of the evening may enter the archive after midnight."""
    archive.search("2026-11-12", NOW, 0)
    archive.search(None, NOW, 0)

    assert [q.StudyDate for q in strict.queries] == ["20261111-", "20261120-"]


def test_what_came_while_the_node_was_down_for_a_week_is_noted(
    archive: DicomArchive, strict: StrictArchive, tmp_path: Path
) -> None:
    """With one day to look back, from where the last look ended."""
    strict.images[0].StudyDate = "20261116"
    strict.images[0].StudyInstanceUID = "1.6"
    strict.images[1].StudyDate = "20261101"
    strict.images[1].StudyInstanceUID = "1.5"
    ledger = Ledger(tmp_path)
    week_ago = NOW - timedelta(days=7)
    ledger.archive.note([], week_ago, (archive.source, week_ago.date().isoformat()))
    reconciliation = Reconciliation(
        ReconcileSettings(settle_s=60, look_back_days=1),
        archive,
        ledger,
        Spool(tmp_path / "spool", InboundSettings(min_free_mib=0)),
        modalities={"MR"},
        on_stored=lambda *_: None,
        on_released=lambda *_: None,
    )

    reconciliation.look(NOW)

    due = ledger.archive.due(NOW + timedelta(hours=1))
    assert [each.study_instance_uid for each in due] == [STUDY, "1.6"]
    assert [q.QueryRetrieveLevel for q in strict.queries] == ["STUDY"]
    ledger.close()


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (BadUidError(""), INVALID_INSTANCE),
        (UnreadableError(""), CANNOT_UNDERSTAND),
        (OwnObjectError(""), 0x0000),
    ],
)
def test_what_can_never_be_kept_is_answered_as_at_the_door(
    archive: DicomArchive, strict: StrictArchive, error: Exception, status: int
) -> None:
    """And it has come: the archive's word for it is no error of the fetch."""
    taken: list[bytes] = []

    def refuse_the_first(content: bytes) -> None:
        taken.append(content)
        if len(taken) == 1:
            raise error

    assert archive.fetch_study(STUDY, refuse_the_first) == 3
    assert strict.statuses == [status, 0, 0]


def test_what_finds_no_room_is_answered_so_and_ends_in_an_error(
    archive: DicomArchive, strict: StrictArchive
) -> None:
    """It may be kept another time."""

    def refuse(content: bytes) -> None:
        raise NoSpaceError("no room")

    with pytest.raises(ArchiveError, match="C-GET with 0x"):
        archive.fetch_study(STUDY, refuse, [SECOND])
    assert strict.statuses == [OUT_OF_RESOURCES]
