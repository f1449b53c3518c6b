"""``pacs-model robustness``: how well worse images are read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import models
from models.commands.counted import counted
from models.commands.options import (
    DataOption,
    FoldsOption,
    NameArgument,
    ProcessesOption,
    shipped_folds,
)
from models.commands.parts import part
from models.over_processes import cores


def robustness(
    name: NameArgument,
    data: DataOption,
    folds: FoldsOption = None,
    bundle: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Whose limits make flags; else the shipped one."
        ),
    ] = None,
    output: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where trials and table go.")
    ] = Path("robustness"),
    every: Annotated[
        int, typer.Option(metavar="N", min=1, help="Only each Nth case.")
    ] = 1,
    processes: ProcessesOption = None,
) -> None:
    """Read held-out cases under perturbations and print the table.

    Every case is read by the network of the fold that never saw its subject.
    "flagged" is the share that was refused or is not of grade A.

    Exit status
    -----------
    0  the table is written
    1  data or folds cannot be read or are not of one training
    2  wrong use, or no such model

    Examples
    --------
    pacs-model robustness hippocampus --data ./data
        Try every perturbation on every case; ./robustness takes what comes out.
    pacs-model robustness hippocampus --data ./data --every 10
        Have a quick look; no bundle takes a score that was fitted on it.
    """
    trials = part(name, "validation.robustness.run")
    folds = folds or shipped_folds(name)
    part(name, "validation.origin").origin_of(folds, bundle)
    places = folds, output, bundle or models.bundle_folder(name)
    for done, total in trials.run(data, *places, every, processes or cores()):
        counted(done, total)
    typer.echo(trials.summary(output))
    typer.echo(f"{output}/robustness.md holds the table, trials.jsonl each reading")
