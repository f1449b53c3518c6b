"""The ledger that a command looks into or writes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from node.config import Settings
from node.errors import ConfigError, NodeError
from node.jobs.ledger import LEDGER_FILE, LEDGER_FOLDER, Ledger
from node.jobs.ledger_studies import StudyRow

UNKNOWN = (
    "no study is known by that: give a Study Instance UID, the SOP Instance UID of an "
    "image or a result, an Accession Number, or the 12 digits after study= in the log"
)


def of_results(settings: Settings, results: Path | None) -> Settings:
    """Return settings whose ledger is that of a folder of results, if one is named."""
    if results is None:
        return settings
    node = settings.node.model_copy(update={"data_dir": results / LEDGER_FOLDER})
    return settings.model_copy(update={"node": node})


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
            "its settings with --config, or --results of a batch"
        )
    with closing(Ledger(data_dir, read_only=read_only)) as ledger:
        yield ledger


def studies_named(ledger: Ledger, wanted: str) -> list[StudyRow]:
    """Return the studies that somebody may mean, at least one.

    Raises
    ------
    NodeError
        There is none. What was typed is not repeated: it may name a person.
    """
    found = ledger.studies.find(wanted.strip())
    if not found:
        raise NodeError(UNKNOWN)
    return found
