"""``pacs-node infer``: one study, read at the desk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import models
from node import config
from node.commands.jobs import print_jobs
from node.commands.options import ConfigOption, JsonOption, ModelOption
from node.jobs.job import JobState


def infer(
    path: Annotated[Path, typer.Argument(help="A study folder or a DICOM file.")],
    config_file: ConfigOption = None,
    model: ModelOption = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder of the DICOM results.")
    ] = Path("results"),
    send: Annotated[bool, typer.Option(help="Also send to the archive.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Read one study folder without an archive.

    Exit status: 0 every study that a model reads was reported, and with --send every
    object was taken; 1 something failed, or nothing was reported; 2 wrong use.
    """
    from node import batch  # imports the whole pipeline: only this command needs it

    names = [model] if model else list(models.MODELS)
    jobs = list(batch.infer(path, output, config.load(config_file), names, send=send))
    print_jobs(jobs, batch.deliveries(output), as_json=as_json)
    good = {JobState.SENT} if send else {JobState.REPORTED, JobState.SENT}
    ended = {job.state for job in jobs} - {JobState.NOT_APPLICABLE}
    if not ended or ended - good:
        raise typer.Exit(1)
