"""A file is there as a whole, or as it was before."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.batch.whole_file import write_whole
from node.errors import NodeError


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    """Nothing else is left in the folder."""
    target = tmp_path / "a.csv"
    target.write_bytes(b"old, and longer than the new one")

    write_whole(target, b"new")

    assert target.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [target]


def test_an_interrupt_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while the bytes are on their way to the disk."""

    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    target = tmp_path / "a.csv"
    target.write_bytes(b"old")
    monkeypatch.setattr("os.fsync", interrupted)

    with pytest.raises(KeyboardInterrupt):
        write_whole(target, b"new")

    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_missing_folder_is_said_in_a_line(tmp_path: Path) -> None:
    """With what to type."""
    with pytest.raises(NodeError, match=r"No such file.*another file") as told:
        write_whole(tmp_path / "gone" / "a.csv", b"new")

    assert "\n" not in str(told.value)
