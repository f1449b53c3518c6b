"""The whole node as a program of its own, in which decoding is a tripwire.

``python -m tests.hostile.serve FOLDER`` reads ``FOLDER/node.toml`` and runs until
SIGTERM. The process that receives may read no data set but our own results, and may
decode no pixels at all: who tries is named in ``FOLDER/tripped``. Workers are other
processes and untouched.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydicom import filereader
from pydicom.pixels.decoders.base import Decoder

from node import config, signals
from node.app import Node

TRIPPED = "tripped"
DECODING = ("as_array", "as_buffer", "iter_array", "iter_buffer")


def forbid_decoding(folder: Path) -> None:
    """Note every attempt in ``FOLDER/tripped``, and refuse it."""

    def trip(*arguments: Any, **options: Any) -> None:
        with (folder / TRIPPED).open("a", encoding="utf-8") as stream:
            traceback.print_stack(file=stream)
        raise AssertionError("the receiving process decodes")

    for name in DECODING:
        setattr(Decoder, name, trip)
    reads = filereader.read_partial
    filereader.read_partial = _only_below(folder / "results", reads, trip)


def _only_below(
    allowed: Path, reads: Callable[..., Any], trip: Callable[..., None]
) -> Callable[..., Any]:
    """Return ``reads``, which pydicom's ``dcmread`` calls, for one folder alone."""

    def read(stream: Any, *arguments: Any, **options: Any) -> Any:
        if not Path(getattr(stream, "name", "")).is_relative_to(allowed):
            trip()
        return reads(stream, *arguments, **options)

    return read


def main(folder: Path) -> None:
    """Run a node until SIGTERM."""
    forbid_decoding(folder)
    Node(config.load(folder / "node.toml")).run(signals.stop_asked())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
