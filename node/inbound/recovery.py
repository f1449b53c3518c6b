"""What lies in the spool although the ledger does not know it: a crash came between.

That is a file whose path is unknown, or one that came again and still has its mark.
Whatever has a name in the spool was acknowledged. So a file that cannot be read now,
because the disk or the process is at its limit, stays where it is and is looked at
again; only one that was read and is no object any more is put aside.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from pathlib import Path

from node import log
from node.errors import UnreadableError
from node.inbound.dataset import identify, open_file
from node.inbound.disk import errno_name
from node.inbound.receipts import came_again
from node.inbound.spool import Spool, received
from node.jobs.ledger_studies import ReceivedInstance

NO_LIMIT = sys.maxsize
"""What was kept under an earlier, larger limit was acknowledged all the same."""


class Recovery:
    """Finds what lies in a spool.

    Parameters
    ----------
    known
        Returns the files of a study that need not be read, unless they came again.

    Attributes
    ----------
    left
        Files that could not be read at the last look.
    """

    def __init__(
        self, spool: Spool, known: Callable[[str], Collection[Path]] = lambda _: ()
    ) -> None:
        self.left = 0
        self._spool = spool
        self._known = known

    def instances(self) -> Iterator[ReceivedInstance]:
        """Yield every unknown instance, each with a claim on its study.

        In the order in which they were received last, as the times of the files tell.
        """
        self.left = 0
        for study in sorted(self._spool.root.glob("[0-9]*")):
            known = set(self._known(study.name))
            files = study.glob("*/*.dcm")
            unknown = [path for path in files if path not in known or came_again(path)]
            for path in sorted(unknown, key=_written):
                instance = self._instance(path)
                if instance is not None:
                    yield instance

    def _instance(self, path: Path) -> ReceivedInstance | None:
        try:
            with self._spool.claims.taking(path.parent.parent.name):
                instance = _read(path)
                self._spool.receipts.found(path)
                return instance
        except FileNotFoundError:  # retention was here first
            return None
        except OSError as error:
            self.left += 1
            log.get("inbound").error("file_left", error=errno_name(error))
        except UnreadableError as error:
            self._spool.refused.take(path, str(error))
        return None


def _read(path: Path) -> ReceivedInstance:
    file = open_file(path.read_bytes())
    identity = identify(file.dataset, file.transfer_syntax_uid, NO_LIMIT)
    if identity.is_own:
        raise UnreadableError("a node of this kind made it")
    digest = hashlib.sha256(file.dataset).hexdigest()
    found = received(identity, digest, path, file.sending_ae_title)
    return replace(found, was_sent=False)


def _written(path: Path) -> tuple[int, Path]:
    try:
        return path.stat().st_mtime_ns, path
    except OSError:  # it cannot be read either, and is left for the next look
        return 0, path
