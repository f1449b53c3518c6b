"""A node, its scanner and two bad destinations; everything that it says is kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom import AE, AllStoragePresentationContexts, evt

from node.inbound.dataset import open_file
from node.jobs.ledger import Ledger
from node.jobs.ledger_jobs import JobRow
from tests.node.inbound.objects import eventually, send
from tests.ports import free_port
from tests.processes import ended_with_the_test

ROOT = Path(__file__).parents[2]
SETTINGS = """
[node]
port = {port}
data_dir = "data"
[archive]
host = "127.0.0.1"
dicom_port = {nobody}
http_port = {nobody}
timeout_s = 1.0
[inbound]
quiet_s = 1.0
min_free_mib = 0
durability = "none"
[jobs]
workers = 1
threads = 1
device = "cpu"
attempts = 2
backoff_s = 0.1
[send]
backoff_s = 0.1
timeout_s = 2.0
destinations = [
  {{ ae_title = "REFUSES", host = "127.0.0.1", port = {refuses} }},
  {{ ae_title = "NOBODY", host = "127.0.0.1", port = {nobody} }},
]
[reconcile]
every_s = 1.0
[log]
level = "DEBUG"
"""


@dataclass(frozen=True)
class Ward:
    """A running node.

    Attributes
    ----------
    folder
        With ``node.toml``, ``log`` and the node's ``data``.
    """

    folder: Path
    port: int

    @property
    def data_dir(self) -> Path:
        """The node's data folder."""
        return self.folder / "data"

    @property
    def log(self) -> str:
        """Everything that the node has written to its standard streams."""
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def send(self, *paths: Path) -> set[int | None]:
        """Send files byte for byte over one association; return the statuses."""
        statuses = set()
        for path in paths:
            file = open_file(path.read_bytes())
            ds = _identity(file.dataset, file.transfer_syntax_uid)
            statuses.add(self.send_bytes(file.dataset, *ds, file.transfer_syntax_uid))
        return statuses

    def send_bytes(
        self, stream: bytes, sop_class: str, uid: str, syntax: str
    ) -> int | None:
        """Send any bytes under any name; return the status."""
        association = self.associate(sop_class, syntax)
        status = send(association, stream, uid=uid)
        association.release()
        return status

    def associate(self, sop_class: str, syntax: str) -> Any:
        """Open an association."""
        ae = AE(ae_title="SCANNER")
        ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 10
        ae.add_requested_context(sop_class, [syntax])
        association = ae.associate("127.0.0.1", self.port, ae_title="HIPPOAI")
        assert association.is_established
        return association

    def jobs(self) -> dict[str, JobRow]:
        """Return the job of each study."""
        with closing(Ledger(self.data_dir, read_only=True)) as ledger:
            return {job.study_instance_uid: job for job in ledger.jobs.listing()}

    def command(self, *arguments: str) -> tuple[str, str]:
        """Run another ``pacs-node`` command there; return output and errors."""
        done = subprocess.run(
            [sys.executable, "-m", "tests.privacy.serve", *arguments],
            cwd=self.folder,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return done.stdout, done.stderr


def environment() -> dict[str, str]:
    """Return the environment of the node's processes."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "400"}


@contextmanager
def running_ward(folder: Path) -> Iterator[Ward]:
    """Run a node with its destinations until the story is told."""
    with refusing_destination() as refuses:
        ward = Ward(folder, free_port())
        settings = SETTINGS.format(port=ward.port, nobody=free_port(), refuses=refuses)
        (folder / "node.toml").write_text(settings, encoding="utf-8")
        with (
            (folder / "log").open("wb") as log,
            ended_with_the_test(
                subprocess.Popen(
                    [sys.executable, "-m", "tests.privacy.serve", "run"],
                    cwd=folder,
                    stdout=log,
                    stderr=log,
                    env=environment(),
                )
            ) as process,
        ):
            try:
                eventually(lambda: "listening" in ward.log, within_s=60)
                yield ward
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(60)


@contextmanager
def refusing_destination() -> Iterator[int]:
    """Run an SCP that answers 0xA900 with words about the patient; yield its port."""

    def refuse(event: Any) -> Dataset:
        status = Dataset()
        status.Status = 0xA900
        status.ErrorComment = str(event.dataset.PatientName)
        return status

    ae = AE(ae_title="REFUSES")
    ae.supported_contexts = AllStoragePresentationContexts
    port = free_port()
    handlers: list[Any] = [(evt.EVT_C_STORE, refuse)]
    server = ae.start_server(("127.0.0.1", port), block=False, evt_handlers=handlers)
    assert server is not None  # it is None for a blocking server only
    try:
        yield port
    finally:
        server.shutdown()


def _identity(dataset: bytes, syntax: str) -> tuple[str, str]:
    from node.inbound.dataset import identify

    identity = identify(dataset, syntax, 1 << 30)
    return identity.sop_class_uid, identity.sop_instance_uid
