"""Wait until an HTTP address answers: the launch scripts' patience.

Any status is an answer, also one that asks for a password.
"""

from __future__ import annotations

import argparse
import os
import time
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

PAUSE_S = 0.1


def answers(url: str) -> bool:
    """Return whether something speaks HTTP at ``url``."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=2)
    try:
        connection.request("GET", parts.path or "/")
        connection.getresponse()
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
    return True


def wait(url: str, timeout_s: float, pid: int = 0) -> bool:
    """Return True when ``url`` answers, False after ``timeout_s`` or a death.

    Parameters
    ----------
    pid
        Process that must live meanwhile; 0 for none.
    """
    deadline = time.monotonic() + timeout_s
    while not answers(url):
        if time.monotonic() > deadline or (pid and not _lives(pid)):
            return False
        time.sleep(PAUSE_S)
    return True


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def main() -> int:
    """Wait as the command line asks; exit status 1 when no answer came."""
    parser = argparse.ArgumentParser(description="Wait for an HTTP address.")
    parser.add_argument("url")
    parser.add_argument("--timeout", type=float, default=30.0, help="seconds")
    parser.add_argument("--pid", type=int, default=0, help="process that must live")
    options = parser.parse_args()
    return 0 if wait(options.url, options.timeout, options.pid) else 1


if __name__ == "__main__":
    raise SystemExit(main())
