"""How many workers, and how many threads in each."""

from __future__ import annotations

import pytest

from node.config import JobsSettings
from node.jobs.pool_size import threads_of, workers_of


@pytest.mark.parametrize(
    ("workers", "threads", "cores", "expected"),
    [
        (0, 0, 1, (1, 1)),
        (0, 0, 2, (1, 2)),
        (0, 0, 8, (4, 2)),
        (3, 0, 8, (3, 2)),
        (4, 0, 2, (4, 1)),
        (1, 5, 8, (1, 5)),
    ],
)
def test_cores_are_divided_among_the_workers(
    workers: int, threads: int, cores: int, expected: tuple[int, int]
) -> None:
    """Workers times threads never exceeds the cores unless the settings say so."""
    settings = JobsSettings(workers=workers, threads=threads)

    assert (workers_of(settings, cores), threads_of(settings, cores)) == expected
