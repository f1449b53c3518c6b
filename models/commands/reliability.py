"""``pacs-model reliability``: does the score say how good a reading is."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from models.commands.options import NameArgument


def reliability(
    name: NameArgument,
    trials: Annotated[
        Path,
        typer.Option(metavar="FILE", help="trials.jsonl of pacs-model robustness."),
    ],
    bundle: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Write the constants into this bundle."),
    ] = None,
) -> None:
    """Fit the reliability score, and print how it does on other subjects.

    Each fold is scored by constants that were fitted on the other folds. What is
    written into a bundle is fitted on all of them.

    Exit status
    -----------
    0  done
    1  the file holds no trials, too few, or the bundle cannot be written
    2  wrong use, or no such model

    Examples
    --------
    pacs-model reliability hippocampus --trials ./rob/trials.jsonl
        See the correlation with the true Dice, and what each grade is worth.
    pacs-model reliability hippocampus --trials trials.jsonl --bundle ./bundle
        Have the bundle print the score in its reports.
    """
    judged = import_module(f"models.{name}.quality.worth")
    found = judged.judge(trials)
    typer.echo(judged.as_text(found))
    if bundle is not None:
        judged.write(found, bundle)
        typer.echo(f"{bundle}: its reports state the score from now on")
