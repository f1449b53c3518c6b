"""``pacs-node run``: the node."""

from __future__ import annotations

from typing import Annotated

import typer

from node import config, signals
from node.commands.options import ConfigOption


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
