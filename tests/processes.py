"""Processes that no test leaves behind."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import AnyStr


@contextmanager
def ended_with_the_test(
    process: subprocess.Popen[AnyStr],
) -> Iterator[subprocess.Popen[AnyStr]]:
    """Wait for a process at the end of the block, and kill it if the block fails.

    ``Popen`` as a context waits in both cases: a failed test would never end.
    """
    with process:
        try:
            yield process
        except BaseException:
            process.kill()
            raise
