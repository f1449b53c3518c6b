"""Options and arguments that several commands of ``pacs-model`` share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

import models

LEARN = "Learn"
JUDGE = "Judge, on subjects that the network never saw"
SHIPPED = "What is shipped"
"""Panels of ``pacs-model --help``."""

MACHINE = "Machine"
"""Panel of a help page."""


def model_names(incomplete: str) -> list[str]:
    """Return the models whose names begin so (shell completion)."""
    return [name for name in models.MODELS if name.startswith(incomplete)]


def known_model(name: str) -> str:
    """Return the name of a model that there is (callback of the argument)."""
    if name not in models.MODELS:
        known = ", ".join(models.MODELS)
        raise typer.BadParameter(f"{name}: unknown; models are {known}")
    return name


class Device(StrEnum):
    """Where a network is trained."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


def shipped_folds(name: str) -> Path:
    """Return where the networks of the folds of a model lie."""
    return models.bundle_folder(name) / "folds"


DataOption = Annotated[
    Path,
    typer.Option(
        metavar="FOLDER",
        help="The training data: images/ and labels/, or labels.csv and DICOM.",
    ),
]

FoldsOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER", help="Networks of the folds; else those that are shipped."
    ),
]

TakerOption = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="A bundle that takes it; else only printed."),
]

ProcessesOption = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="Processes; else as many as suit."),
]

DeviceOption = Annotated[
    Device,
    typer.Option(
        metavar="DEVICE",
        help="auto, cpu or cuda; auto takes a GPU where there is one.",
        rich_help_panel=MACHINE,
    ),
]

NetworkOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Which of the model's networks, with settings as shipped; else its first.",
    ),
]

NameArgument = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help="Name of the model.",
        callback=known_model,
        autocompletion=model_names,
    ),
]
