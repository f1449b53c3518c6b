"""Lines of cases: a broken-off run goes on, a foreign one is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.chest_ct.cases.journal import Journal

BY = {"network": "a", "view": "b"}


def test_lines_are_read_as_they_were_written(tmp_path: Path) -> None:
    """A file appears with the first case."""
    path = tmp_path / "folder" / "lines.jsonl"
    assert not Journal(path, BY).path.exists()

    Journal(path, BY).add("one", {"score": 0.1})
    Journal(path, BY).add("two", {"score": 0.2})

    assert Journal(path, BY).found == {"one": {"score": 0.1}, "two": {"score": 0.2}}


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_a_line_that_was_broken_off_is_no_line(tmp_path: Path, cut: int) -> None:
    """The next one begins where it began."""
    path = tmp_path / "lines.jsonl"
    journal = Journal(path, BY)
    journal.add("one", {"score": 0.1})
    journal.add("two", {"score": 0.2})
    path.write_bytes(path.read_bytes()[:-cut])

    again = Journal(path, BY)
    assert list(again.found) == ["one"]
    again.add("two", {"score": 0.2})

    assert Journal(path, BY).found == journal.found


def test_a_head_that_was_broken_off_begins_anew(tmp_path: Path) -> None:
    """There is nothing that could be of something else."""
    path = tmp_path / "lines.jsonl"
    path.write_bytes(b'{"found_by": {"netw')
    journal = Journal(path, BY)
    journal.add("one", {})
    assert Journal(path, BY).found == {"one": {}}


def test_lines_that_were_found_out_by_something_else_are_refused(
    tmp_path: Path,
) -> None:
    """What differs is named, with what to do."""
    path = tmp_path / "lines.jsonl"
    Journal(path, BY).add("one", {})
    with pytest.raises(ValueError, match="is of another network: choose another"):
        Journal(path, BY | {"network": "c"})
