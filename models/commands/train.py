"""``pacs-model train``: from data to a bundle that is served."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from models.commands.options import NameArgument


def train(
    name: NameArgument,
    data: Annotated[Path, typer.Option(metavar="FOLDER", help="The training data.")],
    output: Annotated[
        Path, typer.Option(metavar="FOLDER", help="The bundle that is made.")
    ],
    fold: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=0, max=4, help="Hold this fold out and judge it."
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Epochs; else as the settings say."),
    ] = None,
    settings: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A training.toml; else the shipped one."),
    ] = None,
) -> None:
    """Train a network; the bundle that it ends with is served at once.

    Exit status
    -----------
    0  the bundle is written; the last line says how to serve it
    1  the data cannot be read
    2  wrong use, or no such model

    Examples
    --------
    pacs-model train hippocampus --data ./data --output ./bundle
        Train on every case.
    pacs-model train hippocampus --data ./data --output ./bundle --fold 0
        Hold a fifth of the cases out and judge them.
    """
    training = import_module(f"models.{name}.train")
    chosen = training.settings_of(settings, epochs)
    folder = training.run(data, output, chosen, fold)
    typer.echo(f'[models.{name}] bundle = "{folder}" serves it; see {folder}/log.jsonl')
