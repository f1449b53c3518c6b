"""What the ledger keeps of the archive: where it was looked through, what lacked."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from node.jobs.ledger import LEDGER_FILE, Ledger
from node.jobs.ledger_archive import ArchiveRecords, Sighting
from tests.fixtures.make_ledger_v2 import SOURCE
from tests.node.jobs.ledger_stories import T0, queue, result

MINUTE = timedelta(minutes=1)

FIXTURES = Path(__file__).parents[2] / "fixtures"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Return a new ledger."""
    ledger = Ledger(tmp_path)
    yield ledger
    ledger.close()


@pytest.fixture
def records(ledger: Ledger) -> ArchiveRecords:
    """Return its view of the archive."""
    return ledger.archive


def sighting(
    study: str = "1.1", instances: int | None = 3, *, fetch: bool = True
) -> Sighting:
    """Return a study as it is seen now."""
    return Sighting(study, instances, fetch, T0)


def due(records: ArchiveRecords) -> list[str]:
    """Return the studies that are to be compared a minute after the beginning."""
    return [each.study_instance_uid for each in records.due(T0 + MINUTE)]


def test_an_archive_was_never_looked_through(records: ArchiveRecords) -> None:
    """None, and not its beginning."""
    assert records.position("an archive") is None


def test_the_position_survives_a_restart(ledger: Ledger, tmp_path: Path) -> None:
    """With the studies that were found before it."""
    ledger.archive.note([sighting()], T0, ("an archive", "17"))
    ledger.close()

    again = Ledger(tmp_path)

    assert again.archive.position("an archive") == "17"
    assert again.archive.position("another archive") is None
    assert due(again.archive) == ["1.1"]
    again.close()


def test_what_is_left_alone_is_due_when_it_is_counted_otherwise(
    records: ArchiveRecords,
) -> None:
    """Not when it is seen again, nor when it may be fetched now."""
    records.leave_alone([sighting(instances=3, fetch=False)], T0, ("an archive", "1"))
    records.note([sighting(instances=3, fetch=True)], T0)
    assert records.position("an archive") == "1"
    assert due(records) == []

    records.note([sighting(instances=4)], T0)

    assert due(records) == ["1.1"]


def test_what_lacks_already_is_not_left_alone(records: ArchiveRecords) -> None:
    """The first look at an archive under another name changes nothing of it."""
    records.note([sighting()], T0)

    records.leave_alone([sighting()], T0, ("an archive", "1"))

    assert due(records) == ["1.1"]


def test_a_study_is_not_due_before_its_time(records: ArchiveRecords) -> None:
    """It may still be on its way."""
    records.note([Sighting("1.1", 3, True, T0 + MINUTE)], T0)

    assert records.due(T0) == []
    assert due(records) == ["1.1"]


def test_a_settled_study_is_compared_again_only_when_it_grew(
    records: ArchiveRecords,
) -> None:
    """Seen as it was it stays settled; one image more, and it begins anew."""
    records.note([sighting(instances=3)], T0)
    records.tried("1.1", T0)
    records.settle("1.1")
    records.note([sighting(instances=3)], T0 + MINUTE)
    assert due(records) == []

    records.note([sighting(instances=4)], T0 + MINUTE)

    (found,) = records.due(T0 + MINUTE)
    assert (found.attempts, found.seen_at) == (0, T0 + MINUTE)


def test_a_number_that_is_not_told_is_no_news(records: ArchiveRecords) -> None:
    """Neither after itself nor after a number; one that is told at last is."""
    records.note([sighting("1.1", None), sighting("1.2", 3)], T0)
    assert [each.instances for each in records.due(T0)] == [None, 3]
    for study in ("1.1", "1.2"):
        records.settle(study)

    records.note([sighting("1.1", None), sighting("1.2", None)], T0)
    assert due(records) == []

    records.note([sighting("1.1", 0)], T0)
    assert [each.instances for each in records.due(T0)] == [0]


def test_a_study_that_may_be_fetched_now_is_compared_again(
    records: ArchiveRecords,
) -> None:
    """A model for it was switched on; switched off again, nothing is undone."""
    records.note([sighting(fetch=False)], T0)
    records.settle("1.1")

    records.note([sighting(fetch=True)], T0)
    records.note([sighting(fetch=False)], T0)

    (found,) = records.due(T0)
    assert found.may_fetch


def test_an_attempt_is_counted_and_puts_the_study_off(records: ArchiveRecords) -> None:
    """Until the moment that was named."""
    records.note([sighting()], T0)

    records.tried("1.1", T0 + MINUTE)

    assert records.due(T0) == []
    (found,) = records.due(T0 + MINUTE)
    assert (found.attempts, found.not_before) == (1, T0 + MINUTE)


def test_only_what_is_settled_and_old_is_forgotten(records: ArchiveRecords) -> None:
    """What still lacks is never forgotten."""
    records.note([sighting("1.1"), sighting("1.2")], T0)
    records.note([sighting("1.3")], T0 + MINUTE)
    for study in ("1.1", "1.3"):
        records.settle(study)

    records.forget(T0 + MINUTE)

    records.note([sighting("1.1"), sighting("1.3")], T0)
    assert due(records) == ["1.1", "1.2"]


def test_the_series_of_our_results_are_known(ledger: Ledger) -> None:
    """So that they are never taken for something that lacks."""
    queue(ledger)
    job = ledger.jobs.claim(T0)
    assert job is not None
    ledger.jobs.report(job.job_id, result("7"), ["ARCHIVE@host:104"], T0)

    assert ledger.archive.own_series("1.1") == {"2.25.91.7", "2.25.92.7", "2.25.93.7"}
    assert ledger.archive.own_series("1.2") == set()


def test_a_ledger_of_version_2_goes_on(tmp_path: Path) -> None:
    """The position is there, and the study that was tried once."""
    shutil.copyfile(FIXTURES / "ledger_v2.sqlite", tmp_path / LEDGER_FILE)
    ledger = Ledger(tmp_path)

    assert ledger.archive.position(SOURCE) == "1234"
    (found,) = ledger.archive.due(T0 + MINUTE)
    assert (found.study_instance_uid, found.attempts) == ("1.8", 1)
    ledger.close()
