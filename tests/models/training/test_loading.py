"""Files are read in order, in processes only where that is faster."""

from __future__ import annotations

import os
import time
from functools import partial

import pytest

from models.training import loading
from models.training.loading import read_all


def number_and_process(number: int) -> tuple[int, int]:
    """Return the number, and who read it."""
    if number == 13:
        raise ValueError("13 cannot be read")
    return number, os.getpid()


def slow(seconds: float, number: int) -> int:
    """Return the number after a while."""
    time.sleep(seconds)
    return number


def test_processes_read_in_order_and_it_is_told() -> None:
    """Other processes read; the results come as one by one they would."""
    told: list[tuple[int, int]] = []

    found = read_all(
        number_and_process, range(8), lambda *count: told.append(count), processes=2
    )

    assert [number for number, _ in found] == list(range(8))
    assert os.getpid() not in {process for _, process in found}
    assert told == [(done, 8) for done in range(1, 9)]


@pytest.mark.parametrize("processes", [1, 2])
def test_what_cannot_be_read_says_so_from_any_process(processes: int) -> None:
    """The error is that of the reading function."""
    with pytest.raises(ValueError, match="13 cannot be read"):
        read_all(number_and_process, [1, 13, 2], processes=processes)


@pytest.mark.parametrize(("count", "elsewhere"), [(4, False), (4000, True)])
def test_processes_start_only_where_the_rest_is_long(
    monkeypatch: pytest.MonkeyPatch, count: int, elsewhere: bool
) -> None:
    """What would be over before they are there is read here."""
    monkeypatch.setattr(loading, "PROBE_S", 0.01)
    monkeypatch.setattr(loading, "cores", lambda: 2)
    started: list[int] = []

    def elsewhere_read(read: object, items: range, *_: int) -> list[int]:
        started.append(len(items))
        return list(items)

    monkeypatch.setattr(loading, "over_processes", elsewhere_read)

    found = read_all(partial(slow, 0.005), range(count))

    assert found == list(range(count))
    assert bool(started) is elsewhere
