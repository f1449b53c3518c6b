"""The whole node as a program of its own, with traps in it and a stand-in model.

``python -m tests.crash.serve`` reads ``node.toml`` in the folder that the environment
variable ``CRASH_FOLDER`` names, and runs until SIGTERM. Worker processes import this
module as well, which is how the traps come into them.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from multiprocessing.context import BaseContext
from pathlib import Path

import models
from node import config, signals
from node.app import Node
from tests.crash import stand_in
from tests.crash.boundaries import kill_group, kill_process, set_traps

FOLDER = "CRASH_FOLDER"


def prepare(folder: Path, *, is_worker: bool) -> None:
    """Put the traps and the model into this process."""
    set_traps(folder, kill_group if is_worker else kill_process)
    models.MODELS["hippocampus"] = f"{stand_in.__name__}:build"


def preload_without_torch() -> None:
    """Spare each start the second and a half that the stand-in has no use for."""
    preload = BaseContext.set_forkserver_preload

    def lighter(context: BaseContext, names: Sequence[str]) -> None:
        preload(context, [name for name in names if name != "torch"])

    BaseContext.set_forkserver_preload = lighter  # type: ignore[method-assign, assignment]  # on purpose


def main(folder: Path) -> None:
    """Run a node until SIGTERM."""
    preload_without_torch()
    Node(config.load(folder / "node.toml")).run(signals.stop_asked())


if __name__ in {"__main__", "__mp_main__"}:  # the latter: in a worker
    prepare(Path(os.environ[FOLDER]), is_worker=__name__ == "__mp_main__")
if __name__ == "__main__":
    main(Path(os.environ[FOLDER]))
