"""How far a worker is with its job, told through one byte of shared memory.

A byte takes no lock: a worker that is killed while it writes leaves nobody waiting.
"""

from __future__ import annotations

from ctypes import c_ubyte
from multiprocessing.context import BaseContext
from typing import Any

STAGES = (
    "start",
    "model",
    "headers",
    "choose",
    "priors",
    "load",
    "predict",
    "identity",
    "compose",
    "write",
)
"""In the order in which a job passes them; ``start``: it has not told any yet."""

_told: Any = None


def shared_stage(context: BaseContext) -> Any:
    """Return the byte that a worker will write, for both processes."""
    return context.RawValue(c_ubyte, 0)


def tell_through(stage: Any) -> None:
    """Have ``announce`` write there, in this process."""
    global _told  # noqa: PLW0603 - a worker does one job at a time
    _told = stage


def announce(name: str) -> None:
    """Tell which stage begins; in a process that nobody looks at, nothing happens."""
    if _told is not None:
        _told.value = STAGES.index(name)


def name_of(stage: Any) -> str:
    """Return the stage that stands in the byte."""
    return STAGES[stage.value]
