"""How worker processes are started: by a server that has torch loaded, or anew."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing import forkserver
from multiprocessing.context import BaseContext
from pathlib import Path

import models
from node.config import JobsSettings
from node.jobs import worker

START_PATIENCE_S = 2.0
"""How long a stop waits for workers to start: far above what a warm server needs."""


def uses_gpu(settings: JobsSettings) -> bool:
    """Return whether workers may touch a GPU, without a look through torch."""
    if settings.device == "auto":
        return any(Path("/dev").glob("nvidia[0-9]*"))
    return settings.device == "cuda"


def start_context(
    settings: JobsSettings, bundles: Mapping[str, Path | None]
) -> BaseContext:
    """Return how workers are started.

    Forked from a server that has imported torch and the models once, a worker is
    there in milliseconds and shares their pages. CUDA does not survive a fork: with
    a GPU each worker starts from nothing.
    """
    # Read when torch is loaded: spinning threads slow a shared machine many times.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ["OMP_NUM_THREADS"] = str(settings.threads)
    if uses_gpu(settings):
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    of_models = [models.MODELS[name].partition(":")[0] for name in bundles]
    context.set_forkserver_preload(["__main__", "torch", *of_models, worker.__name__])
    return context


def kill_server() -> None:
    """End the server at once: a start that waits for it fails with EOFError.

    Its workers count as dead, too: the server alone would tell when they end. The
    next start launches another.
    """
    # The interpreter offers no public way; it waits for the imports without limit.
    pid = forkserver._forkserver._forkserver_pid  # type: ignore[attr-defined]  # private
    if pid is not None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
