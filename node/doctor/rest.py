"""Orthanc's REST API, asked by somebody who wants to know why it does not answer."""

from __future__ import annotations

import socket
import ssl
from functools import cached_property
from http import HTTPStatus
from typing import Any

import requests

from node.config import Settings

LAUNCHED_NAME = "pacs-ai-node archive"
"""Name of an Orthanc that our launch script configured."""

Facts = dict[str, Any]


class Rest:
    """Asks one Orthanc and keeps what it says of itself.

    Attributes
    ----------
    address
        Such as ``http://127.0.0.1:8042``.
    status
        HTTP status of its first answer; None when there was none.
    is_tls
        No answer came because the port speaks TLS.
    """

    def __init__(self, settings: Settings) -> None:
        archive = settings.archive
        self.address = f"http://{archive.host}:{archive.http_port}"
        self.is_wanted = archive.rest
        self.status: int | None = None
        self.is_tls = False
        self._timeout_s = archive.timeout_s
        self._place = (archive.host, archive.http_port)
        password = settings.archive_password.get_secret_value()
        user = settings.archive_user
        self._credentials = (user, password) if user else None

    @cached_property
    def system(self) -> Facts:
        """What Orthanc says of itself; empty when no Orthanc answers."""
        if not self.is_wanted:
            return {}
        try:
            response = self.ask("GET", "/system")
        except requests.RequestException:
            self.is_tls = self._speaks_tls()
            return {}
        self.status = response.status_code
        facts = _parsed(response)
        return facts if isinstance(facts, dict) and "DicomAet" in facts else {}

    @property
    def why_not(self) -> str:
        """Why it cannot be asked; empty when it can."""
        if not self.is_wanted:
            return "[archive] rest = false: Orthanc's REST API is not to be asked"
        return "" if self.system else "the archive's REST API does not answer"

    @property
    def is_launched(self) -> bool:
        """Whether our launch script wrote its configuration."""
        return bool(self.system.get("Name") == LAUNCHED_NAME)

    def ask(self, method: str, path: str, body: str | None = None) -> requests.Response:
        """Return the answer, whatever its status.

        Raises
        ------
        requests.RequestException
            There is none.
        """
        return requests.request(
            method,
            self.address + path,
            data=body,
            auth=self._credentials,
            timeout=self._timeout_s,
            allow_redirects=False,
        )

    def get(self, path: str) -> Any:
        """Return the parsed answer; None when it is not there or not JSON."""
        try:
            response = self.ask("GET", path)
        except requests.RequestException:
            return None
        return _parsed(response) if response.status_code == HTTPStatus.OK else None

    def text(self, path: str) -> str:
        """Return the answer as it is; empty when there is none."""
        try:
            response = self.ask("GET", path)
        except requests.RequestException:
            return ""
        return response.text if response.status_code == HTTPStatus.OK else ""

    def _speaks_tls(self) -> bool:
        """Tell whether the port answers a TLS greeting; the certificate is not judged.

        Nothing is said over that connection.
        """
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        try:
            with (
                socket.create_connection(self._place, self._timeout_s) as connection,
                context.wrap_socket(connection),
            ):
                return True
        except ssl.SSLError as error:  # an alert is TLS too, if not for us
            return "ALERT" in str(error.reason)
        except OSError:
            return False


def _parsed(response: requests.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None
