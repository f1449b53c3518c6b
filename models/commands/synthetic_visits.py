"""``pacs-model synthetic-visits``: are changes over time measured as they are."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

import models
from models.commands.options import NameArgument
from models.commands.retest import FOLDS_HELP, Counted
from models.volume.bundle import BundleError, amend

TAKES_HELP = "Whose noise, and which takes the response; else the shipped one's noise."


def synthetic_visits(
    name: NameArgument,
    data: Annotated[Path, typer.Option(metavar="FOLDER", help="The training data.")],
    output: Annotated[Path, typer.Option(metavar="FILE", help="The pairs, as CSV.")],
    bundle: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help=TAKES_HELP)
    ] = None,
    pairs: Annotated[
        int, typer.Option(metavar="N", min=20, help="Pairs of visits.")
    ] = 200,
    folds: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help=FOLDS_HELP)
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Of every draw.")] = 0,
    processes: Annotated[
        int, typer.Option(metavar="N", min=1, help="Processes, a core each.")
    ] = 1,
) -> None:
    """Judge changes over time on made pairs of visits with a known change.

    A smooth warp shrinks the labelled structure of a held-out case by -8 to
    +2 % per year over half a year to five; both visits are then sampled, shaded,
    blurred and made noisy by other mathematics than that of ``retest``.
    Response is the share of a true change that is measured; coverage that of
    printed intervals with the truth. Each half of the subjects is judged by the
    response of the other half.

    Exit status
    -----------
    0  the table is printed, and the response written where a bundle was named
    1  data, folds or bundle cannot be read, or the bundle states no noise
    2  wrong use, or no such model

    Examples
    --------
    pacs-model synthetic-visits hippocampus --data ./data --output pairs.csv
        200 pairs against the noise that the shipped bundle states.
    pacs-model synthetic-visits hippocampus --data D --output F --bundle ./bundle
        Write the response into a bundle, so that its intervals allow for it.
    """
    volumes = import_module(f"models.{name}.validation.volumes")
    record = import_module(f"models.{name}.validation.retest.record")
    made = import_module(f"models.{name}.validation.synthetic_visits.trial")
    judgement = import_module(f"models.{name}.validation.synthetic_visits.judgement")
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
    told, found = Counted(pairs), []
    for pair in made.pairs(held_out, pairs, seed, processes):
        found += pair
        told(pair[0].case)
    judged = judgement.judged(found, noise)
    table.write_pairs(output, judged)
    summaries = judgement.summaries(judged)
    for line in (*table.lines(summaries), *table.goals(summaries[-1])):
        typer.echo(line)
    typer.echo(f"{pairs} pairs from {len(held_out)} held-out cases: {output}")
    if bundle is not None:
        response = judgement.measured_response(found)
        amend(bundle, {"training.change": response.as_json()})
        typer.echo(f"written to {bundle}/bundle.json")
