"""``pacs-node check``: the doctor."""

from __future__ import annotations

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from node import config
from node.commands.options import ConfigOption, JsonOption
from node.commands.terminal import print_json


def check(config_file: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Examine settings, folders, ports, weights and archive; say what to do.

    Exit status
    -----------
    0  all is well
    1  a row says "wrong"
    2  the settings cannot be read

    Examples
    --------
    pacs-node check
        Look before the first start, and whenever nothing arrives.
    pacs-node check --config /etc/pacs-node/node.toml --json
        Let a monitor look.
    """
    from node.doctor import examine  # asks the network: only this command needs it

    findings = examine(config.load(config_file))
    if as_json:
        print_json([finding.__dict__ for finding in findings])
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
