"""What is not deleted is told, object by object (what is: tests/pacs)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from node.config import Settings
from node.config_reading import ReportSettings
from node.jobs.ledger import Ledger
from node.jobs.ledger_retractions import SentResult
from node.report.rejection import REASONS
from node.retraction.deletion import NOTE_IS_NOT_THERE, NOTE_WAS_REFUSED, delete_all
from node.retraction.take_back import Why, take_back
from tests.node.retraction.results import deliver, destinations, report, settings_for
from tests.node.send.test_scu import StandInArchive

WHEN = datetime(2026, 6, 5, 20, 30, 15, tzinfo=UTC)


@pytest.fixture
def workstation() -> Iterator[StandInArchive]:
    """Start a destination that has no REST interface."""
    stand_in = StandInArchive()
    yield stand_in
    stand_in.server.shutdown()


@pytest.fixture
def settings(workstation: StandInArchive, tmp_path: Path) -> Settings:
    """Return settings that send to the workstation alone; the archive is dead."""
    peer = workstation.peer
    place = {"ae_title": peer.ae_title, "host": peer.host, "port": peer.port}
    send = {"timeout_s": 2, "destinations": [place]}
    plain = settings_for(tmp_path).model_dump()
    del plain["archive_password"]
    return Settings.model_validate({**plain, "send": send})


@pytest.fixture
def ledger(settings: Settings, tmp_path: Path) -> Iterator[Ledger]:
    """Return a ledger with a result that was sent, and taken back."""
    ledger = Ledger(tmp_path)
    report(ledger, settings)
    deliver(ledger, settings)
    why = Why(REASONS["quality"], "")
    take_back(ledger, found(ledger), why, ReportSettings(), WHEN)
    yield ledger
    ledger.close()


def found(ledger: Ledger) -> list[SentResult]:
    """Return the results as the ledger knows them."""
    return ledger.retractions.results("hippocampus", "1.0.0")


def test_nothing_is_deleted_before_its_note_is_there(
    ledger: Ledger, settings: Settings
) -> None:
    """Who finds the objects gone must find the reason."""
    done = delete_all(ledger, settings, found(ledger), WHEN)

    assert (done.deleted, done.absent) == ([], [])
    assert {why for _, why in done.kept if "REST" not in why} == {NOTE_IS_NOT_THERE}


def test_nothing_is_deleted_whose_note_was_refused(
    ledger: Ledger, settings: Settings
) -> None:
    """Else neither the objects nor the reason would be there."""
    with ledger.database.write() as connection:
        connection.execute(
            "UPDATE deliveries SET state = 'failed' WHERE sop_instance_uid IN "
            "(SELECT sop_instance_uid FROM objects WHERE kind = 'KO')"
        )

    done = delete_all(ledger, settings, found(ledger), WHEN)

    assert (done.deleted, done.absent) == ([], [])
    assert {why for _, why in done.kept if "REST" not in why} == {NOTE_WAS_REFUSED}


def test_an_archive_that_does_not_answer_is_asked_once(
    ledger: Ledger, settings: Settings
) -> None:
    """Each object is told with the reason, and where else it lies."""
    deliver(ledger, settings)

    done = delete_all(ledger, settings, found(ledger), WHEN)

    (result,) = found(ledger)
    reasons = {why for _, why in done.kept}
    (where,) = destinations(settings)
    assert f"{where} offers no REST: delete it there by hand" in reasons
    assert any("does not answer" in why for why in reasons)
    assert len(done.kept) == 2 * len(result.objects)
    assert result.retraction is not None
    assert result.retraction.deleted == frozenset()
