"""``pacs-node config``: the settings."""

from __future__ import annotations

import typer

from node import config
from node.commands.options import ConfigOption
from node.commands.terminal import print_line

settings_commands = typer.Typer(help="The settings.", no_args_is_help=True)


@settings_commands.command("show")
def config_show(config_file: ConfigOption = None) -> None:
    """Print the settings in force, secrets masked, as JSON."""
    print_line(config.load(config_file).model_dump_json(indent=2))


@settings_commands.command("check")
def config_check(config_file: ConfigOption = None) -> None:
    """Read the settings and say what is wrong with them."""
    config.load(config_file)
    print_line("the settings are good")
