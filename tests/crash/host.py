"""A node in a process of its own that can be killed and started again."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any

from node.config import Settings
from node.jobs.ledger import Ledger
from node.jobs.ledger_jobs import JobRow
from tests.crash.serve import FOLDER
from tests.crash.stand_in import FAULTS, READINGS
from tests.pacs.archive import free_settings, until
from tests.processes import ended_with_the_test

ROOT = Path(__file__).parents[2]


def crash_settings(folder: Path, **sections: dict[str, Any]) -> Settings:
    """Return settings on free ports with waits of a fraction of a second.

    A lost attempt costs 0.1 s and not 5, a failed delivery 0.1 to 1 s and not 2 to
    300: a second of these tests stands for a minute or more in a hospital.
    """
    chosen: dict[str, dict[str, Any]] = {
        "inbound": {"quiet_s": 3.0, "min_free_mib": 0},
        # A kill costs the job that was running one attempt, and there are many.
        "jobs": {"workers": 1, "backoff_s": 0.1, "attempts": 10, "device": "cpu"},
        "send": {"backoff_s": 0.1, "backoff_max_s": 1.0, "timeout_s": 5.0},
        "log": {"json_lines": True},
    }
    for name, section in sections.items():
        chosen[name] = {**chosen.get(name, {}), **section}
    return free_settings(folder, **chosen)


class Host:
    """Starts, kills and starts again one node over one folder.

    Parameters
    ----------
    folder
        Of the test: ``node.toml``, ``node.log``, what is armed, faults, readings.
    settings
        Of the node; its data folder may be another one.
    """

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder = folder
        self.settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        (folder / FAULTS).mkdir(parents=True, exist_ok=True)
        (folder / "node.toml").write_text(_toml(settings), encoding="utf-8")

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The process that was started last."""
        assert self._process is not None
        return self._process

    def start(self, *, wait: bool = True) -> None:
        """Start the node and, unless told otherwise, wait until it listens."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.serve"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={
                **os.environ,
                FOLDER: str(self.folder),
                "OMP_NUM_THREADS": "1",
                "TCP_NODELAY": "1",
            },
            start_new_session=True,
        )
        assert self._process.stdout is not None
        copying = (self._process.stdout, self.folder / "node.log")
        threading.Thread(target=_copy, args=copying, daemon=True).start()
        if wait:
            until(self.listens, "the node", timeout_s=60)

    def listens(self) -> bool:
        """Tell whether the node takes connections.

        Raises
        ------
        RuntimeError
            Its process has ended.
        """
        if self.process.poll() is not None:
            raise RuntimeError(f"the node ended:\n{self.log()[-2000:]}")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.settings.node.port)) == 0

    def kill(self, *, with_workers: bool) -> None:
        """End the node at once: alone, or as a power cut does it."""
        if with_workers:
            os.killpg(self.process.pid, signal.SIGKILL)
        else:
            self.process.kill()
        self.process.wait(10)

    def was_killed(self) -> bool:
        """Tell whether the node has died of SIGKILL; any other end is an error."""
        code = self.process.poll()
        assert code in {None, -signal.SIGKILL}, self.log()[-2000:]
        return code is not None

    def stop(self) -> None:
        """End it as an administrator does, if it runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            with ended_with_the_test(self._process):
                self._process.wait(60)

    def limit_file_size(self, largest: int) -> None:
        """Let the kernel refuse the node every byte beyond ``largest`` of a file."""
        _, hard = resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (largest, hard))

    def fault(self, study_instance_uid: str, what: str) -> Path:
        """Ask the model for a fault; it lasts until the returned file is removed."""
        path = self.folder / FAULTS / study_instance_uid
        path.write_text(what, encoding="utf-8")
        return path

    def readings(self, study_instance_uid: str) -> list[int]:
        """Return the processes that began to read a study, in order."""
        path = self.folder / READINGS / study_instance_uid
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        return [int(line) for line in text.splitlines()]

    def jobs(self) -> dict[str, JobRow]:
        """Return what the ledger says; to wait for and to print, never to judge by."""
        data_dir = self.settings.node.data_dir
        with closing(Ledger(data_dir, read_only=True)) as ledger:
            return {job.study_instance_uid: job for job in ledger.jobs.listing()}

    def log(self) -> str:
        """Return what the node has written."""
        return (self.folder / "node.log").read_text(encoding="utf-8", errors="replace")

    def last_event(self) -> str:
        """Return the name of the last event in the log."""
        lines = [line for line in self.log().splitlines() if line.startswith("{")]
        return str(json.loads(lines[-1])["event"]) if lines else "nothing"


def _copy(lines: IO[bytes], path: Path) -> None:
    """Keep the log on a disk that is never full."""
    with lines, path.open("ab") as log:
        for line in lines:
            log.write(line)
            log.flush()


@contextmanager
def hosted(folder: Path, settings: Settings) -> Iterator[Host]:
    """Run a node; whatever runs at the end is ended, its workers too."""
    host = Host(folder, settings)
    try:
        host.start()
        yield host
    finally:
        host.stop()


def _toml(settings: Settings) -> str:
    """Return the settings that are not defaults; JSON values are TOML values."""
    sections: dict[str, dict[str, Any]] = settings.model_dump(
        mode="json", exclude_unset=True
    )
    return "\n".join(
        f"[{name}]\n" + "".join(f"{k} = {json.dumps(v)}\n" for k, v in section.items())
        for name, section in sections.items()
    )
