"""The table of a run while it goes on: a row for everything, whatever happens."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from node.batch import sheet
from node.batch.entry import INTERRUPTED, Entry
from node.batch.run import Done
from node.batch.sheet import Informed, Sheet, facts_of
from node.batch.truth import UNKNOWN
from node.batch.words import Words
from tests.node.batch import results as given
from tests.node.batch.orders import order

EN = Words.of("en")
NOW = datetime(2026, 1, 1, tzinfo=UTC)

ENDED = [given.reported("in/a"), given.reported("in/b"), given.reported("in/c")]
WAITING = [
    Entry(each.path, each.model, each.study_instance_uid, reason=INTERRUPTED)
    for each in ENDED
]


@pytest.fixture(name="listener")
def listener_fixture(tmp_path: Path) -> Informed:
    """Return what keeps the table ``out.csv``."""
    table = Sheet(order(tmp_path), tmp_path / "out.csv", EN, NOW, UNKNOWN)
    return Informed(UNKNOWN, [table])


def rows(folder: Path) -> dict[str, str]:
    """Return the status of every row of the table, by its path."""
    with (folder / "out.csv").open(encoding="utf-8-sig", newline="") as stream:
        return {
            row["path_to_study"]: row["processing_status"]
            for row in csv.DictReader(stream)
        }


def test_a_table_that_is_cut_short_has_a_row_for_every_study(
    listener: Informed, tmp_path: Path
) -> None:
    """A power cut after the first study loses no name."""
    listener.found(WAITING)
    listener.ended(ENDED[0])

    assert rows(tmp_path) == {
        "in/a": "SUCCESS",
        "in/b": "FAILURE",
        "in/c": "FAILURE",
    }


def test_an_earlier_table_stays_until_its_results_are_taken_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that is killed at its beginning takes nothing away."""
    (tmp_path / "out.csv").write_text("what was there", encoding="utf-8")
    table = Sheet(order(tmp_path), tmp_path / "out.csv", EN, NOW, UNKNOWN)
    table.found(WAITING)
    table.ended(ENDED[0])
    assert (tmp_path / "out.csv").read_text(encoding="utf-8") == "what was there"

    monkeypatch.setattr(sheet, "WRITE_EVERY_S", -1.0)
    table.ended(ENDED[1])

    assert list(rows(tmp_path).values()) == ["SUCCESS", "SUCCESS", "FAILURE"]


def other(number: int) -> Entry:
    """Return an entry with results of a study of its own."""
    uid = f"1.2.840.{number}"
    return replace(given.reported(f"in/{number}"), study_instance_uid=uid)


@pytest.mark.parametrize("name", ["out.csv", "out.xlsx"])
def test_no_result_of_an_earlier_table_is_lost_however_long_it_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Studies that came since are read first: their hours replace nothing."""
    done = [other(1), other(2), given.not_read()]
    wanted, path = order(tmp_path), tmp_path / name
    before = Sheet(wanted, path, EN, NOW, UNKNOWN)
    before.write(done, facts_of(wanted, Done(tuple(done)), NOW))
    complete = path.read_bytes()
    monkeypatch.setattr(sheet, "WRITE_EVERY_S", -1.0)

    again = Sheet(wanted, path, EN, NOW, UNKNOWN)
    again.found([replace(each, job=None) for each in (other(3), *done)])
    again.ended(other(3))
    again.ended(other(1))
    again.working([])
    assert path.read_bytes() == complete

    again.ended(other(2))
    assert path.read_bytes() != complete


def test_a_study_that_was_taken_away_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its row goes with the first that is written."""
    done = Done((other(1), other(2)))
    wanted, path = order(tmp_path), tmp_path / "out.csv"
    before = Sheet(wanted, path, EN, NOW, UNKNOWN)
    before.write(done.entries, facts_of(wanted, done, NOW))
    monkeypatch.setattr(sheet, "WRITE_EVERY_S", -1.0)

    again = Sheet(wanted, path, EN, NOW, UNKNOWN)
    again.found([replace(other(1), job=None)])
    again.ended(other(1))

    assert list(rows(tmp_path)) == ["in/1"]


def test_the_tables_of_several_models_stay_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As .csv each has a file of its own, and none has the name that was given."""
    wanted = replace(order(tmp_path), models=(given.MODEL, "chest_ct"))
    done = Done((other(1), other(2)))
    before = Sheet(wanted, tmp_path / "out.csv", EN, NOW, UNKNOWN)
    files = before.write(done.entries, facts_of(wanted, done, NOW))
    complete = files[0].read_bytes()
    monkeypatch.setattr(sheet, "WRITE_EVERY_S", -1.0)

    again = Sheet(wanted, tmp_path / "out.csv", EN, NOW, UNKNOWN)
    again.found([replace(each, job=None) for each in done.entries])
    again.ended(other(1))
    assert files[0].read_bytes() == complete


def test_what_ended_is_written_while_the_next_is_being_read(
    listener: Informed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It need not wait for a study that takes ten minutes."""
    listener.found(WAITING)
    listener.ended(ENDED[0])
    listener.ended(ENDED[1])
    assert rows(tmp_path)["in/b"] == "FAILURE"

    monkeypatch.setattr(sheet, "WRITE_EVERY_S", -1.0)
    listener.working([("in/c", given.MODEL, "predict")])

    assert rows(tmp_path)["in/b"] == "SUCCESS"
