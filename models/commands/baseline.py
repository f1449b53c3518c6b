"""``pacs-model baseline``: the network of the original system, measured beside ours."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from models.commands.options import NameArgument


def baseline(
    name: NameArgument,
    data: Annotated[Path, typer.Option(metavar="FOLDER", help="The training data.")],
    output: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where the folds are, or will be.")
    ],
    fold: Annotated[
        int, typer.Option(metavar="N", min=0, help="Hold this fold out and judge it.")
    ] = 0,
    epochs: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Epochs; else as the settings say."),
    ] = None,
    settings: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A training.toml; else the original's."),
    ] = None,
    device: Annotated[str, typer.Option(metavar="DEVICE", help="cpu or cuda.")] = "cpu",
) -> None:
    """Train the original's network without a fold, and judge it on that fold.

    The record lies beside the folds of our network, where evaluate finds it.
    A training that was broken off goes on when the same line is typed again.
    It ends with the last epoch that fits the minutes of its settings.

    Exit status
    -----------
    0  the record is written; the last line names it
    1  the data cannot be read, or what lies in OUTPUT is of another training
    2  wrong use, or no such model

    Examples
    --------
    pacs-model baseline hippocampus --data ./data --output ./folds
        Train it without fold 0, for ten epochs or 150 minutes.
    """
    module = f"models.{name}.learning.baseline"
    if find_spec(module) is None:
        raise typer.BadParameter(f"{name}: has no baseline")
    training = import_module(f"{module}.train")
    progress = import_module("models.training.progress")
    shown = progress.TerminalProgress(Console(highlight=False))
    chosen = training.settings_of(settings, epochs)
    record = training.train_fold(data, output, chosen, fold, device, [shown])
    typer.echo(f"{record} is written; pacs-model evaluate {name} sets it beside ours")
