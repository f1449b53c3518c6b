"""A process of its own that opens what strangers sent: the node itself never does.

Whose study it is stands in headers, and the process that receives parses none. The
workers may be busy for minutes with what they read; this one answers in milliseconds,
or is killed and replaced.
"""

from __future__ import annotations

import os
import resource
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import ParamSpec, TypeVar

from node.errors import ReaderError
from node.jobs.forkserver import (
    START_ERRORS,
    START_PATIENCE_S,
    kill_server,
    spared_from_signals,
)
from node.jobs.slot import end_at_once, live_with_parent

DEADLINE_S = 5.0
"""Longest time for one answer, in seconds: far above what headers take."""

MOST_BYTES = 512 << 20
"""Memory that the answers may take: a report of ours has some hundred kilobytes."""

START_S = 300.0
"""Longest wait for the process itself, whose server may still load torch."""

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


class Reader:
    """One process that answers one question at a time; it starts with the first.

    Parameters
    ----------
    context
        How the process is started: as the pool starts its workers.
    deadline_s
        Time for one answer, in seconds; then the process is killed.
    """

    def __init__(
        self, context: Callable[[], BaseContext], deadline_s: float = DEADLINE_S
    ) -> None:
        self._context = context
        self._deadline_s = deadline_s
        self._asking = threading.Lock()
        self._starting = threading.Lock()  # held while the process is started
        self._stopping = threading.Event()
        self._executor: ProcessPoolExecutor | None = None

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
        ReaderError
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
                except BrokenProcessPool:
                    self._drop()
                except TimeoutError:
                    self._drop()
                    raise ReaderError("no answer in time") from None
                except MemoryError:
                    raise ReaderError("more memory than there is for it") from None
        raise ReaderError("the process died of it")

    def stop(self) -> None:
        """End the process, whatever it is doing; nothing is answered any more."""
        self._stopping.set()
        if self._starting.acquire(timeout=START_PATIENCE_S):
            self._starting.release()
        else:
            kill_server()
        self._drop()

    def _present(self) -> ProcessPoolExecutor:
        """Return the process, started if there is none."""
        with self._starting:
            if self._stopping.is_set():
                raise ReaderError("the node is stopping")
            return self._executor or self._started()

    def _started(self) -> ProcessPoolExecutor:
        context = self._context()
        self._executor = ProcessPoolExecutor(1, mp_context=context, initializer=_begin)
        started = self._executor
        try:
            with spared_from_signals():
                started.submit(os.getpid).result(START_S)
        except (*START_ERRORS, TimeoutError) as error:
            self._drop()
            raise ReaderError(f"it does not start: {type(error).__name__}") from None
        return started

    def _drop(self) -> None:
        executor, self._executor = self._executor, None
        if executor is not None:
            end_at_once(executor)


def _begin() -> None:
    """Live with the node, and take no more memory than answers need."""
    live_with_parent()
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[5])
    most = pages * resource.getpagesize() + MOST_BYTES
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
