"""A process of its own that parses what strangers sent: the node itself never does.

Whose study it is stands in headers, and the process that receives parses none. The
workers may be busy for minutes with what they read, and have torch to load; this one
stands a moment after the start and answers in milliseconds, or is killed and replaced.
"""

from __future__ import annotations

import os
import resource
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from node.errors import ParserError, ParserStartError
from node.processes import (
    START_ERRORS,
    end_at_once,
    live_with_parent,
    spared_from_signals,
)

DEADLINE_S = 5.0
"""Longest time for one answer, in seconds: far above what headers take."""

MOST_BYTES = 512 << 20
"""Memory that the answers may take: a report of ours has some hundred kilobytes."""

START_S = 60.0
"""Longest wait for the process itself, which loads pydicom anew: seconds, when busy."""

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


class IsolatedParser:
    """One process that answers one question at a time.

    Parameters
    ----------
    questions
        Functions that will be asked: their modules are loaded with the process, so
        that no answer waits for them.
    deadline_s
        Time for one answer, in seconds; then the process is killed.
    """

    def __init__(
        self,
        questions: Sequence[Callable[..., Any]] = (),
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._questions = tuple(questions)
        self._deadline_s = deadline_s
        self._asking = threading.Lock()
        self._stopping = threading.Event()
        self._executor: ProcessPoolExecutor | None = None

    def start(self) -> None:
        """Start the process and wait until it stands; else the first question does.

        Raises
        ------
        ParserError
            It does not start, or the node is stopping.
        """
        with self._asking:
            self._present()

    def ask(
        self,
        question: Callable[Given, Answer],
        *given: Given.args,
        **named: Given.kwargs,
    ) -> Answer:
        """Call a function of a module there; what it is given and returns is copied.

        A process that is found dead is replaced, and asked once more.

        Raises
        ------
        ParserStartError
            There is no process to ask; another time there may be.
        ParserError
            The answer took too long or too much memory, the process dies of it, or
            the node is stopping.
        Exception
            What the function raised.
        """
        with self._asking:
            for _ in range(2):
                executor = self._present()
                try:
                    future = executor.submit(question, *given, **named)
                    return future.result(self._deadline_s)
                except (BrokenProcessPool, CancelledError):
                    self._drop()
                except TimeoutError:
                    self._drop()
                    raise ParserError("no answer in time") from None
                except MemoryError:
                    self._drop()  # what the heap keeps would be missing for the next
                    raise ParserError("more memory than there is for it") from None
                except RuntimeError:  # also of an executor that was shut meanwhile
                    self._refuse_if_stopping()
                    raise
        raise ParserError("the process died of it")

    def stop(self) -> None:
        """End the process, whatever it is doing; nothing is answered any more."""
        self._stopping.set()
        self._drop()

    def _present(self) -> ProcessPoolExecutor:
        """Return the process, started if there is none."""
        executor = self._executor
        if executor is None:
            # CUDA and threads survive no fork; a server that forks loads torch first.
            context = get_context("spawn")
            executor = ProcessPoolExecutor(1, context, _begin, (self._questions,))
            self._executor = executor  # a stop from here on ends it
            if self._stopping.is_set():
                self._drop()
            self._start(executor)
        return executor

    def _start(self, executor: ProcessPoolExecutor) -> None:
        failure = ""
        try:
            with spared_from_signals():
                executor.submit(os.getpid).result(START_S)
        except (*START_ERRORS, TimeoutError, CancelledError) as error:
            self._drop()
            failure = type(error).__name__
        self._refuse_if_stopping()
        if failure:
            raise ParserStartError(f"it does not start: {failure}")

    def _refuse_if_stopping(self) -> None:
        if self._stopping.is_set():
            raise ParserError("the node is stopping") from None

    def _drop(self) -> None:
        executor, self._executor = self._executor, None
        if executor is not None:
            end_at_once(executor)


def _begin(questions: Sequence[Callable[..., Any]]) -> None:
    """Live with the node, and take no more memory than answers need.

    The functions that will be asked come with their modules.
    """
    del questions
    live_with_parent()
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[5])
    most = pages * resource.getpagesize() + MOST_BYTES
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
