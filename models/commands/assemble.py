"""``pacs-model assemble``: from the networks of the folds to a bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from models.commands.counted import counted
from models.commands.options import DataOption, NameArgument
from models.commands.parts import part

INTERRUPTED = 130
"""Exit status of a command that Ctrl-C ended."""


def assemble(
    name: NameArgument,
    data: DataOption,
    folds: Annotated[
        Path,
        typer.Option(metavar="FOLDER", help="Networks that `train --folds` has left."),
    ],
    output: Annotated[
        Path, typer.Option(metavar="FOLDER", help="The bundle that is made.")
    ],
    settings: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A bundle.toml; else the shipped one."),
    ] = None,
    release: Annotated[
        str | None,
        typer.Option(metavar="VERSION", help="Version that reports show; else own."),
    ] = None,
) -> None:
    """Make a bundle of several networks; it is served at once.

    What the networks say becomes one answer by rules that are fitted on cases that
    they were not trained on, with a threshold and its class. What is missing is
    named, with the line that makes it.

    Exit status
    -----------
    0    the bundle is written, and has read its golden case
    1    a part is missing, or the parts are not of one training
    2    wrong use, or a model that is one network
    130  interrupted by Ctrl-C; the same line goes on

    Examples
    --------
    pacs-model assemble chest_ct --data simulated --folds F --output ./bundle
        Make the bundle of networks that were trained on simulated studies.
    """
    assembly = part(name, "learning.assembly.run")
    chosen = part(name, "learning.assembly.settings").bundle_settings(settings)
    try:
        folder = assembly.assemble(data, folds, output, chosen, release, counted)
    except KeyboardInterrupt:
        typer.echo("interrupted: type the same line again to go on", err=True)
        raise typer.Exit(INTERRUPTED) from None
    typer.echo(f'[models.{name}] bundle = "{folder}" serves it')
    typer.echo(
        f"pacs-model evaluate {name} --data {data} --folds {folds} --bundle {folder}"
    )
