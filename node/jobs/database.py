"""The SQLite file behind the ledger: schema, transactions, durability.

The node's process writes, and now and then a command beside it; any process may read
(WAL). Who writes looks at a state and changes it in one transaction, and
``changed_by_others`` tells that it happened. Rows about single instances are
committed with ``synchronous = NORMAL``, because at a restart the files themselves
say what was received; the state of studies, jobs and deliveries with ``FULL``.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from node.errors import LedgerError

SCHEMA_VERSION = 5

WITH_ARCHIVE = """
CREATE TABLE positions (
    source   TEXT PRIMARY KEY,           -- an archive, and how it is asked
    position TEXT NOT NULL               -- up to where its studies were looked through
);
CREATE TABLE comparisons (
    study_instance_uid TEXT PRIMARY KEY, -- of the archive, the ledger may lack it
    archive_count      INTEGER NOT NULL, -- instances there when it was last seen
    may_fetch          INTEGER NOT NULL, -- 0: its store job is repeated, no more
    settled            INTEGER NOT NULL, -- 1: nothing lacks, or nothing can be done
    attempts           INTEGER NOT NULL, -- to bring what lacks
    not_before         TEXT NOT NULL,
    seen_at            TEXT NOT NULL     -- when it was first seen with this count
);
CREATE INDEX comparisons_due ON comparisons (settled, not_before);
"""

WITH_RETRACTIONS = """
CREATE TABLE retractions (
    sop_instance_uid TEXT PRIMARY KEY REFERENCES objects,  -- what is taken back
    note_uid         TEXT REFERENCES objects,  -- its rejection note, if anybody has it
    code             TEXT NOT NULL,      -- of the reason, DCM
    reason           TEXT NOT NULL,      -- as the person wrote it
    retracted_at     TEXT NOT NULL,
    deleted_at       TEXT                -- when the archive let go of the object
);
CREATE INDEX studies_by_accession ON studies (accession_hash);
"""

BY_PATIENT = """
CREATE INDEX studies_by_patient ON studies (patient_hash);
"""

SCHEMA = (
    """
CREATE TABLE installation (
    id         TEXT NOT NULL,            -- part of every result UID
    site_salt  TEXT NOT NULL             -- secret of the hashes in logs and UIDs
);
CREATE TABLE studies (
    study_instance_uid  TEXT PRIMARY KEY,
    state               TEXT NOT NULL CHECK (state IN ('receiving', 'complete')),
    first_received_at   TEXT NOT NULL,   -- ISO 8601, UTC, microseconds
    last_received_at    TEXT NOT NULL,
    completed_at        TEXT,
    completeness        TEXT,            -- confirmed | unconfirmed
    completeness_reason TEXT,
    calling_ae_title    TEXT NOT NULL,
    accession_hash      TEXT,            -- salted, NULL without a number
    patient_hash        TEXT,            -- salted, of the Patient ID
    study_date          TEXT             -- of the scan, ISO 8601
);
CREATE TABLE series (
    series_instance_uid TEXT PRIMARY KEY,
    study_instance_uid  TEXT NOT NULL REFERENCES studies,
    archive_count       INTEGER          -- what the archive said, when it was asked
);
CREATE TABLE instances (
    sop_instance_uid    TEXT NOT NULL,
    digest              TEXT NOT NULL,   -- SHA-256 of the stored data set
    series_instance_uid TEXT NOT NULL REFERENCES series,
    study_instance_uid  TEXT NOT NULL REFERENCES studies,
    path                TEXT,            -- NULL after retention removed the file
    received_at         TEXT NOT NULL,
    PRIMARY KEY (sop_instance_uid, digest)
);
CREATE INDEX instances_of_study ON instances (study_instance_uid);
CREATE TABLE jobs (
    job_id             INTEGER PRIMARY KEY,
    study_instance_uid TEXT NOT NULL REFERENCES studies,
    model              TEXT NOT NULL,
    state              TEXT NOT NULL,
    changed            INTEGER NOT NULL DEFAULT 0,  -- study changed while running
    attempts           INTEGER NOT NULL DEFAULT 0,  -- since it was last queued anew
    not_before         TEXT NOT NULL,
    queued_at          TEXT NOT NULL,
    ended_at           TEXT,
    reason             TEXT,             -- reason code of the outcome
    detail             TEXT,
    recipe             TEXT,             -- hash of what it was last read with, offline
    verdicts           TEXT,             -- JSON, which series was read and why
    priors             TEXT,             -- JSON, NULL: nobody has looked for them
    UNIQUE (study_instance_uid, model)
);
CREATE INDEX jobs_by_state ON jobs (state, not_before);
CREATE TABLE attempts (
    job_id     INTEGER NOT NULL REFERENCES jobs,
    started_at TEXT NOT NULL,
    ended_at   TEXT,
    outcome    TEXT,                     -- event of the lifecycle, or its reason
    detail     TEXT
);
CREATE INDEX attempts_of_job ON attempts (job_id);
CREATE TABLE results (
    result_id           INTEGER PRIMARY KEY,
    job_id              INTEGER NOT NULL REFERENCES jobs,
    version             INTEGER NOT NULL,  -- 0: the notice that there is no result
    identity            TEXT NOT NULL,
    series_instance_uid TEXT NOT NULL,
    completed_at        TEXT NOT NULL,
    reported_at         TEXT NOT NULL,
    summary             TEXT NOT NULL,   -- JSON
    timings             TEXT NOT NULL,   -- JSON, seconds by stage
    precision           TEXT NOT NULL,
    model_version       TEXT NOT NULL,
    weights_digest      TEXT NOT NULL,
    measurements        TEXT,            -- JSON
    made_with           TEXT,            -- JSON, rest of the provenance
    priors              TEXT,            -- JSON, the earlier results it was told
    answers             TEXT,            -- JSON, classifications and locations
    UNIQUE (job_id, version)
);
CREATE TABLE objects (
    sop_instance_uid    TEXT PRIMARY KEY,
    result_id           INTEGER NOT NULL REFERENCES results,
    kind                TEXT NOT NULL,   -- SEG | SR | SC | PDF | NOTICE | KO
    sop_class_uid       TEXT NOT NULL,
    series_instance_uid TEXT NOT NULL,
    transfer_syntax_uid TEXT NOT NULL,
    path                TEXT NOT NULL,
    sha256              TEXT NOT NULL
);
CREATE TABLE deliveries (
    delivery_id      INTEGER PRIMARY KEY,
    sop_instance_uid TEXT NOT NULL REFERENCES objects,
    destination      TEXT NOT NULL,      -- AE@host:port
    state            TEXT NOT NULL CHECK (state IN ('pending', 'sent', 'failed')),
    attempts         INTEGER NOT NULL DEFAULT 0,
    not_before       TEXT NOT NULL,
    created_at       TEXT NOT NULL,
    ended_at         TEXT,
    status           INTEGER,            -- last DIMSE status, when there was one
    detail           TEXT,
    UNIQUE (sop_instance_uid, destination)
);
CREATE INDEX deliveries_due ON deliveries (state, destination, not_before);
"""
    + WITH_ARCHIVE
    + WITH_RETRACTIONS
    + BY_PATIENT
)

WITH_REASONS = (
    """
ALTER TABLE studies ADD COLUMN accession_hash TEXT;
ALTER TABLE jobs ADD COLUMN recipe TEXT;
ALTER TABLE jobs ADD COLUMN verdicts TEXT;
ALTER TABLE results ADD COLUMN measurements TEXT;
ALTER TABLE results ADD COLUMN made_with TEXT;
"""
    + WITH_RETRACTIONS
)

WITH_PRIORS = (
    """
ALTER TABLE studies ADD COLUMN patient_hash TEXT;
ALTER TABLE studies ADD COLUMN study_date TEXT;
ALTER TABLE jobs ADD COLUMN priors TEXT;
ALTER TABLE results ADD COLUMN priors TEXT;
"""
    + BY_PATIENT
)

WITH_ANSWERS = "ALTER TABLE results ADD COLUMN answers TEXT"

MIGRATIONS = {1: WITH_ARCHIVE, 2: WITH_REASONS, 3: WITH_PRIORS, 4: WITH_ANSWERS}
"""What makes a ledger of the next schema version out of one of this version."""


def path_value(path: Path) -> str | bytes:
    """Return a path as SQLite can hold it: as bytes where its name is not UTF-8.

    >>> path_value(Path("spool"))
    'spool'
    """
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return os.fsencode(path)
    return str(path)


def path_of(value: str | bytes) -> Path:
    """Return the path that ``path_value`` wrote."""
    return Path(os.fsdecode(value))


class Database:
    """One connection to the ledger's file, shared by the threads of this process.

    Parameters
    ----------
    path
        The SQLite file; its folder must exist.
    read_only
        Open for reading beside a running node; the file must exist.

    Raises
    ------
    LedgerError
        The file cannot be opened, is no ledger, or has a schema version that this
        program does not read. An older one is brought up to date when it is opened
        for writing.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        self._lock = threading.RLock()
        try:
            self._connection = self._open(read_only)
            self._prepare(read_only)
            self._seen = self._data_version()
        except sqlite3.Error as error:
            raise LedgerError(f"{path.name} cannot be opened: {error}") from None

    def _open(self, read_only: bool) -> sqlite3.Connection:
        mode = "ro" if read_only else "rwc"
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode={mode}",
            uri=True,
            isolation_level=None,  # transactions begin where write() says so
            check_same_thread=False,  # _lock serialises the threads
            timeout=30.0,
        )
        connection.row_factory = sqlite3.Row
        return connection

    def _prepare(self, read_only: bool) -> None:
        self._connection.execute("PRAGMA foreign_keys = ON")
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0 and not read_only:
            self._create()
        elif version in MIGRATIONS and not read_only:
            self._migrate()
        elif version != SCHEMA_VERSION:
            remedy = (
                "`pacs-node run`, or the command that made it, brings it up to date"
                if version in MIGRATIONS
                else "use the matching pacs-ai-node"
            )
            raise LedgerError(
                f"{self.path.name} has schema version {version}, this program reads "
                f"{SCHEMA_VERSION}: {remedy}"
            )

    def _migrate(self) -> None:
        """Go from version to version in one transaction; another may have begun."""
        with self.write() as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            while version in MIGRATIONS:
                for statement in MIGRATIONS[version].split(";"):
                    connection.execute(statement)
                version += 1
            connection.execute(f"PRAGMA user_version = {version}")

    def _create(self) -> None:
        self._connection.execute("PRAGMA journal_mode = WAL")
        with self.write():
            for statement in SCHEMA.split(";"):
                self._connection.execute(statement)
            self._connection.execute(
                "INSERT INTO installation VALUES (?, ?)",
                (uuid.uuid4().hex, uuid.uuid4().hex),
            )
            self._connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """Run one transaction; an exception rolls it back.

        Parameters
        ----------
        durable
            True forces the commit to disk (``synchronous = FULL``).
        """
        with self._lock:
            level = "FULL" if durable else "NORMAL"
            self._connection.execute(f"PRAGMA synchronous = {level}")
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # a full disk has rolled back
                    self._connection.execute("ROLLBACK")
                raise

    def read(
        self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()
    ) -> list[sqlite3.Row]:
        """Return the rows of one query."""
        with self._lock:
            return self._connection.execute(sql, parameters).fetchall()

    def changed_by_others(self) -> bool:
        """Tell whether another process committed since this was last asked.

        Another connection of this process counts as well; this one never does.
        """
        before, self._seen = self._seen, self._data_version()
        return self._seen != before

    def _data_version(self) -> int:
        return int(self.read("PRAGMA data_version")[0][0])

    def close(self) -> None:
        """Close the connection; the object is not used afterwards."""
        with self._lock:
            self._connection.close()
