"""A ledger, and pools over it that end with the test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from node.jobs.ledger import Ledger
from node.jobs.pool import Pool
from tests.node.jobs.ledger_stories import request
from tests.node.jobs.performers import act
from tests.node.jobs.pools import MakePool, jobs_settings


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Return an empty ledger."""
    ledger = Ledger(tmp_path)
    yield ledger
    ledger.close()


@pytest.fixture
def build_pool(ledger: Ledger, tmp_path: Path) -> Iterator[MakePool]:
    """Return a maker of pools over the ledger; they are stopped at the end."""
    pools: list[Pool] = []

    def build(**settings: float) -> Pool:
        pool = Pool(
            jobs_settings(**settings),
            ledger,
            make_request=lambda job: request(job, ledger, tmp_path / "results"),
            destinations=["ARCHIVE@127.0.0.1:4242"],
            perform=act,
        )
        pools.append(pool)
        return pool

    yield build
    for pool in pools:
        pool.stop(patience_s=0)
