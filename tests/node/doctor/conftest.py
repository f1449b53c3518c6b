"""Three Orthancs, started when the first test beside one asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from orthanc import render
from tests.node.doctor.faults import OTHER
from tests.node.doctor.grounds import Ground
from tests.pacs.archive import free_settings, running_archive


@pytest.fixture(scope="session")
def orthancs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """Run one as it should be, one without script and plugins, one of another node."""
    folder = tmp_path_factory.mktemp("orthancs")
    foreign = free_settings(folder / "foreign", node={"ae_title": OTHER})
    foreign = foreign.model_copy(update={"archive_user": "node"})
    with ExitStack() as ends, pytest.MonkeyPatch.context() as patch:
        archive = ends.enter_context(running_archive(free_settings(folder / "ours")))
        other = ends.enter_context(running_archive(foreign))
        patch.setattr(render, "PLUGINS", ())
        silent = free_settings(folder / "bare")
        bare = ends.enter_context(running_archive(silent, routes=False))
        yield Ground(folder, archive, bare, other)
