"""``pacs-node jobs``: what became of every study and model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from node import config, listing
from node.commands.ledgers import opened
from node.commands.options import ConfigOption, JsonOption
from node.commands.terminal import console, print_json
from node.jobs.ledger_deliveries import Delivery
from node.jobs.ledger_jobs import JobRow


def jobs(
    config_file: ConfigOption = None,
    study: Annotated[
        str | None,
        typer.Option(metavar="UID", help="Only the study of this UID."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List what became of every study and model.

    Exit status
    -----------
    0  the list is printed, empty or not
    2  wrong use, or no ledger where the settings say

    Examples
    --------
    pacs-node jobs
        List every job of the node whose settings are ./node.toml.
    pacs-node jobs --study 1.2.840.1 --json
        Print one study's jobs for a machine.
    """
    with opened(config.load(config_file)) as ledger:
        sent = ledger.deliveries.by_job(study)
        print_jobs(ledger.jobs.listing(study), sent, as_json=as_json)


def print_jobs(
    rows: Sequence[JobRow], sent: Mapping[int, Sequence[Delivery]], *, as_json: bool
) -> None:
    """Print jobs, each with what became of its objects."""
    if as_json:
        print_json([listing.plain(row, sent.get(row.job_id, ())) for row in rows])
        return
    terminal = console()
    for row in rows:
        head = f"{row.job_id:>4}  {row.state:<14}  {row.model}  "
        terminal.print(head + row.study_instance_uid, markup=False)
        for label, value in listing.lines(row, sent.get(row.job_id, ())):
            terminal.print(f"      {label:<28}  {value}", markup=False)
