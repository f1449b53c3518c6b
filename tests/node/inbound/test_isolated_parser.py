"""The process that parses what strangers sent answers, or is killed and replaced."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.errors import ParserError, ParserStartError
from node.inbound.isolated_parser import MOST_BYTES, IsolatedParser
from node.inbound.priors import QUESTIONS
from tests.node.jobs.pools import wait_until

DIES_WHILE_ANSWERING = """
from multiprocessing.connection import Connection
def cut_short(connection, message):
    import os, signal
    os.write(connection.fileno(), message[:-1])
    os.kill(os.getpid(), signal.SIGKILL)
Connection._send = cut_short
"""


class LoadsLong:
    """A question that takes a minute to load."""

    def __call__(self) -> None:
        """Answer nothing."""

    def __reduce__(self) -> tuple[object, ...]:
        """Have whoever unpickles it sleep."""
        return time.sleep, (60,)


@pytest.fixture
def parser() -> Iterator[IsolatedParser]:
    """Return a parser with little time for an answer."""
    made = IsolatedParser(deadline_s=1)
    yield made
    made.stop()


def test_a_question_is_answered_in_another_process(parser: IsolatedParser) -> None:
    """In the same one as the question before, and what it raises comes back."""
    answered = {parser.ask(os.getpid), parser.ask(os.getpid)}

    assert len(answered) == 1
    assert os.getpid() not in answered
    with pytest.raises(ValueError, match="invalid literal"):
        parser.ask(int, "no number")


def test_one_that_was_killed_is_replaced(parser: IsolatedParser) -> None:
    """By whatever, while it had nothing to do: no question is lost."""
    first = parser.ask(os.getpid)
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: not Path(f"/proc/{first}").exists())

    assert parser.ask(os.getpid) != first


def test_a_question_that_hangs_costs_its_time_and_the_process(
    parser: IsolatedParser,
) -> None:
    """The next is answered by another one."""
    first = parser.ask(os.getpid)

    with pytest.raises(ParserError, match="in time"):
        parser.ask(time.sleep, 60)

    assert parser.ask(os.getpid) != first


def test_a_question_that_kills_is_asked_twice_and_no_more(
    parser: IsolatedParser,
) -> None:
    """Nobody can tell who killed it the first time."""
    with pytest.raises(ParserError, match="died"):
        parser.ask(os.abort)

    assert parser.ask(os.getpid)


def test_a_question_gets_no_more_memory_than_there_is_for_it(
    parser: IsolatedParser,
) -> None:
    """It is refused, and what it took is not missing for the next."""
    first = parser.ask(os.getpid)

    with pytest.raises(ParserError, match="memory"):
        parser.ask(bytes, MOST_BYTES + 1)

    assert parser.ask(os.getpid) != first


def test_half_an_answer_leaves_nobody_waiting_for_the_rest(
    parser: IsolatedParser,
) -> None:
    """A thread that did would keep the node from ending."""
    before = set(threading.enumerate())

    with pytest.raises(ParserError, match="in time"):
        parser.ask(exec, DIES_WHILE_ANSWERING)

    wait_until(lambda: before.issuperset(threading.enumerate()), 5)


def test_a_stop_waits_for_no_answer(parser: IsolatedParser) -> None:
    """Who waits for one is told so, and so is who asks later."""
    parser.ask(os.getpid)
    told: list[str] = []

    def ask() -> None:
        with pytest.raises(ParserError) as raised:
            IsolatedParser.ask(parser, time.sleep, 60)
        told.append(str(raised.value))

    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(0.2)
    parser.stop()
    asking.join(0.5)

    assert told == ["the node is stopping"]
    with pytest.raises(ParserError):
        parser.ask(os.getpid)


def test_who_asks_while_it_is_stopped_is_told_so(
    parser: IsolatedParser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between finding the process and asking it there is time for a stop."""
    executor = parser._present()
    parser.stop()
    monkeypatch.setattr(parser, "_present", lambda: executor)

    with pytest.raises(ParserError, match="stopping"):
        parser.ask(os.getpid)


def test_it_stands_before_torch_is_loaded() -> None:
    """With what it will be asked for, so that no first answer waits for it."""
    parser = IsolatedParser(QUESTIONS)
    parser.start()
    loaded = parser.ask(eval, "set(__import__('sys').modules)")  # imports nothing
    parser.stop()

    assert {question.__module__ for question in QUESTIONS} <= loaded
    assert "torch" not in loaded


def test_a_process_that_does_not_start_is_tried_again(
    parser: IsolatedParser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That says nothing of what was to be opened."""
    with monkeypatch.context() as fault:
        fault.setattr("node.inbound.isolated_parser.START_S", 0.0)
        with pytest.raises(ParserStartError):
            parser.ask(os.getpid)

    assert parser.ask(os.getpid) != os.getpid()


def test_a_stop_waits_for_no_start() -> None:
    """The process that is being loaded is killed."""
    parser = IsolatedParser([LoadsLong()])
    told: list[str] = []

    def start() -> None:
        with pytest.raises(ParserError) as raised:
            parser.start()
        told.append(str(raised.value))

    starting = threading.Thread(target=start)
    starting.start()
    wait_until(lambda: parser._executor is not None)
    parser.stop()
    starting.join(5)

    assert told == ["the node is stopping"]
