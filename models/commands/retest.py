"""``pacs-model retest``: how much does the reading of one scan vary."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

import models
from models.commands.options import NameArgument

FOLDS_HELP = "Networks of the folds; else those that are shipped."
BUNDLE_HELP = "The bundle that takes it; else it is only printed."


def retest(
    name: NameArgument,
    data: Annotated[Path, typer.Option(metavar="FOLDER", help="The training data.")],
    bundle: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help=BUNDLE_HELP)
    ] = None,
    repeats: Annotated[
        int, typer.Option(metavar="N", min=2, help="Readings of each case.")
    ] = 12,
    folds: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help=FOLDS_HELP)
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Of every draw.")] = 0,
) -> None:
    """Measure the noise of one reading on held-out cases.

    Each case is moved by parts of a voxel, turned by a few degrees, shaded, made
    noisier and cropped anew, and read each time by a network that never saw its
    subject. The intervals of change over time are made of what comes out.

    Exit status
    -----------
    0  the noise is printed, and written where a bundle was named
    1  data, folds or bundle cannot be read
    2  wrong use, or no such model

    Examples
    --------
    pacs-model retest hippocampus --data ./data
        Print the standard error of measurement.
    pacs-model retest hippocampus --data ./data --bundle ./bundle
        Write it into a bundle, so that reports print intervals.
    """
    volumes = import_module(f"models.{name}.validation.volumes")
    measure = import_module(f"models.{name}.validation.retest.measure")
    record = import_module(f"models.{name}.validation.retest.record")
    noise_words = import_module(f"models.{name}.interpretation.progression.noise")
    held_out = volumes.held_out_readers(
        folds or models.bundle_folder(name) / "folds", data
    )
    told = Counted(len(held_out))
    noise = measure.measure_noise(held_out, repeats, seed, told=told)
    typer.echo(
        f"{noise.cases} cases of {noise.subjects} subjects, {repeats} readings each"
    )
    typer.echo(f"SEM in % of the volume, {noise_words.KIND}")
    for structure, spread in noise.spreads.items():
        interval = f"(95 % {spread.low:.2f}-{spread.high:.2f})"
        typer.echo(f"{structure:21} {spread.sem:5.2f}  {interval}")
    if bundle is not None:
        record.write_noise(bundle, noise)
        typer.echo(f"written to {bundle}/bundle.json")


class Counted:
    """Tell on stderr how many of ``total`` are done, every twentieth part of them."""

    def __init__(self, total: int) -> None:
        self.total, self.done = total, 0

    def __call__(self, name: str) -> None:
        """Count one."""
        self.done += 1
        if self.done % max(1, self.total // 20) == 0:
            typer.echo(f"[{self.done}/{self.total}] {name}", err=True)
