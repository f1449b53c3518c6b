"""How worker processes are started."""

from __future__ import annotations

import pytest

from node.jobs.forkserver import start_context
from tests.node.jobs.pools import jobs_settings


@pytest.mark.parametrize(("device", "way"), [("cpu", "forkserver"), ("cuda", "spawn")])
def test_only_without_a_gpu_are_workers_forked(
    monkeypatch: pytest.MonkeyPatch, device: str, way: str
) -> None:
    """CUDA does not survive a fork."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    settings = jobs_settings().model_copy(update={"device": device, "threads": 1})

    context = start_context(settings, {})

    assert context.get_start_method() == way
