"""``pacs-model baseline``: the network of the original system, measured beside ours."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from models.commands.options import DataOption, Device, DeviceOption, NameArgument
from models.commands.parts import part


def baseline(
    name: NameArgument,
    data: DataOption,
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
    device: DeviceOption = Device.AUTO,
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
    training = part(name, "learning.baseline.train")
    from models.training.precision import chosen_device  # torch: not for a help page
    from models.training.progress import TerminalProgress

    chosen = training.settings_of(settings, epochs)
    shown = TerminalProgress(Console(highlight=False))
    where = chosen_device(device.value)
    record = training.train_fold(data, output, chosen, fold, where, [shown])
    typer.echo(
        f"{record} is written; beside ours: "
        f"pacs-model evaluate {name} --data {data} --folds {output}"
    )
