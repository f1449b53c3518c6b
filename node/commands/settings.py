"""``pacs-node config``: the settings."""

from __future__ import annotations

from models.help_page import Commands
from node import config
from node.commands.options import ConfigOption
from node.commands.terminal import print_line

settings_commands = Commands()


@settings_commands.callback()
def config_commands() -> None:
    """Show or check the settings.

    Exit status
    -----------
    0  the settings are good
    2  wrong use, or settings that cannot be

    Examples
    --------
    pacs-node config show
        Print what is in force, the environment included.
    """


@settings_commands.command("show")
def config_show(config_file: ConfigOption = None) -> None:
    """Print the settings in force as JSON, secrets masked.

    Exit status
    -----------
    0  printed
    2  wrong use, or settings that cannot be

    Examples
    --------
    pacs-node config show
        Print what file and environment say together.
    PACS_NODE_NODE__PORT=11114 pacs-node config show
        See what a variable changes.
    """
    print_line(config.load(config_file).model_dump_json(indent=2))


@settings_commands.command("check")
def config_check(config_file: ConfigOption = None) -> None:
    """Read the settings and say what is wrong with them.

    Exit status
    -----------
    0  the settings are good
    2  wrong use, or settings that cannot be

    Examples
    --------
    pacs-node config check --config ./node.toml
        Read a file before the node is started with it.
    """
    config.load(config_file)
    print_line("the settings are good")
