"""How many workers a pool has, and how many threads each."""

from __future__ import annotations

import os

from node.config import JobsSettings


def usable_cores() -> int:
    """Return the cores that this process may use."""
    return len(os.sched_getaffinity(0))


def workers_of(settings: JobsSettings, cores: int) -> int:
    """Return how many workers there are: one per two cores unless set."""
    return settings.workers or max(1, cores // 2)


def threads_of(settings: JobsSettings, cores: int) -> int:
    """Return the threads inside a worker: the cores, divided, unless set."""
    return settings.threads or max(1, cores // workers_of(settings, cores))
