"""``pacs-model eda``: what is in the training data, and what is broken."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from models.commands.options import NameArgument
from models.commands.parts import part


def eda(
    name: NameArgument,
    data: Annotated[
        Path,
        typer.Argument(
            metavar="DATA",
            help="Folder with images/ and labels/, or with labels.csv and DICOM.",
        ),
    ],
    output: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder of the report and what passed.")
    ],
    workers: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Processes; else as many as suit."),
    ] = None,
    form: Annotated[
        Literal["html", "md"],
        typer.Option("--format", metavar="FORM", help="Of the report: html or md."),
    ] = "html",
) -> None:
    """Analyse training data: what is there, what is broken, what is odd.

    DIR gets the report, eda.json for programs, and out/ with what passed: the
    pairs themselves of hippocampus, and labels.csv of chest_ct, whose images
    stay where they are. A case that is broken is named and left out; one that
    is merely odd is listed and kept. DATA is never written to.

    Exit status
    -----------
    0  the report is written, whatever was found
    1  there are no data, or the report cannot be written
    2  wrong use, or no such model

    Examples
    --------
    pacs-model eda hippocampus ./data --output ./eda
        Read every pair; open eda/report.html afterwards.
    pacs-model eda hippocampus ./data --output ./eda --format md
        The same as Markdown, with the pictures beside it.
    pacs-model eda chest_ct ./ct --output ./eda
        Read labels.csv and every series and ZIP below ./ct.
    pacs-model train hippocampus --data ./eda/out --output ./bundle
        Train on what passed.
    """
    for line in part(name, "eda.run").run(data, output, workers, form):
        typer.echo(line)
