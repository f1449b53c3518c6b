"""``pacs-model synthetic-visits``: are changes over time measured as they are."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

import models
from models.commands.options import NameArgument
from models.commands.retest import FOLDS_HELP, Counted
from models.volume.bundle import BundleError


def synthetic_visits(
    name: NameArgument,
    data: Annotated[Path, typer.Option(metavar="FOLDER", help="The training data.")],
    output: Annotated[Path, typer.Option(metavar="FILE", help="The pairs, as CSV.")],
    bundle: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Whose intervals; else the shipped one."),
    ] = None,
    pairs: Annotated[
        int, typer.Option(metavar="N", min=2, help="Pairs of visits.")
    ] = 200,
    folds: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help=FOLDS_HELP)
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Of every draw.")] = 0,
) -> None:
    """Judge changes over time on made pairs of visits with a known change.

    A smooth warp shrinks the labelled structure of a held-out case by -8 to
    +2 % per year over half a year to five; both visits are then sampled, shaded,
    blurred and made noisy by other mathematics than that of ``retest``.
    Response is the share of a true change that is measured; coverage that of
    printed intervals with the truth.

    Exit status
    -----------
    0  the table is printed
    1  data, folds or bundle cannot be read, or the bundle states no noise
    2  wrong use, or no such model

    Examples
    --------
    pacs-model synthetic-visits hippocampus --data ./data --output pairs.csv
        200 pairs against the intervals of the shipped bundle.
    """
    volumes = import_module(f"models.{name}.validation.volumes")
    record = import_module(f"models.{name}.validation.retest.record")
    trial = import_module(f"models.{name}.validation.synthetic_visits.trial")
    table = import_module(f"models.{name}.validation.synthetic_visits.table")
    noise = record.read_noise(bundle or models.bundle_folder(name))
    if noise is None:
        raise BundleError(
            f"{name}: the bundle states no noise; measure it with: pacs-model retest "
            f"{name} --data {data} --bundle FOLDER"
        )
    held_out = volumes.held_out_readers(
        folds or models.bundle_folder(name) / "folds", data
    )
    told = Counted(pairs)
    made = trial.pairs(held_out, noise, pairs, seed, told)
    found = table.write_pairs(output, made)
    summaries = [trial.summarise(found, structure) for structure in noise.spreads]
    for line in table.lines(summaries):
        typer.echo(line)
    typer.echo(f"goals, whole: {table.verdict(summaries[-1])}")
    typer.echo(f"{pairs} pairs from {len(held_out)} held-out cases: {output}")
