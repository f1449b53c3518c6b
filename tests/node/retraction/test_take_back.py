"""Notes are made from what is whole on disk, and nothing is recorded without them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydicom import dcmread

from models.volume.bundle import sha256_file
from node.config_reading import ReportSettings
from node.errors import NodeError
from node.jobs.ledger import Ledger
from node.jobs.ledger_retractions import Retraction, SentResult
from node.report.rejection import REASONS
from node.retraction.take_back import Why, take_back
from tests.node.retraction.results import deliver, report, settings_for
from tests.node.send.test_scu import StandInArchive

WHEN = datetime(2026, 6, 5, 20, 30, 15, tzinfo=UTC)
WHY = Why(REASONS["safety"], "wrong side")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Return a ledger with one result that an archive holds."""
    ledger, archive = Ledger(tmp_path), StandInArchive()
    settings = settings_for(tmp_path, archive)
    report(ledger, settings)
    deliver(ledger, settings)
    archive.server.shutdown()
    yield ledger
    ledger.close()


def found(ledger: Ledger) -> SentResult:
    """Return the result as the ledger knows it."""
    (result,) = ledger.retractions.results("hippocampus", "1.0.0")
    return result


def taken(ledger: Ledger) -> Retraction:
    """Take the result back; return what the ledger knows of that."""
    result = found(ledger)
    assert take_back(ledger, [result], WHY, ReportSettings(), WHEN) == [
        result.result_id
    ]
    retraction = found(ledger).retraction
    assert retraction is not None
    return retraction


def test_a_note_lies_beside_the_objects(ledger: Ledger) -> None:
    """For this user alone, dated by the record, and on its way."""
    folder = found(ledger).objects[0].path.parent

    retraction = taken(ledger)

    assert retraction.note is not None
    assert retraction.note.path == folder / "KO.dcm"
    assert retraction.note.path.stat().st_mode & 0o077 == 0
    assert (retraction.code, retraction.reason) == ("113037", "wrong side")
    assert retraction.retracted_at == WHEN
    states = found(ledger).states
    note = retraction.note.sop_instance_uid
    assert [state for (uid, _), state in states.items() if uid == note] == ["pending"]


def test_a_damaged_object_is_rejected_but_not_believed(ledger: Ledger) -> None:
    """Another one says whose the result is."""
    seg, *_ = found(ledger).objects
    seg.path.write_bytes(b"no DICOM")

    note = taken(ledger).note

    assert note is not None
    ds = dcmread(note.path)
    (study,) = ds.CurrentRequestedProcedureEvidenceSequence
    assert seg.series_instance_uid in {
        series.SeriesInstanceUID for series in study.ReferencedSeriesSequence
    }


def test_without_files_it_is_taken_back_without_a_note(ledger: Ledger) -> None:
    """Nobody knows whose it is; it does not stand all the same."""
    for made in found(ledger).objects:
        made.path.unlink()

    assert taken(ledger).note is None
    assert ledger.jobs.get(1).identity is None


def test_what_was_taken_back_is_left_as_it_was(ledger: Ledger) -> None:
    """The second time makes no second note."""
    first = taken(ledger)

    other = Why(REASONS["quality"], "other")
    assert take_back(ledger, [found(ledger)], other, ReportSettings(), WHEN) == []
    assert found(ledger).retraction == first


def test_a_note_that_cannot_be_written_takes_nothing_back(ledger: Ledger) -> None:
    """The ledger never says what no document says."""
    result = found(ledger)
    (result.objects[0].path.parent / ".KO.part").mkdir()

    with pytest.raises(NodeError, match="nothing is taken back"):
        take_back(ledger, [result], WHY, ReportSettings(), WHEN)
    assert found(ledger).retraction is None


def test_two_commands_at_once_write_one_note(ledger: Ledger) -> None:
    """The second looked before the first was done; its bytes replace none."""
    looked = [found(ledger)]
    later = WHEN + timedelta(seconds=1)
    first = take_back(ledger, looked, WHY, ReportSettings(), WHEN)
    second = take_back(ledger, looked, WHY, ReportSettings(), later)

    retraction = found(ledger).retraction

    assert (first, second) == ([looked[0].result_id], [])
    assert retraction is not None
    assert retraction.note is not None
    assert sha256_file(retraction.note.path) == retraction.note.sha256
