"""A viewer on a free port and, in the place of Orthanc, a server that plays back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from orthanc.proxy import Proxy
from orthanc.viewer import Site, ViewerServer


@dataclass
class Played:
    """What the upstream answers, and what it was asked.

    Attributes
    ----------
    pieces
        The body; sent in chunks unless ``measured``.
    cut
        Hang up in the middle of the body.
    """

    content_type: str = "application/dicom+json"
    status: int = 200
    pieces: tuple[bytes, ...] = (b"[]",)
    measured: bool = True
    cut: bool = False
    targets: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)


class UpstreamHandler(BaseHTTPRequestHandler):
    """Plays back what the test prepared."""

    protocol_version = "HTTP/1.1"
    played: Played

    def do_GET(self) -> None:
        """Note the request and answer as prepared."""
        played = self.played
        played.targets.append(self.path)
        played.headers.append({k.lower(): v for k, v in self.headers.items()})
        length = int(self.headers.get("Content-Length", 0))
        played.bodies.append(self.rfile.read(length))
        self.send_response(played.status)
        self.send_header("Content-Type", played.content_type)
        if played.measured:
            self.send_header("Content-Length", str(sum(map(len, played.pieces))))
        else:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in played.pieces[: 1 if played.cut else None]:
            self.wfile.write(
                piece if played.measured else b"%x\r\n%b\r\n" % (len(piece), piece)
            )
        if played.cut:
            self.close_connection = True
        elif not played.measured:
            self.wfile.write(b"0\r\n\r\n")

    do_POST = do_GET  # noqa: N815 - the name is BaseHTTPRequestHandler's

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[int]:
    """Serve in a thread and yield the port."""
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def upstream(played: Played) -> Iterator[int]:
    """Serve in the place of Orthanc and yield the port."""
    handler = type("Handler", (UpstreamHandler,), {"played": played})
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), handler)) as port:
        yield port


@dataclass(frozen=True)
class Browser:
    """Asks a viewer, without any of a browser's good manners."""

    port: int

    def ask(
        self,
        target: str,
        method: str = "GET",
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
    ) -> tuple[HTTPResponse, bytes]:
        """Return the answer and its body."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, target, body, headers or {})
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()


@contextmanager
def viewing(folder: Path, archive_port: int, **archive: str) -> Iterator[Browser]:
    """Serve a tiny build from ``folder`` in front of an archive."""
    dist = folder / "dist"
    dist.mkdir()
    (dist / "index.html").write_text("the application")
    (dist / "app-config.js").write_text("theirs")
    (dist / "app.bundle.0123456789abcdef.js").write_text("code")
    (dist / "codec.wasm").write_bytes(b"\0asm")
    (folder / "app-config.js").write_text("ours")
    (folder / "secret.txt").write_text("secret")
    proxy = Proxy("127.0.0.1", archive_port, **archive)
    site = Site(dist, folder / "app-config.js", proxy)
    with serving(ViewerServer(("127.0.0.1", 0), site)) as port:
        yield Browser(port)
