"""A folder that was read and not sent, and an archive to send to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from models.hippocampus.phantom import write_study
from node.batch.run import read
from tests.node.batch.orders import order
from tests.node.send.test_scu import StandInArchive


@pytest.fixture(scope="module")
def unsent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Read two studies without sending them; return the folder of both."""
    folder = tmp_path_factory.mktemp("send")
    for seed in (47, 48):
        write_study(folder / "in" / str(seed), seed)
    read(order(folder))
    return folder


@pytest.fixture
def archive() -> Iterator[StandInArchive]:
    """Start a stand-in archive on a free port."""
    stand_in = StandInArchive()
    yield stand_in
    stand_in.server.shutdown()
