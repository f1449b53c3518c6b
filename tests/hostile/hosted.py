"""A real node in processes of its own: fed over the wire and by folder, and watched."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pynetdicom import AE

from node.inbound.dataset import open_file
from node.jobs.job import JobState
from node.jobs.ledger import Ledger
from node.jobs.ledger_jobs import JobRow
from tests.hostile.serve import TRIPPED
from tests.node.inbound.objects import eventually, send
from tests.ports import free_port
from tests.processes import ended_with_the_test

ROOT = Path(__file__).parents[2]
VERIFICATION = "1.2.840.10008.1.1"
ENDED = {JobState.REPORTED, JobState.SENT, JobState.NOT_APPLICABLE, JobState.FAILED}

NODE_TOML = """
[node]
port = {port}
data_dir = "{folder}"
[archive]
rest = false
host = "127.0.0.1"
dicom_port = {nobody}
timeout_s = 1.0
[inbound]
quiet_s = 1.0
min_free_mib = 0
max_object_mib = {max_object_mib}
durability = "none"
[jobs]
workers = 1
threads = 1
device = "cpu"
attempts = {attempts}
backoff_s = 0.1
memory_limit_mib = {memory_limit_mib}
[log]
json_lines = true
"""


@dataclass(frozen=True)
class HostedNode:
    """A running node.

    Attributes
    ----------
    folder
        Its data folder, with ``node.toml`` and ``log``.
    """

    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    def echo(self) -> bool:
        """Tell whether it answers C-ECHO."""
        association = self._associate(VERIFICATION, "1.2.840.10008.1.2")
        answer = association.send_c_echo()
        association.release()
        return int(answer.Status) == 0x0000

    def store(self, content: bytes, sop_class: str, uid: str) -> int | None:
        """Send the data set of a file byte for byte; return the status."""
        file = open_file(content)
        association = self._associate(sop_class, file.transfer_syntax_uid)
        status = send(association, file.dataset, uid=uid)
        association.release()
        return status

    def drop(self, content: bytes, name: str) -> None:
        """Lay a file into the drop folder, as a careful program does."""
        hidden = self.folder / "drop" / f".{name}"
        hidden.write_bytes(content)
        hidden.rename(self.folder / "drop" / name)

    def send_files(self, paths: list[Path]) -> None:
        """Send good files, one after the other."""
        for path in paths:
            content = path.read_bytes()
            identity = _identity(content)
            assert self.store(content, *identity) == 0x0000

    def jobs(self) -> dict[str, JobRow]:
        """Return the job of each study, by Study Instance UID."""
        with closing(Ledger(self.folder, read_only=True)) as ledger:
            return {job.study_instance_uid: job for job in ledger.jobs.listing()}

    def studies(self) -> set[str]:
        """Return the studies that the ledger knows."""
        with closing(Ledger(self.folder, read_only=True)) as ledger:
            sql = "SELECT study_instance_uid AS uid FROM studies"
            return {row["uid"] for row in ledger.database.read(sql)}

    def outcomes(self, studies: set[str], within_s: float = 120.0) -> dict[str, JobRow]:
        """Wait until each of these studies has its outcome, and return the jobs."""

        def ended() -> dict[str, JobRow]:
            jobs = self.jobs()
            done = all(uid in jobs and jobs[uid].state in ENDED for uid in studies)
            return {uid: jobs[uid] for uid in studies} if done else {}

        return eventually(ended, within_s) if studies else {}

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the log lines of one event."""
        lines = (self.folder / "log").read_text(encoding="utf-8").splitlines()
        events = [json.loads(line) for line in lines if line.startswith("{")]
        return [event for event in events if event["event"] == name]

    def tripped(self) -> str:
        """Return who tried to decode in the receiving process; "" when nobody did."""
        path = self.folder / TRIPPED
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def memory_mib(self) -> dict[str, int]:
        """Return what is resident in ``node``, and in the ``workers`` with forkserver.

        Shared pages count in parts (PSS), so that the sum is what the machine gave.
        """
        used: Counter[str] = Counter()
        for pid in _tree(self.process.pid):
            kind = "node" if pid == self.process.pid else "workers"
            used[kind] += _pss_kib(pid)
        return {kind: kib // 1024 for kind, kib in used.items()}

    def _associate(self, sop_class: str, syntax: str) -> Any:
        ae = AE(ae_title="HOSTILE")
        ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 30
        ae.add_requested_context(sop_class, [syntax])
        association = ae.associate("127.0.0.1", self.port, ae_title="HIPPOAI")
        assert association.is_established
        return association


@contextmanager
def hosted_node(
    folder: Path,
    *,
    attempts: int = 1,
    memory_limit_mib: int = 6144,
    max_object_mib: int = 2048,
) -> Iterator[HostedNode]:
    """Run a node in ``folder``; no archive answers it."""
    port = free_port()
    settings = NODE_TOML.format(
        port=port,
        folder=folder,
        nobody=free_port(),
        attempts=attempts,
        memory_limit_mib=memory_limit_mib,
        max_object_mib=max_object_mib,
    )
    (folder / "node.toml").write_text(settings, encoding="utf-8")
    with (
        (folder / "log").open("wb") as log,
        ended_with_the_test(
            subprocess.Popen(
                [sys.executable, "-m", "tests.hostile.serve", str(folder)],
                cwd=ROOT,
                stdout=log,
                stderr=log,
                env={**os.environ, "OMP_NUM_THREADS": "1", "TCP_NODELAY": "1"},
            )
        ) as process,
    ):
        node = HostedNode(folder, port, process)
        try:
            eventually(lambda: node.events("listening"), within_s=60)
            yield node
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def _identity(content: bytes) -> tuple[str, str]:
    from node.inbound.dataset import identify

    file = open_file(content)
    identity = identify(file.dataset, file.transfer_syntax_uid, 1 << 31)
    return identity.sop_class_uid, identity.sop_instance_uid


def _tree(root: int) -> list[int]:
    """Return a process and everything below it."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text("ascii", "replace").rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        parents[int(path.parent.name)] = int(fields[1])
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def _pss_kib(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
    except OSError:
        return 0
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
