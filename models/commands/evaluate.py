"""``pacs-model evaluate``: the figures of the card, from the networks of the folds."""

from __future__ import annotations

from inspect import signature
from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer

from models.commands.counted import counted
from models.commands.options import (
    DataOption,
    FoldsOption,
    NameArgument,
    ProcessesOption,
    TakerOption,
    shipped_folds,
)
from models.commands.parts import part

INTERRUPTED = 130
"""Exit status of a command that Ctrl-C ended."""


def evaluate(
    name: NameArgument,
    data: DataOption,
    folds: FoldsOption = None,
    output: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Also write it, as .json or .md."),
    ] = None,
    bundle: TakerOption = None,
    keep: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Keep a line for each study, to go on from, and pictures.",
        ),
    ] = None,
    processes: ProcessesOption = None,
) -> None:
    """Judge the networks of the folds on the subjects they never saw.

    Of a segmentation: Dice, Jaccard, distances and volumes of each part, beside the
    baseline if the folds' folder holds its record. Of a classification: the bundle on
    the test studies, by kind and size of the disease, by kernel and thickness, with
    mean density and profile beside every figure. All with 95 % intervals over
    subjects. A network that was trained on a subject it should hold out is refused,
    and so is a bundle that was not trained as the folds were.

    Exit status
    -----------
    0    the tables are printed, and written where they were wished
    1    data, folds or bundle cannot be read or are not of one training
    2    wrong use, or no such model
    130  interrupted by Ctrl-C; with --keep the same line goes on

    Examples
    --------
    pacs-model evaluate hippocampus --data ./data
        Print the tables of the shipped folds.
    pacs-model evaluate hippocampus --data ./data --output card.md
        Write them as the model card has them.
    pacs-model evaluate hippocampus --data D --folds F --bundle ./bundle
        Have a bundle of your own state the figures of your own folds.
    pacs-model evaluate chest_ct --data simulated --keep ./judged
        Judge the shipped bundle; the same line goes on where it was broken off.
    """
    evaluation = part(name, "validation.evaluation.run")
    for path in output or []:
        if path.suffix not in {".json", ".md"}:
            raise typer.BadParameter(f"{path.name}: an output ends in .json or .md")
    kept = _kept(name, evaluation, keep)
    folds = folds or shipped_folds(name)
    try:
        content = evaluation.run(data, folds, processes, counted, bundle, **kept)
    except KeyboardInterrupt:
        go_on = ": type the same line again to go on" if kept else ""
        typer.echo(f"interrupted{go_on}", err=True)
        raise typer.Exit(INTERRUPTED) from None
    typer.echo(evaluation.in_words(content))
    for path in output or []:
        evaluation.write(content, path)
        typer.echo(f"\n{path} is written")
    if bundle is not None:
        typer.echo(f"\n{bundle} states these figures from now on")


def _kept(name: str, evaluation: ModuleType, keep: Path | None) -> dict[str, Path]:
    """Return the folder that is kept, as an argument of models that keep one."""
    if keep is None:
        return {}
    if "keep" not in signature(evaluation.run).parameters:
        raise typer.BadParameter(f"{name}: is judged at once, without --keep")
    return {"keep": keep}
