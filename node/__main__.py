"""The command ``pacs-node``."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from node import config, listing, signals
from node.errors import ConfigError, NodeError
from node.jobs.job import JobState
from node.jobs.ledger import LEDGER_FILE, Ledger
from node.jobs.ledger_deliveries import Delivery
from node.jobs.ledger_jobs import JobRow

app = typer.Typer(
    name="pacs-node",
    help="An AI node beside a PACS: studies in, DICOM results back. Research use.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
)
settings_commands = typer.Typer(help="The settings.", no_args_is_help=True)
app.add_typer(settings_commands, name="config")

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="Settings file; default ./node.toml."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


@app.command()
def run(
    config_file: ConfigOption = None,
    listen: Annotated[
        str | None, typer.Option(help="Address to listen on; default loopback.")
    ] = None,
) -> None:
    """Receive, read, report and send until Ctrl-C or SIGTERM."""
    from node.app import Node  # imports every stage: only this command needs them

    settings = config.load(config_file)
    if listen is not None:
        changed = settings.node.model_copy(update={"listen": listen})
        settings = settings.model_copy(update={"node": changed})
    wait = signals.stop_asked()
    Node(settings).run(wait)


@app.command()
def infer(
    path: Annotated[Path, typer.Argument(help="A study folder or a DICOM file.")],
    config_file: ConfigOption = None,
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="Only this model.")
    ] = None,
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
    import models
    from node import batch  # imports the whole pipeline: only this command needs it

    names = [model] if model else list(models.MODELS)
    if model and model not in models.MODELS:
        known = ", ".join(models.MODELS)
        raise typer.BadParameter(f"{model}: unknown; models are {known}")
    jobs = list(batch.infer(path, output, config.load(config_file), names, send=send))
    _print_jobs(jobs, batch.deliveries(output), as_json=as_json)
    good = {JobState.SENT} if send else {JobState.REPORTED, JobState.SENT}
    ended = {job.state for job in jobs} - {JobState.NOT_APPLICABLE}
    if not ended or ended - good:
        raise typer.Exit(1)


@app.command()
def jobs(
    config_file: ConfigOption = None,
    study: Annotated[
        str | None, typer.Option(help="Only this Study Instance UID.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List what became of every study and model."""
    settings = config.load(config_file)
    data_dir = settings.node.data_dir
    if not (data_dir / LEDGER_FILE).is_file():
        raise ConfigError(
            f"no ledger in {data_dir}: start the node with `pacs-node run`, or name "
            "its settings with --config"
        )
    ledger = Ledger(data_dir, read_only=True)
    try:
        sent = ledger.deliveries.by_job(study)
        _print_jobs(ledger.jobs.listing(study), sent, as_json=as_json)
    finally:
        ledger.close()


@app.command()
def check(config_file: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Examine settings, folders, ports, weights and the archive; say what to do."""
    from node.doctor import examine  # asks the network: only this command needs it

    findings = examine(config.load(config_file))
    if as_json:
        _print_line(json.dumps([finding.__dict__ for finding in findings]))
    else:
        table = Table(box=None, pad_edge=False)
        for title in ("", "checked", "found", "do"):
            table.add_column(title, overflow="fold")
        for finding in findings:
            mark = "[green]ok[/]" if finding.good else "[red]wrong[/]"
            told = (finding.subject, finding.found, finding.remedy)
            table.add_row(mark, *map(escape, told))
        Console().print(table)
    if not all(finding.good for finding in findings):
        raise typer.Exit(1)


@settings_commands.command("show")
def config_show(config_file: ConfigOption = None) -> None:
    """Print the settings in force, secrets masked, as JSON."""
    _print_line(config.load(config_file).model_dump_json(indent=2))


@settings_commands.command("check")
def config_check(config_file: ConfigOption = None) -> None:
    """Read the settings and say what is wrong with them."""
    config.load(config_file)
    _print_line("the settings are good")


def _print_jobs(
    rows: Sequence[JobRow], sent: Mapping[int, Sequence[Delivery]], *, as_json: bool
) -> None:
    """Print jobs, each with what became of its objects."""
    if as_json:
        jobs = [listing.plain(row, sent.get(row.job_id, ())) for row in rows]
        _print_line(json.dumps(jobs, ensure_ascii=False))
        return
    console = Console(highlight=False, soft_wrap=True)
    for row in rows:
        head = f"{row.job_id:>4}  {row.state:<14}  {row.model}  "
        console.print(head + row.study_instance_uid, markup=False)
        for label, value in listing.lines(row, sent.get(row.job_id, ())):
            console.print(f"      {label:<28}  {value}", markup=False)


def _print_line(text: str) -> None:
    sys.stdout.write(text + "\n")


def main() -> None:
    """Run the command; an expected error is one line and exit status 1 or 2.

    What it writes is for this user alone.
    """
    os.umask(0o077)
    try:
        app()
    except NodeError as error:
        sys.stderr.write(f"pacs-node: {error}\n")
        sys.exit(2 if isinstance(error, ConfigError) else 1)


if __name__ == "__main__":
    main()
