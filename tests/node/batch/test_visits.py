"""A folder with several visits of one person: the earlier is read before the later."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from models.hippocampus.phantom import write_study
from node.batch import run
from node.batch.found import Found, NoStudy, StudyFiles
from node.batch.records import opened
from node.batch.run import read
from node.batch.visits import in_order_of_visits, whose
from node.inbound.dataset import Identity
from node.jobs.ledger_priors import PriorRecords
from tests.flow.visits import came_again
from tests.node.batch.orders import name, order


def study(uid: str, patient: str, day: str) -> StudyFiles:
    """Return a study of one image."""
    identity = Identity("1", "2", uid, "3", patient_id=patient, study_date=day)
    return StudyFiles(uid, Path(uid), ((Path(uid), identity),))


def test_visits_of_one_patient_change_places_among_themselves() -> None:
    """Everybody else is read where the folder has them."""
    found: list[Found] = [
        study("1", "A", "20250301"),
        NoStudy(Path("x"), ""),
        study("2", "B", "20250101"),
        study("3", "A", "20240301"),
        study("4", "", "20200101"),
        study("5", "A", ""),
    ]

    order_of_reading = [found.index(each) for each in in_order_of_visits(found)]

    assert order_of_reading == [3, 1, 2, 0, 4, 5]


def test_a_study_of_two_numbers_is_nobodys() -> None:
    """Nobody guesses which of them it is."""
    (one,), (other,) = study("1", "A", "20250301").files, study("1", "B", "x").files

    assert whose(StudyFiles("1", Path(), (one, other))) == ("", date(2025, 3, 1))


def test_a_visit_that_waits_in_vain_is_read_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run ends, although an earlier visit counts as being read for ever."""
    monkeypatch.setattr(run, "IN_VAIN_S", 1.0)
    monkeypatch.setattr(PriorRecords, "being_read", lambda *_: True)
    write_study(tmp_path / "in" / "a", 51)

    (entry,) = read(order(tmp_path)).entries

    assert entry.job is not None
    with opened(order(tmp_path)) as ledger:
        (result,) = ledger.history.results(entry.job.job_id)
    assert result.known.withheld == ("priors_not_sought",)


def test_the_later_visit_of_a_folder_is_told_of_the_earlier(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long that takes; a second run has nothing more to do."""
    monkeypatch.setattr("node.inbound.priors.LONGEST", timedelta(0))
    write_study(tmp_path / "in" / "a", 51)
    came_again(tmp_path / "in" / "a", "20270105", "again")
    write_study(tmp_path / "in" / "b", 51)

    entries = {name(entry): entry for entry in read(order(tmp_path)).entries}

    with opened(order(tmp_path)) as ledger:
        known = {
            folder: ledger.history.results(entry.job.job_id)[0].known
            for folder, entry in entries.items()
            if entry.job
        }
    assert [p.study_date for p in known["a"].priors] == [date(2026, 1, 5)]
    assert (known["b"].priors, known["b"].withheld) == ((), ())
    assert all(entry.was_kept for entry in read(order(tmp_path)).entries)
