"""``pacs-node batch``: many studies, a row each."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from node import config
from node.commands.options import (
    READING,
    TRUTH,
    AllSeriesOption,
    BundleOption,
    ConfigOption,
    JsonOption,
    LanguageOption,
    ModelOption,
    SendOption,
    ToOption,
)
from node.errors import ConfigError


def batch(
    root: Annotated[
        Path | None,
        typer.Argument(metavar="ROOT", help="Folder of studies, ZIPs, or one ZIP."),
    ] = None,
    root_option: Annotated[
        Path | None,
        typer.Option("--input", "-i", metavar="ROOT", help="The same, as an option."),
    ] = None,
    table: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Table, .xlsx or .csv; else named after date and time.",
        ),
    ] = None,
    results: Annotated[
        Path,
        typer.Option(metavar="FOLDER", help="Where the DICOM results go."),
    ] = Path("results"),
    summary_file: Annotated[
        Path | None,
        typer.Option("--summary", metavar="FILE", help="Summary as JSON, too."),
    ] = None,
    model: ModelOption = None,
    bundle: BundleOption = None,
    workers: Annotated[
        int,
        typer.Option(
            "--workers",
            "-w",
            min=0,
            metavar="N",
            help="Processes; 0: jobs.workers, else one per core.",
            rich_help_panel=READING,
        ),
    ] = 0,
    fast: Annotated[
        bool,
        typer.Option(
            "--fast",
            help="Leave out what takes long; the first lines say what.",
            rich_help_panel=READING,
        ),
    ] = False,
    truth: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="CSV of study_uid or path, and pathology 0 or 1: compare.",
            rich_help_panel=TRUTH,
        ),
    ] = None,
    truth_from_names: Annotated[
        bool,
        typer.Option(
            "--truth-from-names",
            help="Compare with names such as norma, pneumonia.",
            rich_help_panel=TRUTH,
        ),
    ] = False,
    all_series: AllSeriesOption = False,
    send: SendOption = False,
    to: ToOption = None,
    language: LanguageOption = "en",
    config_file: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read every study in a folder, a row of a table each.

    Exit status
    -----------
    0    every study that a model reads is reported, whether it was sent or not
    1    something failed, an input holds no study, or nothing was found
    2    wrong use
    130  interrupted; the same command goes on where it stopped

    Examples
    --------
    pacs-node batch ./studies
        Read all; table and ./results lie here.
    pacs-node batch ./studies -o volumes.csv --results ./out --workers 4
        Choose the table, the folder of the DICOM results, the processes.
    pacs-node batch ./studies --send --to PACS@10.0.0.5:104
        Send the results, too; what was sent before is not sent again.
    pacs-node batch ./studies --model chest_ct --fast --truth truth.csv
        Be quick, and say how often the model was right.
    """
    from node.batch import desk  # the whole pipeline: heavy
    from node.batch.order import order_of

    if (root is None) == (root_option is None):
        raise ConfigError("name one folder: pacs-node batch ROOT")
    order = order_of(
        config.load(config_file),
        root or root_option or Path(),
        results,
        model=model,
        bundle=bundle,
        workers=workers,
        send=send,
        to=to,
        fast=fast,
        all_series=all_series,
    )
    wanted = desk.Wanted(
        table=table,
        summary_file=summary_file,
        language=language,
        as_json=as_json,
        only_model=model is not None,
        truth_file=truth,
        truth_from_names=truth_from_names,
    )
    raise typer.Exit(desk.batch(order, wanted, datetime.now().astimezone()))
