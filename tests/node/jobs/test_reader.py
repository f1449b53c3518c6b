"""The process that opens what strangers sent: it answers, or is killed and replaced."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from multiprocessing.context import BaseContext
from pathlib import Path

import pytest

from node.errors import ReaderError
from node.jobs.forkserver import start_context
from node.jobs.reader import MOST_BYTES, Reader
from tests.node.jobs.pools import jobs_settings, wait_until


def context() -> BaseContext:
    """Return how a pool starts its workers."""
    settings = jobs_settings().model_copy(update={"threads": 1})
    return start_context(settings, {})


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    """Return a reader with little time for an answer."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    made = Reader(context, deadline_s=1)
    yield made
    made.stop()


def test_a_question_is_answered_in_another_process(reader: Reader) -> None:
    """In the same one as the question before, and what it raises comes back."""
    answered = {reader.ask(os.getpid), reader.ask(os.getpid)}

    assert len(answered) == 1
    assert os.getpid() not in answered
    with pytest.raises(ValueError, match="invalid literal"):
        reader.ask(int, "no number")


def test_one_that_was_killed_is_replaced(reader: Reader) -> None:
    """By whatever, while it had nothing to do: no question is lost."""
    first = reader.ask(os.getpid)
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: not Path(f"/proc/{first}").exists())

    assert reader.ask(os.getpid) != first


def test_a_question_that_hangs_costs_its_time_and_the_process(reader: Reader) -> None:
    """The next is answered by another one."""
    first = reader.ask(os.getpid)

    with pytest.raises(ReaderError, match="in time"):
        reader.ask(time.sleep, 60)

    assert reader.ask(os.getpid) != first


def test_a_question_that_kills_is_asked_twice_and_no_more(reader: Reader) -> None:
    """Nobody can tell who killed it the first time."""
    with pytest.raises(ReaderError, match="died"):
        reader.ask(os.abort)

    assert reader.ask(os.getpid)


def test_a_question_gets_no_more_memory_than_there_is_for_it(reader: Reader) -> None:
    """It is refused; the process lives on."""
    first = reader.ask(os.getpid)

    with pytest.raises(ReaderError, match="memory"):
        reader.ask(bytes, MOST_BYTES + 1)

    assert reader.ask(os.getpid) == first


def test_a_stop_waits_for_no_answer(reader: Reader) -> None:
    """Who waits for one is told so, and so is who asks later."""
    reader.ask(os.getpid)
    told: list[str] = []

    def ask() -> None:
        with pytest.raises(ReaderError) as raised:
            Reader.ask(reader, time.sleep, 60)
        told.append(str(raised.value))

    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(0.2)
    reader.stop()
    asking.join(0.5)

    assert told == ["the node is stopping"]
    with pytest.raises(ReaderError):
        reader.ask(os.getpid)
