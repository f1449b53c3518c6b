"""Fixtures of the inbound tests: a ledger, a real SCP, a real Orthanc."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from pydantic import SecretStr
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian
from pynetdicom import AE, evt

from node.config import ArchiveSettings, InboundSettings, NodeSettings
from node.inbound.scp import StorageSCP
from node.inbound.spool import Spool
from node.inbound.watcher import Watcher
from node.jobs.ledger import Ledger
from node.jobs.ledger_studies import ReceivedInstance
from tests.node.inbound.archives import StoryArchive
from tests.node.inbound.objects import as_file, build_spool, eventually
from tests.node.inbound.story import Story
from tests.ports import free_port


@dataclass
class Receiver:
    """A running SCP with its spool and ledger, and what it has told."""

    spool: Spool
    ledger: Ledger
    node: NodeSettings
    stored: list[tuple[ReceivedInstance, int]] = field(default_factory=list)
    released: list[tuple[int, bool]] = field(default_factory=list)
    told: Watcher | None = None
    scp: StorageSCP = field(init=False)

    def on_stored(self, instance: ReceivedInstance, association_id: int) -> None:
        """Note an instance, and tell the watcher when there is one."""
        self.stored.append((instance, association_id))
        if self.told is not None:
            self.told.stored(instance, association_id)

    def on_released(self, association_id: int, aborted: bool) -> None:
        """Note the end of an association, and tell the watcher."""
        self.released.append((association_id, aborted))
        if self.told is not None:
            self.told.released(association_id, aborted)

    def associate(
        self,
        classes: tuple[str, ...] = (CTImageStorage,),
        syntaxes: tuple[str, ...] = (ExplicitVRLittleEndian,),
        calling: str = "SCANNER",
        called: str = "HIPPOAI",
    ) -> Any:
        """Open an association to it, as a scanner does."""
        ae = AE(ae_title=calling)
        ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 10
        for sop_class in classes:
            ae.add_requested_context(sop_class, list(syntaxes))
        return ae.associate(
            "127.0.0.1",
            self.node.port,
            ae_title=called,
            evt_handlers=[(evt.EVT_CONN_OPEN, _no_delay)],
        )

    def connect(self) -> socket.socket:
        """Open a bare connection to it."""
        return socket.create_connection(("127.0.0.1", self.node.port), timeout=10)

    @property
    def files(self) -> list[Path]:
        """The files in the spool, temporary ones too."""
        return [path for path in self.spool.root.rglob("*") if path.is_file()]


def _no_delay(event: evt.Event) -> None:
    connection = event.assoc.dul.socket
    assert connection is not None
    assert connection.socket is not None
    connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Return an empty ledger."""
    opened = Ledger(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """Return an empty spool."""
    return build_spool(tmp_path)


StartReceiver = Callable[..., Receiver]


@pytest.fixture
def start_receiver(tmp_path: Path, ledger: Ledger) -> Iterator[StartReceiver]:
    """Return a function that starts an SCP; settings are its arguments."""
    started: list[StorageSCP] = []

    def start(**settings: Any) -> Receiver:
        inbound = InboundSettings(**{"min_free_mib": 0, **settings})
        node = NodeSettings(port=free_port())
        spool = Spool(tmp_path / "spool", inbound)
        receiver = Receiver(spool, ledger, node)
        receiver.scp = StorageSCP(
            node,
            inbound,
            spool,
            ledger,
            on_stored=receiver.on_stored,
            on_released=receiver.on_released,
        )
        receiver.scp.start()
        started.append(receiver.scp)
        return receiver

    yield start
    for scp in started:
        scp.stop()


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    """Begin a story with an archive that knows nothing yet."""
    story = Story(tmp_path, StoryArchive())
    yield story
    story.ledger.close()


@dataclass(frozen=True)
class Orthanc:
    """A running Orthanc, and how to get in."""

    settings: ArchiveSettings
    user: str = "node"
    password: SecretStr = field(default_factory=lambda: SecretStr("opens one test"))

    def upload(self, ds: Dataset) -> None:
        """Put one instance into it."""
        response = requests.post(
            f"http://127.0.0.1:{self.settings.http_port}/instances",
            data=as_file(ds),
            auth=(self.user, self.password.get_secret_value()),
            timeout=10,
        )
        assert response.status_code == 200


@pytest.fixture(scope="session")
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    """Start a real Orthanc on free ports, with a password."""
    program = shutil.which("Orthanc")
    assert program is not None, "the marker pacs lets this test run without orthanc"
    folder = tmp_path_factory.mktemp("orthanc")
    orthanc = Orthanc(ArchiveSettings(dicom_port=free_port(), http_port=free_port()))
    (folder / "orthanc.json").write_text(json.dumps(_configuration(orthanc, folder)))
    process = subprocess.Popen(
        [program, str(folder / "orthanc.json")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={"TCP_NODELAY": "1"},
    )
    try:
        for port in (orthanc.settings.http_port, orthanc.settings.dicom_port):
            eventually(lambda port=port: _listens(port), within_s=30)  # type: ignore[misc]  # mypy infers no lambda with defaults
        yield orthanc
    finally:
        process.terminate()
        process.wait(20)


def _configuration(orthanc: Orthanc, folder: Path) -> dict[str, Any]:
    return {
        "StorageDirectory": str(folder / "db"),
        "IndexDirectory": str(folder / "db"),
        "DicomPort": orthanc.settings.dicom_port,
        "HttpPort": orthanc.settings.http_port,
        "DicomAet": orthanc.settings.ae_title,
        "AuthenticationEnabled": True,
        "RegisteredUsers": {orthanc.user: orthanc.password.get_secret_value()},
        "DicomCheckCalledAet": True,
        "DicomAlwaysAllowEcho": True,
        "DicomAlwaysAllowFind": True,
        "DicomAlwaysAllowGet": True,
        "UnknownSopClassAccepted": True,
        "Plugins": [],
    }


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
