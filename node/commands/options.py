"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import models
from models.page import COMMON

SERVE = "Serve"
READ = "Read at the desk"
ASK = "Know what happened"
AGAIN = "Do it again, take it back"
SETTINGS = "Settings"
"""Panels of ``pacs-node --help``, in the order of their first command."""


def known_model(name: str | None) -> str | None:
    """Return the name of a model that there is (callback of ``--model``)."""
    if name is not None and name not in models.MODELS:
        known = ", ".join(models.MODELS)
        raise typer.BadParameter(f"{name}: unknown; models are {known}")
    return name


def model_names(incomplete: str) -> list[str]:
    """Return the models whose names begin so (shell completion)."""
    return [name for name in models.MODELS if name.startswith(incomplete)]


ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        help="Settings of the node; else ./node.toml.",
        rich_help_panel=COMMON,
    ),
]
JsonOption = Annotated[
    bool,
    typer.Option(
        "--json", help="Print JSON, for a machine to read.", rich_help_panel=COMMON
    ),
]
ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        metavar="MODEL",
        help="Only this model; else every model that there is.",
        callback=known_model,
        autocompletion=model_names,
    ),
]
