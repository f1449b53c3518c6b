"""Data folder, free space, ledger: what the node keeps on its own disk."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from node.config import Settings
from node.doctor.finding import Finding, not_examined, ok, wrong
from node.errors import LedgerError
from node.jobs.ledger import LEDGER_FILE, Ledger

DATA_DIR = "[node] data_dir"
FOLDER_ADVICE = 'data_dir = "/var/lib/pacs-node"  # or another this user may write'


def examine_folders(settings: Settings) -> Iterator[Finding]:
    """Examine the data folder and what lies in it."""
    writable = _data_folder(settings.node.data_dir)
    yield writable
    if writable.remedy:
        yield not_examined("disk", "there is no data folder")
        yield not_examined("ledger", "there is no data folder")
        return
    yield _disk(settings)
    yield _ledger(settings.node.data_dir)


def nearest(path: Path) -> Path:
    """Return the path or its nearest parent that exists, absolute."""
    path = path.absolute()
    while not path.exists():
        path = path.parent
    return path


def _data_folder(folder: Path) -> Finding:
    """Write a file there, or where it would be made, and take it away again.

    Permission bits alone would not tell: /proc takes no folder even of root's.
    """
    subject, existing = "data folder", nearest(folder)
    if not existing.is_dir():
        found = f"{existing} is a file, not a folder"
        return wrong(subject, found, DATA_DIR, FOLDER_ADVICE)
    try:
        with tempfile.TemporaryDirectory(prefix=".pacs-node-", dir=existing) as made:
            (Path(made) / "check").write_bytes(b"\0")
    except OSError as error:
        found = f"{folder}: nothing can be written in {existing}: {error.strerror}"
        return wrong(subject, found, DATA_DIR, FOLDER_ADVICE)
    if folder.is_dir():
        return ok(subject, f"{folder} is writable")
    return ok(subject, f"{folder} is not there yet; the first start can make it")


def _disk(settings: Settings) -> Finding:
    folder = nearest(settings.node.data_dir)
    free, mark = shutil.disk_usage(folder).free // 2**20, settings.inbound.min_free_mib
    if free > mark:
        return ok("disk", f"{free:,} MiB free; images are refused below {mark:,} MiB")
    return wrong(
        "disk",
        f"{free:,} MiB free at {folder}: below {mark:,} MiB every image is refused",
        "[inbound] min_free_mib",
        f"free {mark - free + 1:,} MiB there, or min_free_mib = {free // 2}",
    )


def _ledger(folder: Path) -> Finding:
    path = folder / LEDGER_FILE
    if not path.is_file():
        return ok("ledger", "none yet; the first start makes one")
    try:
        Ledger(folder, read_only=True).close()
    except LedgerError as error:
        # What the ledger knows to advise stands behind the last colon.
        found, _, known = str(error).rpartition(": ")
        if "schema version" in found:
            return wrong("ledger", found, str(path), known)
        return wrong("ledger", str(error), str(path), f"mv {path} {path}.broken")
    return ok("ledger", f"{path} is readable")
