"""A receiving node as a program of its own, to be killed or starved by a test.

``python -m tests.node.inbound.serve FOLDER PORT [LARGEST_FILE_BYTES]``
"""

from __future__ import annotations

import resource
import sys
import threading
from pathlib import Path

from node.config import InboundSettings, NodeSettings
from node.inbound.scp import StorageSCP
from node.inbound.spool import Spool
from node.inbound.watcher import Watcher
from node.jobs.ledger import Ledger


def main(folder: Path, port: int, largest_file_bytes: int | None = None) -> None:
    """Receive for ever."""
    settings = InboundSettings(min_free_mib=0, quiet_s=3600)
    ledger = Ledger(folder)
    spool = Spool(folder / "spool", settings)
    watcher = Watcher(settings, ledger, spool, None, models=())
    scp = StorageSCP(
        NodeSettings(port=port),
        settings,
        spool,
        ledger,
        on_stored=watcher.stored,
        on_released=watcher.released,
    )
    if largest_file_bytes is not None:
        limits = (largest_file_bytes, largest_file_bytes)
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    watcher.start()
    scp.start()
    threading.Event().wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
