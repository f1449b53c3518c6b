"""``pacs-model evaluate``: the figures of the card, from the networks of the folds."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from models.commands.options import NameArgument

EVERY = 20
"""Cases from one line of progress to the next."""


def evaluate(
    name: NameArgument,
    data: Annotated[Path, typer.Option(metavar="FOLDER", help="The training data.")],
    folds: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Networks of the folds.")
    ],
    output: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Also write it, as .json or .md."),
    ] = None,
    cache: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Keep probabilities, and read them again."),
    ] = None,
    processes: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Processes; else as many as suit."),
    ] = None,
) -> None:
    """Judge the networks of the folds on the subjects they never saw.

    Dice, Jaccard, distances and volumes of each part, with 95 % intervals over
    subjects, beside the baseline if FOLDER holds its record. A network that was
    trained on a subject it should hold out is refused.

    Exit status
    -----------
    0  the tables are printed
    1  data or folds cannot be read, or a network saw what it should not
    2  wrong use, or no such model

    Examples
    --------
    pacs-model evaluate hippocampus --data ./data --folds ./folds
        Print the tables.
    pacs-model evaluate hippocampus --data D --folds F --output f.json
        Write them as bundle.json has them; --output f.md as the card has them.
    """
    module = f"models.{name}.validation.evaluation"
    if find_spec(module) is None:
        raise typer.BadParameter(f"{name}: has no evaluation by folds")
    for path in output or []:
        if path.suffix not in {".json", ".md"}:
            raise typer.BadParameter(f"{path.name}: an output ends in .json or .md")
    evaluation = import_module(f"{module}.run")
    content = evaluation.run(data, folds, cache, processes, _told)
    typer.echo(evaluation.in_words(content))
    for path in output or []:
        evaluation.write(content, path)
        typer.echo(f"\n{path} is written")


def _told(done: int, count: int) -> None:
    """Say every so often how far it has come."""
    if done % EVERY == 0 or done == count:
        typer.echo(f"[{done}/{count}] cases judged", err=True)
