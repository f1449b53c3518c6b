"""``pacs-model reliability``: does the score say how good a reading is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from models.commands.options import NameArgument, TakerOption
from models.commands.parts import part


def reliability(
    name: NameArgument,
    trials: Annotated[
        Path, typer.Option(metavar="FILE", help="What pacs-model robustness has made.")
    ] = Path("robustness/trials.jsonl"),
    bundle: TakerOption = None,
) -> None:
    """Fit the reliability score, and print how it does on other subjects.

    Each fold is scored by constants that were fitted on the other folds. What is
    written into a bundle is fitted on all of them, and only when every case of
    every fold was read.

    Exit status
    -----------
    0  the figures are printed, and written where a bundle was named
    1  trials are too few, of unknown folds, or not of the bundle's training
    2  wrong use, or no such model

    Examples
    --------
    pacs-model reliability hippocampus
        See the correlation with the true Dice, and what each grade is worth.
    pacs-model reliability hippocampus --bundle ./bundle
        Have the bundle state the score in its reports.
    """
    worth = part(name, "validation.reliability.worth")
    origin = part(name, "validation.robustness.run").origin_of_trials(trials)
    if bundle is not None:
        origin.require_of(bundle)
    found = worth.judge(trials, origin.data_sha256)
    typer.echo(worth.as_text(found))
    if bundle is not None:
        then = "its reports state the score from now on"
        place = "training.reliability"
        typer.echo(origin.state(bundle, place, worth.as_json(found), then))
