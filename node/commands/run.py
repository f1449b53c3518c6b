"""``pacs-node run``: the node."""

from __future__ import annotations

from typing import Annotated

import typer

from node import config, signals
from node.commands.options import ConfigOption


def run(
    config_file: ConfigOption = None,
    listen: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Address to listen on; else node.listen of the settings.",
        ),
    ] = None,
) -> None:
    """Receive, read, report and send until Ctrl-C or SIGTERM.

    Exit status
    -----------
    0  stopped as asked; what was begun is finished at the next start
    1  it could not start: the port or the data folder is taken
    2  wrong use, or settings that cannot be

    Examples
    --------
    pacs-node run
        Serve with ./node.toml, or with the defaults where there is none.
    pacs-node run --config /etc/pacs-node/node.toml --listen 0.0.0.0
        Serve the network, not this machine alone.
    """
    from node.app import Node  # imports every stage: only this command needs them

    settings = config.load(config_file)
    if listen is not None:
        changed = settings.node.model_copy(update={"listen": listen})
        settings = settings.model_copy(update={"node": changed})
    wait = signals.stop_asked()
    Node(settings).run(wait)
