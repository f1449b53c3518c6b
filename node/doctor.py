"""The doctor: what is wrong with this installation, where, and what to do."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import models
from models.volume.bundle import BundleError, load_bundle
from node.app import archive_of
from node.config import Settings
from node.errors import NodeError
from node.jobs.ledger import LEDGER_FILE, Ledger
from node.jobs.request import bundle_of
from node.send.scu import Peer, echo


@dataclass(frozen=True)
class Finding:
    """One thing that was examined; ``remedy`` is empty when it is good."""

    subject: str
    good: bool
    found: str
    remedy: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Examine everything that the node needs; nothing is changed."""
    checks: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
        _data_dir,
        _disk,
        _ledger,
        _weights,
        _port,
        _destinations,
        _archive,
    )
    return [finding for check in checks for finding in check(settings)]


def _data_dir(settings: Settings) -> Iterator[Finding]:
    folder = _existing(settings.node.data_dir)
    good = os.access(folder, os.W_OK | os.X_OK)
    yield Finding(
        "data folder",
        good,
        f"{settings.node.data_dir} is {'' if good else 'not '}writable",
        "" if good else "[node] data_dir = a folder that this user can write",
    )


def _disk(settings: Settings) -> Iterator[Finding]:
    free = shutil.disk_usage(_existing(settings.node.data_dir)).free // 2**20
    mark = settings.inbound.min_free_mib
    good = free > mark
    yield Finding(
        "disk",
        good,
        f"{free} MiB free, mark {mark} MiB",
        "" if good else "free space, or lower [inbound] min_free_mib",
    )


def _ledger(settings: Settings) -> Iterator[Finding]:
    if not (settings.node.data_dir / LEDGER_FILE).is_file():
        yield Finding("ledger", True, "none yet; the node makes one at its first start")
        return
    try:
        Ledger(settings.node.data_dir, read_only=True).close()
    except NodeError as error:
        yield Finding("ledger", False, str(error), "use the matching pacs-ai-node")
    else:
        yield Finding("ledger", True, "readable")


def _weights(settings: Settings) -> Iterator[Finding]:
    for name in models.MODELS:
        folder = bundle_of(settings, name) or models.bundle_folder(name)
        try:
            bundle = load_bundle(folder)
        except BundleError as error:
            remedy = f"[models.{name}] bundle = a folder that `pacs-model train` made"
            yield Finding(f"model {name}", False, str(error), remedy)
        else:
            yield Finding(
                f"model {name}",
                True,
                f"version {bundle.version}, {bundle.status}, weights "
                f"{bundle.weights_digest[:12]}",
            )


def _port(settings: Settings) -> Iterator[Finding]:
    node = settings.node
    us = Peer(node.ae_title, node.listen, node.port)
    try:
        echo(us, node.ae_title, settings.archive.timeout_s)
    except NodeError:
        yield _free_port(node.listen, node.port)
    else:
        yield Finding("DICOM port", True, f"a node answers at {us}")


def _free_port(listen: str, port: int) -> Finding:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((listen, port))
        except OSError as error:
            found = f"{listen}:{port}: {error.strerror}"
            return Finding("DICOM port", False, found, "[node] port = a free port")
    return Finding("DICOM port", True, f"{listen}:{port} is free; no node runs")


def _destinations(settings: Settings) -> Iterator[Finding]:
    for destination in settings.destinations:
        peer = Peer(destination.ae_title, destination.host, destination.port)
        try:
            echo(peer, settings.node.ae_title, settings.archive.timeout_s)
        except NodeError as error:
            remedy = (
                "start it (./launch_orthanc.sh), and name "
                f"{settings.node.ae_title} among its modalities"
            )
            yield Finding(f"destination {peer}", False, str(error), remedy)
        else:
            yield Finding(f"destination {peer}", True, "answers C-ECHO")


def _archive(settings: Settings) -> Iterator[Finding]:
    try:
        archive_of(settings).echo()
    except NodeError as error:
        remedy = "[archive] host and ports; rest = false asks by C-FIND alone"
        yield Finding("archive questions", False, str(error), remedy)
    else:
        way = "REST" if settings.archive.rest else "C-FIND"
        yield Finding("archive questions", True, f"answered by {way}")


def _existing(path: Path) -> Path:
    """Return the path or its nearest parent that exists."""
    path = path.absolute()
    while not path.exists():
        path = path.parent
    return path
