"""Where faults are seeded: settings of a node, and programs in the neighbours' places.

Everything listens on free loopback ports. The neighbours are small, and real: sockets,
HTTP servers, DICOM nodes.
"""

from __future__ import annotations

import json
import socketserver
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from pynetdicom import AE, AllStoragePresentationContexts, evt
from pynetdicom.transport import ThreadedAssociationServer

from node.config import Settings
from tests.pacs.archive import Archive, free_settings

VERIFICATION = "1.2.840.10008.1.1"
QUICK_S = 0.3
"""Wait for neighbours that never answer."""


@dataclass(frozen=True)
class Ground:
    """What a fault is seeded on.

    Attributes
    ----------
    folder
        Empty, of this fault alone.
    archive
        A running Orthanc, configured for the node's settings; None where the fault
        needs none.
    bare
        A running Orthanc without routing script and without DICOMweb.
    foreign
        A running Orthanc that serves another node, behind a password.
    """

    folder: Path
    archive: Archive | None = None
    bare: Archive | None = None
    foreign: Archive | None = None

    def settings(self, **sections: dict[str, Any]) -> Settings:
        """Return settings of a node whose archive is nowhere, without REST."""
        archive = {"rest": False, "timeout_s": QUICK_S, **sections.pop("archive", {})}
        return free_settings(self.folder / "var", archive=archive, **sections)

    def beside(self, orthanc: Archive | None, **sections: dict[str, Any]) -> Settings:
        """Return the settings of a running archive, changed by ``sections``."""
        assert orthanc is not None
        content = orthanc.settings.model_dump()
        content["archive_password"] = orthanc.settings.archive_password
        for name, section in sections.items():
            content[name] = {**content[name], **section}
        return Settings.model_validate(content)


@contextmanager
def served(server: socketserver.BaseServer) -> Iterator[None]:
    """Let a server answer meanwhile."""
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def talking_http(port: int, answers: Mapping[str, Any] | None = None) -> Iterator[None]:
    """Answer HTTP at a port: what is known as it is, everything else with 404.

    Parameters
    ----------
    answers
        By path without its query: text as it is, anything else as JSON.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = (answers or {}).get(self.path.partition("?")[0])
            body = content if isinstance(content, str) else json.dumps(content)
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *words: object) -> None:
            """Say nothing."""

    with served(ThreadingHTTPServer(("127.0.0.1", port), Handler)):
        yield


@contextmanager
def dicom_node(
    ae_title: str,
    port: int,
    *,
    any_called: bool = False,
    calling: tuple[str, ...] = (),
) -> Iterator[list[str]]:
    """Answer C-ECHO and C-STORE at a port; yield the SOP Instance UIDs that came.

    Parameters
    ----------
    any_called
        Answer to every called AE title.
    calling
        AE titles that may call; empty means everybody.
    """
    come: list[str] = []

    def stored(event: Any) -> int:
        come.append(str(event.request.AffectedSOPInstanceUID))
        return 0x0000

    ae = AE(ae_title=ae_title)
    ae.require_called_aet = not any_called
    ae.require_calling_aet = list(calling)
    ae.supported_contexts = AllStoragePresentationContexts
    ae.add_supported_context(VERIFICATION)
    handlers: list[Any] = [(evt.EVT_C_STORE, stored)]
    server: Any = ae.make_server(
        ("127.0.0.1", port),
        evt_handlers=handlers,
        server_class=ThreadedAssociationServer,
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield come
    finally:
        socketserver.BaseServer.shutdown(server)
        thread.join()
        server.server_close()


@contextmanager
def talking_tls(port: int) -> Iterator[None]:
    """Speak TLS at a port, without a certificate: every greeting gets an alert."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                context.wrap_socket(self.request, server_side=True)

    with served(socketserver.ThreadingTCPServer(("127.0.0.1", port), Handler)):
        yield
