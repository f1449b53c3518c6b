"""Nothing acknowledged is lost: kill -9, a full disk; judged by the sender's list."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage
from pynetdicom import AE, evt

from node.config import InboundSettings
from node.errors import NoSpaceError
from node.inbound.spool import Spool
from node.inbound.watcher import Watcher
from node.jobs.ledger import Ledger
from tests.node.inbound.objects import (
    build_instance,
    encoded,
    eventually,
    sent,
)
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[3]

Serve = Callable[..., tuple[subprocess.Popen[bytes], int]]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Return a function that starts a receiving program below ``tmp_path``."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: int) -> tuple[subprocess.Popen[bytes], int]:
        port = free_port()
        command = [sys.executable, "-m", "tests.node.inbound.serve", str(tmp_path)]
        process = subprocess.Popen(
            [*command, str(port), *map(str, arguments)],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        started.append(process)
        eventually(lambda: _listens(port), within_s=30)
        return process, port

    yield start
    for process in started:
        process.kill()
        process.wait(10)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def associate(port: int) -> Any:
    """Open an association as a scanner."""
    ae = AE(ae_title="SCANNER")
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 3
    ae.add_requested_context(CTImageStorage)
    return ae.associate(
        "127.0.0.1",
        port,
        ae_title="HIPPOAI",
        evt_handlers=[(evt.EVT_CONN_OPEN, _no_delay)],
    )


def _no_delay(event: evt.Event) -> None:
    connection: Any = event.assoc.dul.socket
    connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def send_until_it_breaks(port: int, acknowledged: list[Dataset]) -> None:
    """Send images of one study, noting each that was acknowledged."""
    association = associate(port)
    while association.is_established:
        ds = build_instance("1.2", PixelData=os.urandom(100_000), BitsAllocated=8)
        ds["PixelData"].VR = "OB"
        try:
            status = association.send_c_store(ds)
        except (RuntimeError, ValueError):
            return
        if status.get("Status") == 0x0000:
            acknowledged.append(ds)


@pytest.mark.parametrize("killed_after_s", [0.2, 0.5, 0.9])
def test_after_kill_9_every_acknowledged_instance_is_complete(
    serve: Serve, tmp_path: Path, killed_after_s: float
) -> None:
    """Two senders stream, the node is killed; a new one finds everything."""
    process, port = serve()
    lists: list[list[Dataset]] = [[], []]
    senders = [
        threading.Thread(target=send_until_it_breaks, args=(port, each))
        for each in lists
    ]
    for sender in senders:
        sender.start()
    eventually(lambda: all(lists))
    time.sleep(killed_after_s)
    process.send_signal(signal.SIGKILL)
    for sender in senders:
        sender.join(30)
    acknowledged = {ds.SOPInstanceUID: ds for each in lists for ds in each}

    settings = InboundSettings(min_free_mib=0)
    ledger = Ledger(tmp_path)
    watcher = Watcher(settings, ledger, Spool(tmp_path / "spool", settings), None,
                      models=())  # fmt: skip
    watcher.recover()
    paths = ledger.studies.files("1.2")
    ledger.close()

    held = {str(ds.SOPInstanceUID): ds for ds in map(dcmread, paths)}
    assert len(acknowledged) > 2
    for uid, ds in acknowledged.items():
        assert held[uid].PixelData == ds.PixelData


def test_a_disk_that_takes_only_a_part_answers_a700_and_keeps_nothing(
    serve: Serve, tmp_path: Path
) -> None:
    """The kernel itself stops the write half-way (a limit on the size of files)."""
    _, port = serve(512 * 1024)
    association = associate(port)
    small = build_instance()
    large = build_instance(PixelData=bytes(1 << 20), BitsAllocated=8)
    large["PixelData"].VR = "OB"

    answers = [association.send_c_store(ds).Status for ds in (small, large, small)]
    association.release()

    assert answers == [0x0000, 0xA700, 0x0000]
    (path,) = [p for p in (tmp_path / "spool").rglob("*") if p.is_file()]
    assert dcmread(path) == small


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of 512 KiB, where this user may."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False).returncode != 0:
        pytest.skip("only root may mount; the limit on file size is tested above")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)  # noqa: S607 - the system's


def test_a_full_disk_refuses_and_takes_again_when_there_is_room(
    small_disk: Path,
) -> None:
    """Every object that was taken is whole; no leftover holds the space."""
    spool = Spool(small_disk / "spool", InboundSettings(min_free_mib=0))
    kept = []
    refused = None
    while refused is None:
        ds = build_instance(PixelData=os.urandom(50_000), BitsAllocated=8)
        ds["PixelData"].VR = "OB"
        try:
            kept.append((spool.store(encoded(ds), sent(ds)).instance, ds))
        except NoSpaceError:
            refused = ds

    assert 3 < len(kept) < 12
    for instance, ds in kept:
        assert dcmread(instance.path).PixelData == ds.PixelData
    kept[0][0].path.unlink()
    assert spool.store(encoded(refused), sent(refused)).is_new
