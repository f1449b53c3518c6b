"""Ports for servers that a test starts.

A port of the system's choosing may be given to somebody else's connection before the
server binds it. These lie below the range that Linux gives out (32768 and above), and
each pytest-xdist worker has a range of its own.
"""

from __future__ import annotations

import itertools
import os
import socket

FIRST = 14_000
PER_WORKER = 2_000
WORKERS = 8

_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % WORKERS
_numbers = itertools.count(os.getpid())  # another pytest begins elsewhere


def free_port() -> int:
    """Return a loopback port that is free now, and none twice in a row."""
    while True:
        port = FIRST + _worker * PER_WORKER + next(_numbers) % PER_WORKER
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


def free_ports(count: int) -> list[int]:
    """Return so many, all different."""
    return [free_port() for _ in range(count)]
