"""Every fault that the doctor names: how it is seeded, and what is said about it.

``python -m tests.node.doctor.faults`` prints the table.
"""

from __future__ import annotations

import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import requests

import models
from node.config import Settings
from node.doctor import State
from node.jobs.ledger import LEDGER_FILE, Ledger
from node.lock import FolderLock
from orthanc.render import run_folder, write_viewer
from orthanc.viewer import ViewerServer, site_of
from tests.node.doctor.grounds import (
    Ground,
    dicom_node,
    served,
    talking_http,
    talking_tls,
)
from tests.pacs.archive import free_ports

Seed = Callable[[Ground], AbstractContextManager[Settings]]
OTHER = "OTHERNODE"


@dataclass(frozen=True)
class Fault:
    """A fault, and what the doctor has to say about it.

    Attributes
    ----------
    name
        What is wrong, in words.
    seed
        Makes it so and yields the settings to examine.
    subject
        Of the finding that has to turn.
    remedy
        Words that its remedy has to hold.
    state
        What it turns into.
    store
        Whether only ``--store`` can see it.
    """

    name: str
    seed: Seed
    subject: str
    remedy: str
    state: State = State.WRONG
    store: bool = False


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


OPEN = {"listen": "0.0.0.0"}  # noqa: S104 - the fault that is seeded
ALONE = (
    Fault(
        "the data folder lies where none can be made",
        setting(node={"data_dir": "/proc/x"}),
        "data folder",
        "data_dir = ",
    ),
    Fault("the data folder lies in a file", below_a_file, "data folder", "data_dir = "),
    Fault(
        "the disk is below its mark",
        setting(inbound={"min_free_mib": 2**40}),
        "disk",
        "min_free_mib = ",
    ),
    Fault("the ledger is no database", no_ledger, "ledger", "mv "),
    Fault(
        "the ledger is of a later program",
        schema(99),
        "ledger",
        "use the matching pacs-ai-node",
    ),
    Fault("the ledger is of an earlier program", schema(1), "ledger", "pacs-node run"),
    Fault(
        "a byte of the site's own weights changed",
        changed_weights,
        "model hippocampus",
        "bundle = ",
    ),
    Fault(
        "the site's own bundle is not there",
        setting(models={"hippocampus": {"bundle": "nowhere"}}),
        "model hippocampus",
        "bundle = ",
    ),
    Fault(
        "every model is switched off",
        setting(models={"hippocampus": {"enabled": False}}),
        "models",
        "enabled = true",
    ),
    Fault("a web server has the node's port", http_at_node, "DICOM port", "ss -ltnp"),
    Fault(
        "a DICOM node of another title has the node's port",
        dicom_at_node(OTHER),
        "DICOM port",
        "ss -ltnp",
    ),
    Fault(
        "what has the node's port answers to every title",
        dicom_at_node(OTHER, any_called=True),
        "DICOM port",
        "ss -ltnp",
    ),
    Fault(
        "a node of the same title works in another data folder",
        dicom_at_node("HIPPOAI"),
        "DICOM port",
        "stop that node",
    ),
    Fault(
        "the running node listens elsewhere", deaf_node, "DICOM port", "pacs-node run"
    ),
    Fault(
        "the address to listen at is another machine's",
        setting(node={"listen": "192.0.2.1"}),
        "DICOM port",
        'listen = "127.0.0.1"',
    ),
    Fault(
        "the archive's title is not among those that may send",
        setting(inbound={"allow_ae_titles": ["SCANNER"]}),
        "callers",
        'allow_ae_titles = ["SCANNER", "ORTHANC"]',
    ),
    Fault(
        "the archive's address is not among those that may send",
        setting(node=OPEN, inbound={"allow_addresses": ["10.1.0.0/16"]}),
        "callers",
        'allow_addresses = ["10.1.0.0/16", "127.0.0.1"]',
    ),
    Fault(
        "everybody on the network may send",
        setting(node=OPEN),
        "callers",
        'allow_addresses = ["127.0.0.1"]',
        State.ADVICE,
    ),
    Fault(
        "images leave the machine unencrypted",
        setting(node=OPEN),
        "certificates",
        "VPN",
        State.ADVICE,
    ),
    Fault(
        "the archive's host has no address",
        setting(archive={"host": "no-such-host.invalid"}),
        "archive",
        "getent hosts",
    ),
    Fault("the archive does not run", setting(), "archive", "./launch_orthanc.sh"),
    Fault(
        "a web server has the archive's DICOM port",
        http_at_archive,
        "archive",
        "dicom_port = ",
    ),
    Fault(
        "the archive goes by another title, without REST",
        dicom_at_archive("REALPACS"),
        "archive",
        "ae_title = ",
    ),
    Fault(
        "the archive does not know the node's title",
        dicom_at_archive("ORTHANC", calling=("FRIEND",)),
        "archive",
        '"ai-node": ["HIPPOAI", "127.0.0.1", ',
    ),
    Fault(
        "the archive answers C-ECHO and no questions",
        dicom_at_archive("ORTHANC"),
        "questions by C-FIND",
        "let HIPPOAI query",
    ),
    Fault(
        "a destination does not know the node's title",
        refusing_destination,
        "destination PACS2",
        "let HIPPOAI",
    ),
    Fault(
        "Orthanc's REST API does not answer",
        setting(archive={"rest": True}),
        "archive REST",
        "./launch_orthanc.sh",
    ),
    Fault(
        "another web server is at Orthanc's port",
        http_as_rest({}),
        "archive REST",
        "http_port = ",
    ),
    Fault(
        "Orthanc's REST API speaks HTTPS",
        tls_as_rest,
        "archive REST",
        '"SslEnabled": false',
    ),
    Fault(
        "the clocks are hours apart",
        http_as_rest({"/system": {"DicomAet": "X"}, "/tools/now": "20260101T000000"}),
        "clock",
        "set-ntp true",
    ),
    Fault(
        "a web server has the viewer's port", http_as_viewer, "viewer OHIF", "port = "
    ),
    Fault(
        "the viewer is configured for another archive",
        viewer_of("OLDPACS"),
        "viewer OHIF",
        "./launch_ohif.sh --stop; ./launch_ohif.sh",
    ),
    Fault(
        "the viewer does not reach the archive",
        viewer_of("ORTHANC"),
        "viewer OHIF",
        "./launch_ohif.sh --stop; ./launch_ohif.sh",
    ),
    Fault(
        "the test object cannot be deleted again",
        dicom_at_archive("ORTHANC"),
        "self-test object",
        "SOP Instance UID 2.25.",
        State.NOT_EXAMINED,
        store=True,
    ),
)
"""Seeded without an Orthanc."""

BESIDE_ORTHANC = (
    Fault(
        "the archive's title is written wrongly",
        beside(archive={"ae_title": "WRONG"}),
        "archive",
        'ae_title = "ORTHANC"',
    ),
    Fault(
        "the archive's DICOM port is written wrongly",
        beside(archive={"dicom_port": 1}),
        "archive",
        "dicom_port = ",
    ),
    Fault(
        "Orthanc knows no modality of the node's title",
        beside(node={"ae_title": OTHER}),
        "way back to the node",
        f'"ai-node": ["{OTHER}", "127.0.0.1", ',
    ),
    Fault(
        "Orthanc calls the node at another port",
        modality(Port=1),
        "way back to the node",
        "./launch_orthanc.sh --stop",
    ),
    Fault(
        "Orthanc calls the node at another address",
        modality(Host="127.0.0.9"),
        "way back to the node",
        "./launch_orthanc.sh --stop",
    ),
    Fault(
        "Orthanc takes no results from the node",
        modality(AllowStore=False),
        "way back to the node",
        "./launch_orthanc.sh --stop",
    ),
    Fault(
        "Orthanc refuses the test object",
        modality(AllowStore=False),
        "test C-STORE",
        "let HIPPOAI store",
        store=True,
    ),
    Fault(
        "Orthanc wants a password",
        without_password,
        "archive REST",
        "PACS_NODE_ARCHIVE_PASSWORD=",
    ),
    Fault("Orthanc has no DICOMweb", bare, "DICOMweb", "orthanc-dicomweb"),
    Fault(
        "the routing script is not loaded",
        bare,
        "routing script (Lua)",
        "LuaScripts",
        store=True,
    ),
    Fault(
        "the routing script is another node's",
        script_of_another,
        "routing script (Lua)",
        '"ai-node": ["HIPPOAI", ',
        store=True,
    ),
)
"""Seeded beside a running Orthanc."""


def main() -> None:
    """Print the table in Markdown."""
    sys.stdout.write(
        "| fault | what turns | into | the remedy holds |\n|---|---|---|---|\n"
    )
    for fault in (*ALONE, *BESIDE_ORTHANC):
        option = " (--store)" if fault.store else ""
        sys.stdout.write(
            f"| {fault.name} | {fault.subject}{option} | {fault.state} | "
            f"`{fault.remedy.strip()}` |\n"
        )


if __name__ == "__main__":
    main()
