"""The ledger that a command looks into or writes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from node.config import Settings
from node.errors import ConfigError
from node.jobs.ledger import LEDGER_FILE, Ledger


@contextmanager
def opened(settings: Settings, *, read_only: bool = True) -> Iterator[Ledger]:
    """Open the ledger of the settings' data folder, beside a running node.

    Raises
    ------
    ConfigError
        There is none.
    """
    data_dir = settings.node.data_dir
    if not (data_dir / LEDGER_FILE).is_file():
        raise ConfigError(
            f"no ledger in {data_dir}: start the node with `pacs-node run`, or name "
            "its settings with --config"
        )
    with closing(Ledger(data_dir, read_only=read_only)) as ledger:
        yield ledger
