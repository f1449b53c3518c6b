"""The viewer's web server: OHIF's files and the archive's DICOMweb on one origin.

Run ``python -m orthanc.viewer --dist FOLDER`` in the checkout. It serves what OHIF's
build brought, with our ``app-config.js``, and passes ``/dicom-web/`` on to Orthanc
(`orthanc.proxy`), so that a browser meets one address and no cross-origin rule. Files
go out as they are: over loopback, compressing would cost more than it saves.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from node import config
from node.config import Settings
from node.errors import ConfigError
from orthanc import proxy, static_files
from orthanc.render import run_folder

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Site:
    """What is served.

    Attributes
    ----------
    dist
        OHIF's build.
    app_config
        Our ``app-config.js``, instead of the one in ``dist``.
    archive
        The way to Orthanc.
    loopback_only
        Refuse requests that name another host: a foreign page whose name was
        pointed at this machine must not read studies through the browser.
    """

    dist: Path
    app_config: Path
    archive: proxy.Proxy
    loopback_only: bool = True


class ViewerHandler(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"
    server_version = "pacs-ai-viewer"
    sys_version = ""
    disable_nagle_algorithm = True
    timeout = 120.0  # seconds without a request
    server: ViewerServer

    def do_GET(self) -> None:
        """Answer with a file or with the archive's answer."""
        if self._refused():
            return
        if self.path.startswith(proxy.ROOT):
            self.server.site.archive.forward(self)
        else:
            self._send_file()

    do_HEAD = do_GET  # noqa: N815 - the name is BaseHTTPRequestHandler's

    def do_POST(self) -> None:
        """Pass on what the viewer stores or asks; nothing else takes a POST."""
        if self._refused():
            return
        measured = self.headers.get("Content-Length", "").isdecimal()
        if self.path.startswith(proxy.ROOT) and measured:
            self.server.site.archive.forward(self)
        else:
            self.send_error(HTTPStatus.METHOD_NOT_ALLOWED)

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent: a request line holds patient names that were searched for."""

    def _refused(self) -> bool:
        """Answer what must not be answered, and return True then."""
        host = urlsplit(f"//{self.headers.get('Host', '')}").hostname
        if self.server.site.loopback_only and host not in LOOPBACK:
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST)
        elif static_files.segments(self.path) is None:
            self.send_error(HTTPStatus.BAD_REQUEST)
        else:
            return False
        return True

    def _send_file(self) -> None:
        site = self.server.site
        replaced = {"app-config.js": site.app_config}
        found = static_files.find(site.dist, self.path, replaced)
        if found is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        if self.headers.get("If-None-Match") == found.headers["ETag"]:
            self.send_response(HTTPStatus.NOT_MODIFIED)
            self.send_header("ETag", found.headers["ETag"])
            self.end_headers()
            return
        self.send_response(HTTPStatus.OK)
        for key, value in found.headers.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self._send_body(found.path)

    def _send_body(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                shutil.copyfileobj(file, self.wfile, proxy.PIECE)
        except OSError:
            self.close_connection = True  # the browser went on to another page


class ViewerServer(ThreadingHTTPServer):
    """Listens for browsers, a thread for each connection."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], site: Site) -> None:
        self.site = site
        super().__init__(address, ViewerHandler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say in one line what broke, without what was asked for."""
        del request, client_address
        error = sys.exc_info()[0]
        if error is not None and not issubclass(error, ConnectionError | TimeoutError):
            sys.stderr.write(f"a request ended with {error.__name__}\n")


def site_of(settings: Settings, dist: Path, *, loopback_only: bool) -> Site:
    """Return what these settings let the viewer serve.

    Raises
    ------
    ConfigError
        ``dist`` holds no build of OHIF, or the configuration was not rendered.
    """
    app_config = run_folder(settings) / "app-config.js"
    if not (dist / "index.html").is_file():
        raise ConfigError(f"{dist} holds no index.html: run python -m orthanc.ohif")
    if not app_config.is_file():
        raise ConfigError(
            f"{app_config} is missing: run python -m orthanc.render viewer"
        )
    archive = proxy.Proxy(
        settings.archive.host,
        settings.archive.http_port,
        settings.archive_user,
        settings.archive_password.get_secret_value(),
    )
    return Site(dist, app_config, archive, loopback_only)


def _server(options: argparse.Namespace) -> ViewerServer:
    """Return a listening server as the command line asks."""
    settings = config.load(options.config)
    loopback_only = options.listen in LOOPBACK
    site = site_of(settings, options.dist, loopback_only=loopback_only)
    try:
        server = ViewerServer((options.listen, settings.viewer.port), site)
    except OSError as error:
        raise ConfigError(
            f"port {settings.viewer.port}: {error.strerror}; another one is chosen by "
            "PACS_NODE_VIEWER__PORT"
        ) from None
    if not loopback_only:
        sys.stderr.write(
            f"warning: the viewer listens on {options.listen}: whoever reaches it "
            "sees every study\n"
        )
    return server


def main(arguments: list[str] | None = None) -> int:
    """Serve until interrupted; return the exit status."""
    parser = argparse.ArgumentParser(description="Serve OHIF and its way to Orthanc.")
    parser.add_argument("--config", type=Path, help="settings; default ./node.toml")
    parser.add_argument("--dist", type=Path, required=True, help="OHIF's build")
    parser.add_argument(
        "--listen", default="127.0.0.1", help="address; default loopback"
    )
    options = parser.parse_args(arguments)
    try:
        server = _server(options)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    with server:
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return 130
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
