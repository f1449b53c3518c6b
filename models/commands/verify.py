"""``pacs-model verify``: is a bundle what it says."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import models
from models.commands.options import NameArgument
from models.commands.parts import part
from models.volume.bundle import BundleError


def verify(
    name: NameArgument,
    bundle: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="A bundle; else the one that is shipped."),
    ] = None,
) -> None:
    """Check the hashes of the weights and the golden case.

    Exit status
    -----------
    0  the model is intact
    1  weights or golden case are not what the bundle says
    2  wrong use, or no such model

    Examples
    --------
    pacs-model verify hippocampus
        Check what is shipped.
    pacs-model verify hippocampus --bundle ./bundle
        Check what a training has made before it is served.
    """
    model = models.load(name, bundle)
    if not model.bundle.golden_case:
        raise BundleError(f"{name}: the bundle states no golden case; train again")
    tolerance = model.bundle.golden_case["tolerance"]
    deviations = part(name, "golden").deviations(model)
    typer.echo(f"Difference from the golden case, at most {tolerance:.0%}:")
    for what, deviation in deviations.items():
        typer.echo(f"  {what}: {deviation:.3%}")
    off = [what for what, deviation in deviations.items() if not deviation <= tolerance]
    if off:
        raise BundleError(
            f"{name}: the golden case is not met in {', '.join(off)}; train again"
        )
    typer.echo(f"{name} {model.bundle.version} is intact")
