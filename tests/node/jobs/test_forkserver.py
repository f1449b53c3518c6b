"""How worker processes are started."""

from __future__ import annotations

import importlib
import signal

import pytest

from node.jobs.forkserver import ASKED, spared_from_signals, start_context
from node.signals import STOP_SIGNALS
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


def test_signals_are_kept_from_what_is_started_and_from_nothing_else() -> None:
    """The thread that starts workers gets them again afterwards."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])

    with spared_from_signals():
        during = signal.pthread_sigmask(signal.SIG_BLOCK, [])

    assert set(STOP_SIGNALS) <= during
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before


@pytest.mark.parametrize("module", ASKED)
def test_what_the_reader_calls_is_there(module: str) -> None:
    """The server passes over a module that is not, and every start pays for it."""
    assert importlib.import_module(module).__name__ == module
