"""A second run over what an earlier one left, whatever happened in between."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from pydicom import DataElement, dcmread

from models.hippocampus.phantom import write_study
from node.batch.entry import NO_STUDY
from node.batch.run import read
from node.jobs.ledger_studies import StudyRecords
from tests.node.batch.orders import corrected, name, order, outcome


def test_a_uid_never_leads_out_of_the_results(tmp_path: Path) -> None:
    """It would name a folder."""
    for file in write_study(tmp_path / "in", 50):
        dataset = dcmread(file)
        odd = DataElement(0x0020000D, "UI", "..", validation_mode=0)
        dataset["StudyInstanceUID"] = odd
        dataset.save_as(file)

    entries = read(order(tmp_path)).entries

    assert {entry.reason_code for entry in entries} == {NO_STUDY}
    assert not list(tmp_path.rglob("SEG.dcm"))


def test_a_damaged_file_that_came_later_is_seen(unsent: Path, tmp_path: Path) -> None:
    """It may be an image of the study, which is then read again and fails."""
    shutil.copytree(unsent, tmp_path / "ward")
    folder = tmp_path / "ward"
    (crop,) = (folder / "in" / "47").glob("hippocrop")
    (crop / "late.dcm").write_bytes(b"\0" * 128 + b"DICM")

    outcomes = {name(e): outcome(e) for e in read(order(folder)).entries}

    assert outcomes["47"] == ("failed", "damaged_file")
    assert outcomes["48"] == ("reported", "")


def test_results_may_be_moved(unsent: Path, tmp_path: Path) -> None:
    """They are found in their new place, and nothing is written in the old one."""
    shutil.copytree(unsent / "out", tmp_path / "moved")
    moved = replace(order(unsent), results=tmp_path / "moved")

    entries = read(moved).entries

    assert [entry.was_kept for entry in entries] == [True, True]
    for entry in entries:
        assert len(entry.objects) == 3
        for made in entry.objects:
            assert made.path.is_relative_to(tmp_path / "moved")
            assert made.path.is_file()


def test_a_run_that_was_killed_between_two_records_calls_nothing_finished(
    unsent: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """New images were noted, and nobody came to queue the job: it is read again."""
    shutil.copytree(unsent, tmp_path / "ward")
    folder = tmp_path / "ward"
    for file in (folder / "in" / "47").rglob("*.dcm"):
        corrected(file, file)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(StudyRecords, "complete", killed)
        assert read(order(folder)).was_interrupted

    kept = {name(e): e.was_kept for e in read(order(folder)).entries}

    assert kept == {"47": False, "48": True}
