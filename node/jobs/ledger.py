"""The ledger: what is known of every study, job and delivery, and survives a crash.

The node's main process writes it, and a command beside it what somebody asks for. Its
parts lie over one ``Database``: ``studies`` (what was received), ``jobs`` (what became
of it), ``deliveries`` (where the results went), ``notices`` (what was not read),
``repeats`` (what is wanted once more), ``retractions`` (what was taken back),
``archive`` (what it holds), ``priors`` (what was read of a person before),
``history`` (all that became of a job), ``offline`` (what a run over a folder asks) and
what retention asks.
Time is an argument everywhere.
"""

from __future__ import annotations

from pathlib import Path

from node.jobs.database import Database
from node.jobs.ledger_archive import ArchiveRecords
from node.jobs.ledger_deliveries import DeliveryRecords
from node.jobs.ledger_history import HistoryRecords
from node.jobs.ledger_jobs import JobRecords
from node.jobs.ledger_notices import NoticeRecords
from node.jobs.ledger_offline import OfflineRecords
from node.jobs.ledger_priors import PriorRecords
from node.jobs.ledger_repeats import RepeatRecords
from node.jobs.ledger_retractions import RetractionRecords
from node.jobs.ledger_studies import StudyRecords

LEDGER_FILE = "ledger.sqlite"

LEDGER_FOLDER = ".pacs-node"
"""Folder of the ledger of an offline run, beside its results."""


class Ledger:
    """The open ledger of one data folder.

    Parameters
    ----------
    data_dir
        Folder that holds, or will hold, the ledger's file.
    read_only
        For the commands that look while the node runs.

    Attributes
    ----------
    installation_id
        Distinguishes this ledger's results from any other's (docs/promises.md 3).
    site_salt
        Secret of the hashes in the log and of the tracking UIDs.

    Raises
    ------
    LedgerError
        The file cannot be opened or has another schema version.
    """

    def __init__(self, data_dir: Path, *, read_only: bool = False) -> None:
        self.database = Database(data_dir / LEDGER_FILE, read_only=read_only)
        self.studies = StudyRecords(self.database)
        self.jobs = JobRecords(self.database)
        self.deliveries = DeliveryRecords(self.database)
        self.notices = NoticeRecords(self.database)
        self.archive = ArchiveRecords(self.database)
        self.history = HistoryRecords(self.database)
        self.priors = PriorRecords(self.database)
        self.repeats = RepeatRecords(self.database)
        self.offline = OfflineRecords(self.database)
        self.retractions = RetractionRecords(self.database)
        row = self.database.read("SELECT id, site_salt FROM installation")[0]
        self.installation_id: str = row["id"]
        self.site_salt: str = row["site_salt"]

    def close(self) -> None:
        """Close the file."""
        self.database.close()
