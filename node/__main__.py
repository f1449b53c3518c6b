"""The command ``pacs-node``."""

from __future__ import annotations

import os
import sys

from node.commands import app
from node.errors import ConfigError, NodeError


def main() -> None:
    """Run the command; an expected error is one line and exit status 1 or 2.

    What it writes is for this user alone.
    """
    os.umask(0o077)
    try:
        app()
    except NodeError as error:
        sys.stderr.write(f"pacs-node: {error}\n")
        sys.exit(2 if isinstance(error, ConfigError) else 1)


if __name__ == "__main__":
    main()
