"""Prepare the cases of both shipped networks from one reading of the images.

``python -m models.chest_ct.learning.prepare simulated --processes 1``

A training prepares what it lacks by itself, for its own network alone; where a study
takes seconds to be drawn, preparing both at once takes half the time. What is prepared
stays when this is broken off.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from models.chest_ct.cases.gather import cache_folder, prepare_all
from models.chest_ct.learning.train import NETWORKS, settings_of

PREPARED_FOR = ("cnn", "slices")
"""The networks that are shipped."""

EVERY = 10
"""Cases from one line to the next."""


def prepare(
    data: Annotated[Path, typer.Argument(help="As `pacs-model train` takes it.")],
    processes: Annotated[int, typer.Option(min=1)] = 1,
) -> None:
    """Prepare every case for both networks, and say which were left out."""
    views = [settings_of(NETWORKS[network], None).view for network in PREPARED_FOR]

    def told(done: int, count: int) -> None:
        if done % EVERY == 0 or done == count:
            typer.echo(f"{done} of {count}")

    name, count, left_out = prepare_all(data, views, told, processes)
    for each in left_out:
        typer.echo(f"left out: {each.reason}")
    typer.echo(f"{name}: {count} cases are in {cache_folder()}")


if __name__ == "__main__":
    typer.run(prepare)
