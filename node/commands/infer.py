"""``pacs-node infer``: one study, read at the desk."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from node import config
from node.commands.options import (
    AllSeriesOption,
    BundleOption,
    ConfigOption,
    JsonOption,
    LanguageOption,
    ModelOption,
    SendOption,
    ToOption,
)


def infer(
    path: Annotated[
        Path, typer.Argument(metavar="STUDY", help="Folder, ZIP or file of DICOM.")
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="FOLDER", help="Where the DICOM results go."
        ),
    ] = Path("results"),
    model: ModelOption = None,
    bundle: BundleOption = None,
    all_series: AllSeriesOption = False,
    send: SendOption = False,
    to: ToOption = None,
    language: LanguageOption = "en",
    config_file: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read one study without an archive.

    Exit status
    -----------
    0    the study is reported, and with --send or --to taken
    1    it failed, no model reads it, or it was not taken
    2    wrong use
    130  interrupted

    Examples
    --------
    pacs-node infer ./study
        Read a folder; the DICOM results lie in ./results.
    pacs-node infer ./study --output ./out --send
        Keep the results in ./out and send them to the archive of node.toml.
    """
    from node.batch import desk  # the whole pipeline: heavy
    from node.batch.order import order_of

    order = order_of(
        config.load(config_file),
        path,
        output,
        model=model,
        bundle=bundle,
        send=send,
        to=to,
        every_input=False,
        all_series=all_series,
    )
    wanted = desk.Wanted(language=language, as_json=as_json)
    raise typer.Exit(desk.infer(order, wanted, datetime.now().astimezone()))
