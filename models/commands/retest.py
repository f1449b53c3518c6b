"""``pacs-model retest``: how much does the reading of one scan vary."""

from __future__ import annotations

from typing import Annotated

import typer

from models.commands.counted import Counted
from models.commands.options import (
    DataOption,
    FoldsOption,
    NameArgument,
    ProcessesOption,
    TakerOption,
    shipped_folds,
)
from models.commands.parts import part
from models.over_processes import cores


def retest(
    name: NameArgument,
    data: DataOption,
    folds: FoldsOption = None,
    bundle: TakerOption = None,
    repeats: Annotated[
        int, typer.Option(metavar="N", min=2, help="Readings of each case.")
    ] = 12,
    seed: Annotated[int, typer.Option(metavar="N", help="Of every draw.")] = 0,
    processes: ProcessesOption = None,
) -> None:
    """Measure the noise of one reading on held-out cases.

    Each case is moved by parts of a voxel, turned by a few degrees, shaded, made
    noisier and cropped anew, and read each time by a network that never saw its
    subject. The intervals of change over time are made of what comes out. A bundle
    takes it only when no fold lacks.

    Exit status
    -----------
    0  the noise is printed, and written where a bundle was named
    1  data, folds or bundle cannot be read or are not of one training
    2  wrong use, or no such model

    Examples
    --------
    pacs-model retest hippocampus --data ./data
        Print the standard error of measurement of the shipped folds.
    pacs-model retest hippocampus --data D --folds F --bundle ./bundle
        Have a bundle of your own print intervals in its reports.
    """
    measure = part(name, "validation.retest.measure")
    folds = folds or shipped_folds(name)
    origin = part(name, "validation.origin").origin_of(folds, bundle)
    held_out = part(name, "validation.readers").held_out_readers(folds, data)
    told, used = Counted(len(held_out)), processes or cores()
    noise, unread = measure.measure_noise(held_out, repeats, seed, told, used)
    typer.echo(
        f"{noise.cases} cases of {noise.subjects} subjects, {repeats} readings each"
    )
    if unread:
        typer.echo(f"left out, a structure was not found: {', '.join(unread)}")
    known = part(name, "interpretation.progression.noise")
    typer.echo(f"SEM in % of the volume, {known.KIND}")
    for structure, spread in noise.spreads.items():
        interval = f"(95 % {spread.low:.2f}-{spread.high:.2f})"
        typer.echo(f"{structure:21} {spread.sem:5.2f}  {interval}")
    if bundle is not None:
        then = "its reports state intervals of change from now on"
        place = f"training.{known.KEY}"
        typer.echo(origin.state(bundle, place, noise.as_json(), then))
