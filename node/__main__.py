"""The command ``pacs-node``."""

from __future__ import annotations

import os
import sqlite3
import sys
from io import TextIOWrapper

from node.commands import app
from node.errors import ConfigError, NodeError
from node.log import places

INTERRUPTED = 130
"""Exit status of a command that Ctrl-C or SIGTERM ended."""


def leave() -> None:
    """End the process now: a Ctrl-C while Python clears up would kill it."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(INTERRUPTED)


def main() -> None:
    """Run the command; an expected error is one line and exit status 1 or 2.

    What it writes is for this user alone.
    """
    os.umask(0o077)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a letter that it has not is no error
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except SystemExit as ended:
        if ended.code == INTERRUPTED:
            leave()
        raise
    except NodeError as error:
        sys.stderr.write(f"pacs-node: {error}\n")
        sys.exit(2 if isinstance(error, ConfigError) else 1)
    except sqlite3.OperationalError as error:  # locked, full, or not to be written
        sys.stderr.write(
            f"pacs-node: the ledger cannot be used ({error}): wait for what else is "
            "writing it, or see pacs-node check; then try again\n"
        )
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - whoever typed it reads one line
        sys.stderr.write(
            f"pacs-node: an error of this program, please report it: {places(error)}\n"
        )
        sys.exit(1)


if __name__ == "__main__":
    main()
