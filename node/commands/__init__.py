"""The command line: a file per command, put together here."""

from __future__ import annotations

from importlib import metadata
from typing import Annotated

import typer

from models.help_page import Commands
from node.commands import options
from node.commands.batch import batch
from node.commands.calibrate import calibrate
from node.commands.check import check
from node.commands.explain import explain
from node.commands.infer import infer
from node.commands.jobs import jobs
from node.commands.retract import retract
from node.commands.retry import retry
from node.commands.rule import rule
from node.commands.run import run
from node.commands.settings import settings_commands
from node.commands.terminal import print_line

app = Commands(name="pacs-node")


def _version(asked: bool) -> None:
    if asked:
        print_line(f"pacs-ai-node {metadata.version('pacs-ai-node')}")
        raise typer.Exit


@app.callback()
def pacs_node(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Run an AI node beside a PACS: studies in, DICOM results back. Research use.

    Exit status
    -----------
    0    all is done
    1    something was refused or failed; the last line says what
    2    wrong use: an option, an argument or a setting that cannot be
    130  interrupted by Ctrl-C

    Examples
    --------
    pacs-node check
        Say what is wrong on this machine, and what to write or start.
    pacs-node infer ./study
        Read one study without an archive.
    pacs-node infer --help
        Print the page of one command.
    """
    del version  # its callback has answered


app.command(rich_help_panel=options.SERVE)(run)
app.command(rich_help_panel=options.SERVE)(check)
app.command(rich_help_panel=options.READ)(infer)
app.command(rich_help_panel=options.READ)(batch)
app.command(rich_help_panel=options.ASK)(explain)
app.command(rich_help_panel=options.ASK)(jobs)
app.command(rich_help_panel=options.ASK)(rule)
app.command(rich_help_panel=options.AGAIN)(retry)
app.command(rich_help_panel=options.AGAIN)(retract)
app.command(rich_help_panel=options.SETTINGS)(calibrate)
app.add_typer(settings_commands, name="config", rich_help_panel=options.SETTINGS)
