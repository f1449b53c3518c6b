"""What a command writes: lines, JSON, tables. One place makes the console."""

from __future__ import annotations

import json
import sys
from typing import Any

from rich.console import Console


def console() -> Console:
    """Return the console of standard output; it colours nothing by guessing."""
    return Console(highlight=False, soft_wrap=True)


def print_line(text: str) -> None:
    """Write one line to standard output."""
    sys.stdout.write(text + "\n")


def print_json(content: Any) -> None:
    """Write JSON on one line; letters of every script stay as they are."""
    print_line(json.dumps(content, ensure_ascii=False))
