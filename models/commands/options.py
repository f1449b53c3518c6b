"""Options and arguments that several commands of ``pacs-model`` share."""

from __future__ import annotations

from typing import Annotated

import typer

import models

LEARN = "Learn"
SHIPPED = "What is shipped"
"""Panels of ``pacs-model --help``."""


def model_names(incomplete: str) -> list[str]:
    """Return the models whose names begin so (shell completion)."""
    return [name for name in models.MODELS if name.startswith(incomplete)]


def known_model(name: str) -> str:
    """Return the name of a model that there is (callback of the argument)."""
    if name not in models.MODELS:
        known = ", ".join(models.MODELS)
        raise typer.BadParameter(f"{name}: unknown; models are {known}")
    return name


NameArgument = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help="Name of the model.",
        callback=known_model,
        autocompletion=model_names,
    ),
]
