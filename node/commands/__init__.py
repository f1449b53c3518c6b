"""The command line: a file per command, put together here."""

from __future__ import annotations

from importlib import metadata
from typing import Annotated

import typer

from node.commands import options
from node.commands.check import check
from node.commands.infer import infer
from node.commands.jobs import jobs
from node.commands.run import run
from node.commands.settings import settings_commands
from node.commands.terminal import print_line

app = typer.Typer(
    name="pacs-node",
    help="An AI node beside a PACS: studies in, DICOM results back. Research use.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


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
    """Answer what concerns no command."""
    del version  # its callback has answered


app.command(rich_help_panel=options.SERVE)(run)
app.command(rich_help_panel=options.SERVE)(check)
app.command(rich_help_panel=options.READ)(infer)
app.command(rich_help_panel=options.ASK)(jobs)
app.add_typer(settings_commands, name="config", rich_help_panel=options.SETTINGS)
