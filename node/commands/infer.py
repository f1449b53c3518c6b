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
    path: Annotated[
        Path, typer.Argument(metavar="STUDY", help="Folder or file of DICOM.")
    ],
    config_file: ConfigOption = None,
    model: ModelOption = None,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="FOLDER", help="Where the DICOM results go."
        ),
    ] = Path("results"),
    send: Annotated[
        bool, typer.Option("--send", help="Send the results to the archive too.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Read one study without an archive.

    Exit status
    -----------
    0  every study that a model reads is reported, and with --send taken
    1  something failed, or no model reads what is there
    2  wrong use

    Examples
    --------
    pacs-node infer ./study
        Read a folder; the DICOM results lie in ./results.
    pacs-node infer ./study --output ./out --send
        Keep the results in ./out and send them to the archive of node.toml.
    """
    from node.batch import offline as batch  # the whole pipeline: heavy

    names = [model] if model else list(models.MODELS)
    jobs = list(batch.infer(path, output, config.load(config_file), names, send=send))
    print_jobs(jobs, batch.deliveries(output), as_json=as_json)
    good = {JobState.SENT} if send else {JobState.REPORTED, JobState.SENT}
    ended = {job.state for job in jobs} - {JobState.NOT_APPLICABLE}
    if not ended or ended - good:
        raise typer.Exit(1)
