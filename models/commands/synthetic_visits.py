"""``pacs-model synthetic-visits``: are changes over time measured as they are."""

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
from models.volume.bundle import BundleError, load_bundle

TAKES_HELP = "Whose noise, and which takes the response; else the shipped one's noise."


def synthetic_visits(
    name: NameArgument,
    data: DataOption,
    folds: FoldsOption = None,
    bundle: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help=TAKES_HELP),
    ] = None,
    output: Annotated[
        Path, typer.Option(metavar="FILE", help="The pairs, as CSV.")
    ] = Path("synthetic_visits.csv"),
    pairs: Annotated[
        int, typer.Option(metavar="N", min=20, help="Pairs of visits.")
    ] = 200,
    seed: Annotated[int, typer.Option(metavar="N", help="Of every draw.")] = 0,
    processes: ProcessesOption = None,
) -> None:
    """Judge changes over time on made pairs of visits with a known change.

    A smooth warp shrinks the labelled structure of a held-out case by -8 to
    +2 % per year over half a year to five; both visits are then sampled, shaded,
    blurred and made noisy by other mathematics than that of ``retest``.
    Coverage is the share of printed intervals, of the noise alone, that hold the
    truth; response the share of a true change that is measured.

    Exit status
    -----------
    0  the table is printed, and the response written where a bundle was named
    1  data, folds or bundle are not of one training, or it states no noise
    2  wrong use, or no such model

    Examples
    --------
    pacs-model synthetic-visits hippocampus --data ./data
        200 pairs against the noise that the shipped bundle states.
    pacs-model synthetic-visits hippocampus --data D --folds F --bundle ./bundle
        Have a bundle tell in its reports how much of a change it follows.
    """
    trial = part(name, "validation.synthetic_visits.trial")
    judgement = part(name, "validation.synthetic_visits.judgement")
    table = part(name, "validation.synthetic_visits.table")
    folds, states = folds or shipped_folds(name), bundle or models.bundle_folder(name)
    origin = part(name, "validation.origin").origin_of(folds, states)
    known = part(name, "interpretation.progression.noise")
    noise = known.Noise.of(load_bundle(states).training)
    if noise is None:
        raise BundleError(
            f"{states} states no noise; measure it with: pacs-model retest {name} "
            f"--data {data} --folds {folds} --bundle {states}"
        )
    held_out = part(name, "validation.readers").held_out_readers(folds, data)
    found, skipped = [], []
    made = trial.pairs(held_out, pairs, seed, processes or cores())
    for number, each in enumerate(made, start=1):
        if isinstance(each, trial.Skipped):
            skipped.append(each)
        else:
            found += each
        counted(number, pairs)
    judged = judgement.judged(found, noise)
    table.write_pairs(output, judged)
    summaries = judgement.summaries(judged)
    for line in (*table.lines(summaries), "", *table.goals(summaries)):
        typer.echo(line)
    made_of = f"from {len(held_out)} held-out cases"
    typer.echo(f"{pairs - len(skipped)} pairs {made_of}: {output}")
    for case, reason in skipped:
        typer.echo(f"left out: {case}, {reason}")
    response = judgement.measured_response(found)
    if bundle is not None and response is None:
        typer.echo(f"fewer than {judgement.FEWEST_PAIRS} pairs: {bundle} is as it was")
    elif bundle is not None:
        then = "its reports tell the response from now on"
        typer.echo(origin.state(bundle, "training.change", response.as_json(), then))
