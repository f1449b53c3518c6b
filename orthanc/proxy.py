"""The viewer's way to the archive: DICOMweb passed on, with two small corrections.

OHIF escapes the commas of ``includefield``, which Orthanc's DICOMweb plugin 1.7 does
not undo; and OHIF 3.13 draws images black whose VOI LUT Function is present
(cornerstone3D#2856), so its default value is left out of metadata, where absence
means the same (DICOM PS3.3 C.11.2.1.3).
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse
from http.server import BaseHTTPRequestHandler
from io import BufferedIOBase
from typing import Any

ROOT = "/dicom-web/"
VOI_LUT_FUNCTION = "00281056"
TIMEOUT_S = 60.0
PIECE = 256 * 1024
"""Bytes that are passed on at once."""

HOP_BY_HOP = frozenset(
    [
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ]
)
"""Header fields about one connection, not about the message (RFC 9110 7.6.1)."""

REPLACED = HOP_BY_HOP | {"accept-encoding", "authorization", "content-length"}


def with_bare_commas(target: str) -> str:
    """Return a request target whose ``includefield`` lists are not escaped.

    >>> with_bare_commas("/studies?PatientName=a%2Cb&includefield=1%2c2")
    '/studies?PatientName=a%2Cb&includefield=1,2'
    """
    return re.sub(
        r"(?<=[?&])includefield=[^&]*",
        lambda field: re.sub("%2C", ",", field[0], flags=re.IGNORECASE),
        target,
    )


def without_default_voi_lut(content: Any) -> Any:
    """Return DICOM JSON without VOI LUT Function LINEAR, in nested items too.

    Other functions are kept: leaving them out would change the picture.
    """
    if isinstance(content, list):
        return [without_default_voi_lut(item) for item in content]
    if isinstance(content, dict):
        return {
            key: without_default_voi_lut(value)
            for key, value in content.items()
            if not (key == VOI_LUT_FUNCTION and value.get("Value") == ["LINEAR"])
        }
    return content


@dataclass(frozen=True, slots=True)
class Proxy:
    """Passes requests on to Orthanc.

    Attributes
    ----------
    host, port
        Orthanc's HTTP address.
    user, password
        Sent to Orthanc when set; the browser never sees them.
    """

    host: str
    port: int
    user: str = ""
    password: str = ""

    def forward(self, request: BaseHTTPRequestHandler) -> None:
        """Answer ``request`` with Orthanc's answer, or 502 and one line."""
        with closing(
            HTTPConnection(self.host, self.port, timeout=TIMEOUT_S)
        ) as orthanc:
            try:
                answer = self._ask(orthanc, request)
            except (OSError, HTTPException):
                self._refuse(request)
                return
            try:
                _pass_back(answer, request)
            except (OSError, HTTPException):
                # The status is out already: a cut connection is all that is left.
                request.close_connection = True

    def _ask(
        self, orthanc: HTTPConnection, request: BaseHTTPRequestHandler
    ) -> HTTPResponse:
        headers = {
            key: value
            for key, value in request.headers.items()
            if key.lower() not in REPLACED
        }
        host = request.headers.get("Host", "")
        # RFC 7239 quotes a host with a port; Orthanc would copy the quotes into links.
        headers["Forwarded"] = f"host={host};proto=http"
        if self.user:
            pair = f"{self.user}:{self.password}".encode()
            headers["Authorization"] = f"Basic {b64encode(pair).decode()}"
        body = None
        if length := int(request.headers.get("Content-Length", 0)):
            headers["Content-Length"] = str(length)
            body = _pieces(request.rfile, length)
        target = with_bare_commas(request.path)
        orthanc.request(request.command, target, body=body, headers=headers)
        return orthanc.getresponse()

    def _refuse(self, request: BaseHTTPRequestHandler) -> None:
        request.close_connection = True  # its body may not have been read
        line = (
            f"Orthanc does not answer at http://{self.host}:{self.port}: "
            "start it with ./launch_orthanc.sh\n"
        ).encode()
        request.send_response(HTTPStatus.BAD_GATEWAY)
        request.send_header("Content-Type", "text/plain; charset=utf-8")
        request.send_header("Content-Length", str(len(line)))
        request.end_headers()
        request.wfile.write(line)


def _pieces(stream: BufferedIOBase, length: int) -> Iterator[bytes]:
    """Yield exactly ``length`` bytes of a request's body.

    Raises
    ------
    ConnectionError
        The sender went away before.
    """
    while length:
        piece = stream.read(min(length, PIECE))
        if not piece:
            raise ConnectionError("the body is shorter than its Content-Length")
        length -= len(piece)
        yield piece


def _pass_back(answer: HTTPResponse, request: BaseHTTPRequestHandler) -> None:
    request.send_response(answer.status)
    for key, value in answer.getheaders():
        if key.lower() not in HOP_BY_HOP | {"content-length", "date", "server"}:
            request.send_header(key, value)
    if request.command == "HEAD" or answer.status in (204, 304):
        request.end_headers()
    elif _is_metadata(answer, request):
        _send_whole(json.dumps(without_default_voi_lut(json.load(answer))), request)
    elif answer.length is not None:
        request.send_header("Content-Length", str(answer.length))
        request.end_headers()
        while piece := answer.read1(PIECE):
            request.wfile.write(piece)
        if answer.length:
            raise ConnectionError("Orthanc's answer is shorter than it said")
    else:
        _send_chunks(answer, request)


def _is_metadata(answer: HTTPResponse, request: BaseHTTPRequestHandler) -> bool:
    return (
        answer.status == HTTPStatus.OK
        and request.path.partition("?")[0].endswith("/metadata")
        and "json" in answer.getheader("Content-Type", "")
    )


def _send_whole(text: str, request: BaseHTTPRequestHandler) -> None:
    body = text.encode()
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)


def _send_chunks(answer: HTTPResponse, request: BaseHTTPRequestHandler) -> None:
    """Pass on a body of unknown length in chunks (RFC 9112 7.1)."""
    request.send_header("Transfer-Encoding", "chunked")
    request.end_headers()
    while piece := answer.read1(PIECE):
        request.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
    request.wfile.write(b"0\r\n\r\n")
