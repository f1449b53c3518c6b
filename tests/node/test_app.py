"""Starting and stopping a node, also when it cannot start."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import models
from node.app import Node, enabled_bundles
from node.config import Settings
from node.errors import ConfigError
from node.jobs.job import Failed, JobState
from node.jobs.ledger import Ledger
from node.send.outbox import destination_name
from tests.node.jobs.ledger_stories import T0, queue, result
from tests.node.jobs.pools import wait_until
from tests.ports import free_port
from tests.processes import ended_with_the_test


@contextmanager
def taken_port() -> Iterator[int]:
    """Listen on a free port while the block runs."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def settings(data_dir: Path, port: int) -> Settings:
    """Return the settings of a small node that asks nobody."""
    return Settings.model_validate(
        {
            "node": {"data_dir": data_dir, "port": port},
            "archive": {"dicom_port": free_port(), "http_port": free_port()},
            "jobs": {"device": "cpu"},
        }
    )


def running_job(data_dir: Path) -> None:
    """Leave a ledger in which a job runs, and a file that is being received."""
    data_dir.mkdir()
    ledger = Ledger(data_dir)
    queue(ledger, models=["hippocampus"])
    ledger.jobs.claim(T0)
    ledger.close()
    incoming = data_dir / "spool" / ".incoming"
    incoming.mkdir(parents=True)
    (incoming / "123-0").touch()


def untouched(data_dir: Path) -> bool:
    """Return whether a node has left job and file alone."""
    ledger = Ledger(data_dir, read_only=True)
    states = [job.state for job in ledger.jobs.listing()]
    ledger.close()
    received = (data_dir / "spool" / ".incoming" / "123-0").exists()
    return states == [JobState.RUNNING] and received


def test_a_taken_port_ends_the_start_before_anything_is_touched(
    tmp_path: Path,
) -> None:
    """The node that has the port may be the one whose folder this is."""
    running_job(tmp_path / "var")

    with taken_port() as port:
        node = Node(settings(tmp_path / "var", port))
        with pytest.raises(ConfigError, match=r"\[node\] listen and port"):
            node.start()
        node.stop()

    assert untouched(tmp_path / "var")


def test_a_second_node_over_one_folder_touches_nothing(tmp_path: Path) -> None:
    """It says who has the folder, and the first goes on."""
    running_job(tmp_path / "var")
    first = Node(settings(tmp_path / "var", free_port()))

    with pytest.raises(ConfigError, match="in use by another pacs-node"):
        Node(settings(tmp_path / "var", free_port()))

    first.stop()
    assert untouched(tmp_path / "var")
    Node(settings(tmp_path / "var", free_port())).stop()


def test_a_start_takes_care_of_deliveries_to_an_archive_that_moved(
    tmp_path: Path,
) -> None:
    """Its port was changed in the settings while a result was on its way."""
    running_job(tmp_path / "var")
    ledger = Ledger(tmp_path / "var")
    ledger.jobs.report(1, result(), ["ORTHANC@127.0.0.1:4242"], T0)
    ledger.close()
    node = Node(settings(tmp_path / "var", free_port()))

    node.start()
    found = node.ledger.deliveries.of_job(1)
    node.stop()

    (archive,) = node.settings.destinations
    assert {d.destination for d in found} == {destination_name(archive)}


def test_a_start_that_fails_ends_the_process(tmp_path: Path) -> None:
    """One line says why; no thread holds the process."""
    with taken_port() as port:
        done = subprocess.run(
            [sys.executable, "-m", "node", "run"],
            env=os.environ
            | {
                "PACS_NODE_NODE__DATA_DIR": str(tmp_path / "var"),
                "PACS_NODE_NODE__PORT": str(port),
            },
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("pacs-node: [node] listen and port")
    assert "Traceback" not in done.stderr


@contextmanager
def serving(folder: Path, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """Run a node in a process group of its own; it listens."""
    process = subprocess.Popen(
        [sys.executable, "-m", "node", "run"],
        env=os.environ
        | {
            "PACS_NODE_NODE__DATA_DIR": str(folder / "var"),
            "PACS_NODE_NODE__PORT": str(free_port()),
            "PACS_NODE_ARCHIVE__DICOM_PORT": str(free_port()),
            "PACS_NODE_ARCHIVE__HTTP_PORT": str(free_port()),
            "PACS_NODE_JOBS__DEVICE": "cpu",
        }
        | environment,
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with ended_with_the_test(process):
        assert process.stderr is not None
        while "listening" not in process.stderr.readline():
            assert process.poll() is None, "the node ended"
        yield process


def test_a_signal_stops_a_running_node(tmp_path: Path) -> None:
    """Service managers send SIGTERM; the exit is clean."""
    with serving(tmp_path) as process:
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)

    assert process.returncode == 0
    assert "Traceback" not in errors


def has_processes(group: int) -> bool:
    """Return whether any process of a group is there."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


SLOW_IMPORT = """
import sys, time

class Slow:
    def find_spec(self, name, path, target=None):
        if name == "torch":
            time.sleep(60)

sys.meta_path.insert(0, Slow())
"""


def test_a_signal_does_not_wait_for_workers_that_start(tmp_path: Path) -> None:
    """Torch takes a minute to load on a busy machine; no process stays behind."""
    (tmp_path / "sitecustomize.py").write_text(SLOW_IMPORT, encoding="utf-8")
    path = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2])])
    with serving(tmp_path, PYTHONPATH=path) as process:
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=20)

    assert process.returncode == 0
    assert "Traceback" not in errors
    wait_until(lambda: not has_processes(process.pid), seconds=10)


def test_a_stage_that_fails_to_stop_keeps_no_other_from_it(tmp_path: Path) -> None:
    """The ledger is closed and the folder free, whatever went wrong before."""
    node = Node(settings(tmp_path / "var", free_port()))
    stop_schedule = node.schedule.stop

    def fail() -> None:
        stop_schedule()
        raise RuntimeError("stuck")

    node.schedule.stop = fail  # type: ignore[method-assign]  # the fault injected
    node.start()

    with pytest.raises(RuntimeError, match="stuck"):
        node.stop()

    Node(settings(tmp_path / "var", free_port())).stop()


def bundle_of_status(folder: Path, status: str) -> Path:
    """Copy the shipped bundle of a model with another status."""
    shutil.copytree(models.bundle_folder("hippocampus"), folder)
    card = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
    (folder / "bundle.json").write_text(json.dumps(card | {"status": status}))
    return folder


@pytest.mark.parametrize(
    ("status", "allowed", "speaks"),
    [
        ("research", False, True),
        ("demonstration", False, False),
        ("demonstration", True, True),
    ],
)
def test_a_demonstration_speaks_on_the_wire_only_when_allowed(
    tmp_path: Path, status: str, allowed: bool, speaks: bool
) -> None:
    """Nobody in a clinic is shown one by accident."""
    bundle = bundle_of_status(tmp_path / "bundle", status)
    settings = Settings.model_validate(
        {"models": {"allow_demonstration": allowed, "hippocampus": {"bundle": bundle}}}
    )

    assert ("hippocampus" in enabled_bundles(settings)) is speaks


def test_a_rule_of_the_site_is_told_at_start_and_in_force_everywhere(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What is fetched from the archive follows it too."""
    accept = {"modality": "CT", "max_slices": 90}
    settings = Settings.model_validate({"models": {"hippocampus": {"accept": accept}}})

    (bundle,) = enabled_bundles(settings).values()
    told = capsys.readouterr()
    (shipped,) = enabled_bundles(Settings()).values()

    assert (bundle.acceptance.modality, bundle.acceptance.max_slices) == ("CT", 90)
    assert "rule_of_this_site" in told.out + told.err
    assert "modality, max_slices" in told.out + told.err
    assert shipped.acceptance.modality == "MR"
    assert "rule_of_this_site" not in "".join(capsys.readouterr())


def demonstration(data_dir: Path, *, allowed: bool) -> Settings:
    """Return the settings of a node whose only model is a demonstration."""
    bundle = bundle_of_status(data_dir.parent / f"bundle {allowed}", "demonstration")
    models = {"allow_demonstration": allowed, "hippocampus": {"bundle": bundle}}
    return settings(data_dir, free_port()).model_copy(
        update={"models": Settings.model_validate({"models": models}).models}
    )


@pytest.mark.parametrize("allowed", [False, True])
def test_a_job_that_was_queued_before_asks_a_demonstration_only_when_allowed(
    tmp_path: Path, allowed: bool
) -> None:
    """Also one that `pacs-node retry` queued again (docs/promises.md 11)."""
    data_dir = tmp_path / "var"
    data_dir.mkdir()
    node = Node(demonstration(data_dir, allowed=allowed))
    (queued,) = queue(node.ledger, models=["hippocampus"])
    first = node.request(queued)
    node.ledger.jobs.claim(T0)
    node.ledger.jobs.fail(queued.job_id, Failed("internal_error", ""), T0)
    node.ledger.repeats.queue_again([queued.job_id], T0, None)
    again = node.request(node.ledger.jobs.get(queued.job_id))
    node.stop()

    assert first.may_demonstrate is again.may_demonstrate is allowed


@pytest.mark.parametrize("allowed", [False, True])
def test_what_a_demonstration_made_waits_for_no_archive_when_it_is_off(
    tmp_path: Path, allowed: bool
) -> None:
    """A site that takes its leave back is sent nothing more."""
    data_dir = tmp_path / "var"
    data_dir.mkdir()
    node = Node(demonstration(data_dir, allowed=allowed))
    (queued,) = queue(node.ledger, models=["hippocampus"])
    node.ledger.jobs.claim(T0)
    (place,) = map(destination_name, node.settings.destinations)
    node.ledger.jobs.report(queued.job_id, result(), [place], T0)
    node.start()
    node.stop()
    ledger = Ledger(data_dir, read_only=True)
    details = {delivery.detail for delivery in ledger.deliveries.of_job(queued.job_id)}
    ledger.close()

    assert ("demonstration_off" in details) is not allowed
