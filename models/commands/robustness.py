"""``pacs-model robustness``: how well worse images are read."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from models.commands.options import NameArgument

STEPS = 20
"""Lines of progress."""


def robustness(
    name: NameArgument,
    data: Annotated[Path, typer.Option(metavar="FOLDER", help="The training data.")],
    folds: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Networks of the folds.")
    ],
    output: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where trials and table go.")
    ],
    every: Annotated[
        int, typer.Option(metavar="N", min=1, help="Only each Nth case.")
    ] = 1,
    processes: Annotated[
        int, typer.Option(metavar="N", min=1, help="Processes, a core each.")
    ] = 1,
) -> None:
    """Read held-out cases under perturbations and print the table.

    Every case is read by the network of the fold that never saw its subject.
    "flagged" is the share that was refused or is not of grade A.

    Exit status
    -----------
    0  the table is written
    1  data or folds cannot be read, or a network saw what it should not
    2  wrong use, or no such model

    Examples
    --------
    pacs-model robustness hippocampus --data ./data --folds ./folds --output ./r
        Try every perturbation on every case.
    pacs-model robustness hippocampus --data D --folds F --output O --every 10
        Have a quick look.
    """
    trials = import_module(f"models.{name}.validation.robustness.run")
    for done, total in trials.run(data, folds, output, every, processes):
        if done * STEPS // total != (done - 1) * STEPS // total:
            typer.echo(f"[{done}/{total}] cases", err=True)
    typer.echo(trials.summary(output))
    typer.echo(f"{output}/robustness.md holds the table, trials.jsonl each reading")
