"""Measure many pairs at once, in processes."""

from __future__ import annotations

from collections.abc import Sequence

from models.eda.progress import Ended, silent
from models.hippocampus.eda.checks import check_one
from models.hippocampus.eda.measure import measure
from models.hippocampus.eda.measurement import Measured, Pair
from models.over_processes import over_processes, suitable_processes

PAIRS_PER_PROCESS = 32
"""Fewer are read before another process has started."""


def measure_all(
    pairs: Sequence[Pair], workers: int | None = None, ended: Ended = silent
) -> list[Measured]:
    """Measure every pair and return the measurements by name.

    The largest files are begun first, so that no process is left with one at the end.

    Parameters
    ----------
    workers
        Processes; else as many as suit. One means this process.

    Raises
    ------
    ChildProcessError
        A process was killed, most likely for want of memory.
    """
    largest_first = sorted(pairs, key=lambda pair: -pair.size)
    count = min(
        workers or suitable_processes(len(pairs), PAIRS_PER_PROCESS), len(pairs)
    )
    measured = over_processes(measure, largest_first, max(1, count))
    found = [_told(case, ended) for case in measured]
    return sorted(found, key=lambda case: case.name)


def _told(case: Measured, ended: Ended) -> Measured:
    reasons = "; ".join(remark.detail for remark in check_one(case))
    ended(f"{case.name}: {reasons}" if reasons else case.name)
    return case
