"""The programs that a person types, and every command of theirs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from models.commands import app as models_app
from node.commands import app as node_app

PROGRAMS = {"pacs-node": node_app, "pacs-model": models_app}


def commands(program: str) -> Iterator[tuple[str, Any]]:
    """Yield each command of a program, groups included, by what a person types."""
    waiting = [(program, typer.main.get_command(PROGRAMS[program]))]
    while waiting:
        path, command = waiting.pop()
        yield path, command
        inner = getattr(command, "commands", {})
        waiting += [(f"{path} {word}", inner[word]) for word in inner]
