"""The SQLite file: created once, read beside a writer, whole after any accident."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from node.errors import LedgerError
from node.jobs import database as database_module
from node.jobs.database import MIGRATIONS, SCHEMA_VERSION, Database
from tests.processes import ended_with_the_test

ROOT = Path(__file__).parents[3]
FIXTURES = ROOT / "tests" / "fixtures"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Return a new database in ``tmp_path``."""
    database = Database(tmp_path / "ledger.sqlite")
    yield database
    database.close()


def python(code: str, *arguments: object) -> subprocess.Popen[str]:
    """Start another process that runs ``code`` with the tree importable."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def execute(database: Database, statements: Iterable[str]) -> None:
    """Execute all statements in one transaction."""
    with database.write() as connection:
        for statement in statements:
            connection.execute(statement)


def test_what_others_commit_is_noticed_once(database: Database) -> None:
    """Another connection's commits are; our own, and a look without news, are not."""
    other = Database(database.path)
    execute(database, ["UPDATE installation SET id = 'ours'"])
    ours = database.changed_by_others()
    execute(other, ["UPDATE installation SET id = 'theirs'"])
    other.close()

    assert not ours
    assert database.changed_by_others()
    assert not database.changed_by_others()


def test_a_new_file_has_the_schema_version_and_a_write_ahead_log(
    database: Database,
) -> None:
    """What another program finds when it opens the file."""
    assert database.read("PRAGMA user_version")[0][0] == SCHEMA_VERSION == 5
    assert database.read("PRAGMA journal_mode")[0][0] == "wal"
    assert database.read("PRAGMA foreign_keys")[0][0] == 1


def test_opening_again_keeps_the_installation(tmp_path: Path) -> None:
    """Its id is part of every result UID: it never changes."""
    ids = []
    for _ in range(2):
        database = Database(tmp_path / "ledger.sqlite")
        ids.append(tuple(database.read("SELECT * FROM installation")[0]))
        database.close()

    assert ids[0] == ids[1]


@pytest.mark.parametrize("read_only", [True, False])
def test_another_schema_version_is_refused(tmp_path: Path, read_only: bool) -> None:
    """A newer program's ledger is not touched by an older one."""
    path = tmp_path / "ledger.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()

    with pytest.raises(LedgerError, match="version 99"):
        Database(path, read_only=read_only)


def older(folder: Path, version: int = 1) -> Path:
    """Return a copy of the ledger that a program of an older schema wrote."""
    path = folder / "ledger.sqlite"
    shutil.copyfile(FIXTURES / f"ledger_v{version}.sqlite", path)
    return path


def schema_of(database: Database) -> dict[str, set[tuple[object, ...]]]:
    """Return every table and index with its columns, without the comments."""
    tables = database.read("SELECT name FROM sqlite_master WHERE type = 'table'")
    indexes = database.read("SELECT name FROM sqlite_master WHERE type = 'index'")
    columns = {
        row["name"]: {
            tuple(column)
            for column in database.read(f"PRAGMA table_info({row['name']})")
        }
        for row in tables
    }
    indexed = {
        row["name"]: {
            tuple(column)
            for column in database.read(f"PRAGMA index_info({row['name']})")
        }
        for row in indexes
    }
    return columns | indexed


def version_in(path: Path) -> int:
    """Return the schema version of a file, without opening it as a ledger."""
    connection = sqlite3.connect(path)
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    connection.close()
    return int(version)


def test_every_older_version_has_a_ledger_to_try_and_a_way_on() -> None:
    """A new schema version without a migration would lock a hospital out."""
    assert list(MIGRATIONS) == list(range(1, SCHEMA_VERSION))
    for version in range(1, SCHEMA_VERSION + 1):
        assert version_in(FIXTURES / f"ledger_v{version}.sqlite") == version


@pytest.mark.parametrize("version", MIGRATIONS)
def test_an_older_ledger_becomes_what_a_new_one_is(
    tmp_path: Path, database: Database, version: int
) -> None:
    """The same tables, columns and indexes, and what was in it is in it."""
    (tmp_path / "old").mkdir()
    old = Database(older(tmp_path / "old", version))

    assert schema_of(old) == schema_of(database)
    assert old.read("PRAGMA user_version")[0][0] == SCHEMA_VERSION
    assert old.read("PRAGMA integrity_check")[0][0] == "ok"
    assert old.read("PRAGMA foreign_key_check") == []
    assert old.read("SELECT COUNT(*) FROM jobs")[0][0] == 5
    old.close()


def test_a_migration_that_breaks_leaves_the_ledger_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it or nothing: the next start begins again."""
    broken = {**MIGRATIONS, 1: f"{MIGRATIONS[1]}; CREATE TABLE studies (again TEXT)"}
    path = older(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(database_module, "MIGRATIONS", broken)
        with pytest.raises(LedgerError, match="studies already exists"):
            Database(path)

    assert version_in(path) == 1
    Database(path).close()
    assert version_in(path) == SCHEMA_VERSION


def test_looking_at_an_older_ledger_does_not_change_it(tmp_path: Path) -> None:
    """One line says what brings it up to date."""
    path = older(tmp_path)

    with pytest.raises(LedgerError, match="brings it up to date"):
        Database(path, read_only=True)

    assert version_in(path) == 1


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """One line that names the file, no traceback of sqlite3."""
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(b"not a database, but long enough to be looked at" * 100)

    with pytest.raises(LedgerError, match=r"ledger\.sqlite cannot be opened"):
        Database(path)


def test_reading_a_file_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    """A command that looks never makes a ledger."""
    with pytest.raises(LedgerError):
        Database(tmp_path / "ledger.sqlite", read_only=True)

    assert not (tmp_path / "ledger.sqlite").exists()


def test_an_exception_rolls_the_transaction_back(database: Database) -> None:
    """All of a transaction or nothing of it."""
    statements = ("UPDATE installation SET site_salt = 'lost'", "DELETE FROM no")

    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        execute(database, statements)

    assert database.read("SELECT site_salt FROM installation")[0][0] != "lost"


@pytest.mark.parametrize(("durable", "level"), [(True, 2), (False, 1)])
def test_durable_transactions_are_forced_to_disk(
    database: Database, durable: bool, level: int
) -> None:
    """FULL (2) for outcomes, NORMAL (1) for what the files say themselves."""
    with database.write(durable=durable) as connection:
        [found] = connection.execute("PRAGMA synchronous").fetchone()

    assert found == level


def test_a_full_disk_is_reported_and_leaves_the_ledger_usable(
    database: Database,
) -> None:
    """SQLite has rolled back by then; what is said is the full disk."""
    with database.write() as connection:
        connection.execute("CREATE TABLE room (content BLOB)")
    pages = database.read("PRAGMA page_count")[0][0]
    database.read(f"PRAGMA max_page_count = {pages + 2}")

    with (
        pytest.raises(sqlite3.OperationalError, match="full"),
        database.write() as connection,
    ):
        connection.execute("INSERT INTO room VALUES (zeroblob(1000000))")

    database.read("PRAGMA max_page_count = 1000000")
    with database.write() as connection:
        connection.execute("INSERT INTO room VALUES (zeroblob(1000000))")
    assert database.read("SELECT COUNT(*) FROM room")[0][0] == 1


def test_a_commit_that_fails_leaves_the_ledger_usable(database: Database) -> None:
    """A broken reference is found at the commit: the next transaction may begin."""
    statements = (
        "PRAGMA defer_foreign_keys = ON",
        "INSERT INTO series VALUES ('1', 'no such study', NULL)",
    )
    with pytest.raises(sqlite3.IntegrityError):
        execute(database, statements)

    with database.write() as connection:
        connection.execute("UPDATE installation SET site_salt = 'kept'")
    assert database.read("SELECT site_salt FROM installation")[0][0] == "kept"


def test_another_process_reads_while_a_transaction_is_open(database: Database) -> None:
    """It sees the last committed state and does not wait."""
    code = """
        import sys
        from pathlib import Path
        from node.jobs.database import Database
        database = Database(Path(sys.argv[1]), read_only=True)
        print(database.read("SELECT site_salt FROM installation")[0][0])
    """
    committed = database.read("SELECT site_salt FROM installation")[0][0]
    with database.write() as connection:
        connection.execute("UPDATE installation SET site_salt = 'not yet'")
        seen, _ = python(code, database.path).communicate(timeout=20)

    assert seen.strip() == committed


def test_a_read_only_ledger_cannot_be_written(database: Database) -> None:
    """Not even by mistake."""
    reader = Database(database.path, read_only=True)

    with (
        pytest.raises(sqlite3.OperationalError, match="readonly"),
        reader.write() as connection,
    ):
        connection.execute("UPDATE installation SET site_salt = ''")
    reader.close()


def test_a_ledger_at_rest_can_be_read(tmp_path: Path) -> None:
    """Without a node that runs, too."""
    Database(tmp_path / "ledger.sqlite").close()

    reader = Database(tmp_path / "ledger.sqlite", read_only=True)

    assert len(reader.read("SELECT * FROM installation")) == 1
    reader.close()


def test_kill_in_the_middle_of_a_transaction_loses_only_that(tmp_path: Path) -> None:
    """SIGKILL between two statements: what was committed is there, nothing more."""
    code = """
        import sys
        from pathlib import Path
        from node.jobs.database import Database
        database = Database(Path(sys.argv[1]))
        with database.write() as connection:
            connection.execute("UPDATE installation SET site_salt = 'committed'")
        with database.write() as connection:
            connection.execute("UPDATE installation SET site_salt = 'half'")
            print("in transaction", flush=True)
            sys.stdin.read()
    """
    path = tmp_path / "ledger.sqlite"
    with ended_with_the_test(python(code, path)) as process:
        assert process.stdout is not None
        process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)

    database = Database(path)

    assert database.read("SELECT site_salt FROM installation")[0][0] == "committed"
    with database.write() as connection:  # the dead process holds no lock
        connection.execute("UPDATE installation SET site_salt = 'after'")
    assert database.read("PRAGMA integrity_check")[0][0] == "ok"
    database.close()
