"""How faults are seeded: settings that are wrong, and neighbours that are.

A seed makes one thing wrong, yields the settings to examine, and clears up.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import requests

import models
from node.config import Settings
from node.jobs.ledger import LEDGER_FILE, Ledger
from node.lock import FolderLock
from orthanc.render import run_folder, write_viewer
from orthanc.viewer import ViewerServer, site_of
from tests.models.hippocampus.interpretation.norms.site import calibrated
from tests.node.doctor.grounds import (
    Ground,
    dicom_node,
    served,
    talking_http,
    talking_tls,
)
from tests.ports import free_ports

Seed = Callable[[Ground], AbstractContextManager[Settings]]
OTHER = "OTHERNODE"
"""AE title of a node that is not the one examined."""


def setting(**sections: dict[str, Any]) -> Seed:
    """Seed by settings alone."""
    return lambda ground: nullcontext(ground.settings(**sections))


def beside(**sections: dict[str, Any]) -> Seed:
    """Seed by settings beside the running archive."""
    return lambda ground: nullcontext(ground.beside(ground.archive, **sections))


@contextmanager
def below_a_file(ground: Ground) -> Iterator[Settings]:
    """Name a data folder whose parent is a file."""
    (ground.folder / "file").write_text("")
    yield ground.settings(node={"data_dir": ground.folder / "file" / "var"})


@contextmanager
def no_ledger(ground: Ground) -> Iterator[Settings]:
    """Leave something else in the ledger's place."""
    settings = ground.settings()
    settings.node.data_dir.mkdir()
    (settings.node.data_dir / LEDGER_FILE).write_text("no database at all")
    yield settings


def schema(version: int) -> Seed:
    """Make a ledger of another schema version."""

    @contextmanager
    def seed(ground: Ground) -> Iterator[Settings]:
        settings = ground.settings()
        settings.node.data_dir.mkdir()
        Ledger(settings.node.data_dir).close()
        connection = sqlite3.connect(settings.node.data_dir / LEDGER_FILE)
        connection.execute(f"PRAGMA user_version = {version}")
        connection.close()
        yield settings

    return seed


def calibration(
    *,
    bias_mm3: float | None = None,
    norm_sha256: str | None = None,
    weights_sha256: str | None = None,
) -> Seed:
    """Put a calibration into force: changed before, or after, it is hashed."""

    @contextmanager
    def seed(ground: Ground) -> Iterator[Settings]:
        content = calibrated(40, norm_sha256, weights_sha256).as_json()
        if bias_mm3 is not None:
            content["entries"][0]["bias_mm3"]["value"] = bias_mm3
        path = ground.folder / "calibration.json"
        path.write_text(json.dumps(content))
        yield ground.settings(models={"hippocampus": {"calibration": path}})

    return seed


@contextmanager
def changed_weights(ground: Ground) -> Iterator[Settings]:
    """Change one byte of the weights of a bundle of the site's own."""
    bundle = ground.folder / "bundle"
    shutil.copytree(models.bundle_folder("hippocampus"), bundle)
    weights = next(bundle.rglob("*.safetensors"))
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.chmod(0o600)
    weights.write_bytes(content)
    yield ground.settings(models={"hippocampus": {"bundle": bundle}})


@contextmanager
def http_at_node(ground: Ground) -> Iterator[Settings]:
    """Let a web server have the node's port."""
    settings = ground.settings()
    with talking_http(settings.node.port):
        yield settings


def dicom_at_node(title: str, **manner: Any) -> Seed:
    """Let another DICOM program have the node's port."""

    @contextmanager
    def seed(ground: Ground) -> Iterator[Settings]:
        settings = ground.settings()
        with dicom_node(title, settings.node.port, **manner):
            yield settings

    return seed


@contextmanager
def deaf_node(ground: Ground) -> Iterator[Settings]:
    """Hold the lock of the data folder and listen nowhere."""
    settings = ground.settings()
    settings.node.data_dir.mkdir()
    lock = FolderLock(settings.node.data_dir)
    lock.acquire()
    try:
        yield settings
    finally:
        lock.release()


@contextmanager
def http_at_archive(ground: Ground) -> Iterator[Settings]:
    """Let a web server have the archive's DICOM port."""
    settings = ground.settings()
    with talking_http(settings.archive.dicom_port):
        yield settings


def dicom_at_archive(title: str, **manner: Any) -> Seed:
    """Let a DICOM node without REST be the archive; it answers no C-FIND."""

    @contextmanager
    def seed(ground: Ground) -> Iterator[Settings]:
        settings = ground.settings()
        with dicom_node(title, settings.archive.dicom_port, **manner):
            yield settings

    return seed


@contextmanager
def refusing_destination(ground: Ground) -> Iterator[Settings]:
    """Send results to a DICOM node that knows only others."""
    (port,) = free_ports(1)
    place = {"ae_title": "PACS2", "host": "127.0.0.1", "port": port}
    with dicom_node("PACS2", port, calling=("FRIEND",)):
        yield ground.settings(send={"destinations": (place,)})


@contextmanager
def tls_as_rest(ground: Ground) -> Iterator[Settings]:
    """Let something that speaks TLS have the place of Orthanc's REST API."""
    settings = ground.settings(archive={"rest": True})
    with talking_tls(settings.archive.http_port):
        yield settings


def http_as_rest(answers: dict[str, Any]) -> Seed:
    """Let a web server have the place of Orthanc's REST API."""

    @contextmanager
    def seed(ground: Ground) -> Iterator[Settings]:
        settings = ground.settings(archive={"rest": True})
        with talking_http(settings.archive.http_port, answers):
            yield settings

    return seed


@contextmanager
def http_as_viewer(ground: Ground) -> Iterator[Settings]:
    """Let a web server have the viewer's port."""
    settings = ground.settings()
    with talking_http(settings.viewer.port):
        yield settings


def viewer_of(title: str) -> Seed:
    """Serve a viewer that was configured for an archive of that title, now gone."""

    @contextmanager
    def seed(ground: Ground) -> Iterator[Settings]:
        settings = ground.settings()
        (ground.folder / "index.html").write_text("")
        archive = settings.archive.model_copy(update={"ae_title": title})
        theirs = settings.model_copy(update={"archive": archive})
        write_viewer(theirs, run_folder(settings))
        site = site_of(theirs, ground.folder, loopback_only=True)
        with served(ViewerServer(("127.0.0.1", settings.viewer.port), site)):
            yield settings

    return seed


def modality(**changes: Any) -> Seed:
    """Change what the running Orthanc knows of the node, and change it back."""

    @contextmanager
    def seed(ground: Ground) -> Iterator[Settings]:
        assert ground.archive is not None
        known = ground.archive.get("/modalities?expand")["ai-node"]
        address = f"{ground.archive.url}/modalities/ai-node"
        requests.put(address, json={**known, **changes}, timeout=10).raise_for_status()
        try:
            yield ground.beside(ground.archive)
        finally:
            requests.put(address, json=known, timeout=10).raise_for_status()

    return seed


@contextmanager
def without_password(ground: Ground) -> Iterator[Settings]:
    """Ask an Orthanc that wants a password without one."""
    settings = ground.beside(ground.foreign)
    yield settings.model_copy(update={"archive_user": ""})


@contextmanager
def script_of_another(ground: Ground) -> Iterator[Settings]:
    """Be known to an Orthanc whose script routes to another node."""
    settings = ground.beside(ground.foreign, node={"ae_title": "HIPPOAI"})
    assert ground.foreign is not None
    node = {"AET": "HIPPOAI", "Host": "127.0.0.1", "Port": settings.node.port}
    address = f"{ground.foreign.url}/modalities/second"
    password = settings.archive_password.get_secret_value()
    auth = (settings.archive_user, password)
    requests.put(address, json=node, auth=auth, timeout=10).raise_for_status()
    yield settings


def bare(ground: Ground) -> AbstractContextManager[Settings]:
    """Examine the Orthanc without script and plugins."""
    return nullcontext(ground.beside(ground.bare))
