"""Every entry ends one way, and is counted once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from node.batch.entry import Entry
from node.batch.summary import exit_status
from node.batch.tally import Counts, Ending, count, ending_of, is_copy
from node.jobs.job import FILE_MISSING, JobState
from tests.node.batch import results as given


@pytest.mark.parametrize(
    ("entry", "ending"),
    [
        (given.reported(), Ending.REPORTED),
        (given.reported(job=given.job(JobState.SENT)), Ending.REPORTED),
        (given.not_applicable(), Ending.NOT_APPLICABLE),
        (given.failed(), Ending.FAILED),
        (Entry("one", "m", "1.2", reason=FILE_MISSING), Ending.FAILED),
        (given.no_study(), Ending.NO_STUDY),
        (given.not_read(), Ending.NOT_READ),
        (given.reported(job=given.job(JobState.RUNNING)), Ending.NOT_READ),
    ],
)
def test_an_entry_ends_one_way(entry: Entry, ending: Ending) -> None:
    """What was cut short in the middle was not read."""
    assert ending_of(entry) is ending


def test_two_models_of_a_study_are_one_study() -> None:
    """And what an earlier run finished counts among the results too."""
    entries = [
        given.reported(),
        given.reported(was_kept=True),
        given.failed(),
        given.no_study(),
    ]

    assert count(entries) == Counts(
        studies=2,
        reported=2,
        not_applicable=0,
        failed=1,
        no_study=1,
        not_read=0,
        kept=1,
    )


def test_a_copy_that_is_read_elsewhere_is_no_fault() -> None:
    """It tells of itself in its row, and is not done by another run either."""
    copy = replace(given.no_study(), detail="zip_duplicate")

    assert (is_copy(copy), is_copy(given.no_study())) == (True, False)
    assert exit_status([given.reported(), copy], only_model=False) == 0
    assert exit_status([given.reported(), copy], only_model=True) == 0
    assert exit_status([given.failed(), copy], only_model=False) == 1
    assert exit_status([copy], only_model=False) == 1
