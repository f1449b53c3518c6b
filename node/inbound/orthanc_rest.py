"""Orthanc's REST API as far as the archive needs it: requests, studies, series."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import requests
from pydantic import SecretStr
from urllib3.exceptions import HTTPError

from node.errors import ArchiveError, ArchiveSilentError
from node.inbound.archive import IsOver

MOST_BYTES = 2 << 30
"""Of one answer, which is held in memory."""

SLOWEST = 64 << 10
"""Bytes per second below which an answer drips: one beyond its time-out is dropped."""

PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class OrthancSeries:
    """One series; ``identifier`` and ``instances`` are Orthanc's own names."""

    identifier: str
    uid: str
    modality: str
    instances: Sequence[str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came to one request."""

    status: int
    content: bytes

    def json(self) -> Any:
        """Return what it says; ``ValueError`` when it is not JSON."""
        return json.loads(self.content)


class OrthancRest:
    """Asks one Orthanc; what goes wrong is an ``ArchiveError`` of one line.

    Parameters
    ----------
    address
        Such as ``http://127.0.0.1:8042``.
    timeout_s
        Longest wait for an answer to begin, and for each piece of it.
    user, password
        Registered user; an empty one sends no credentials.
    """

    def __init__(
        self, address: str, timeout_s: float, user: str, password: SecretStr | None
    ) -> None:
        self.address = address
        self._timeout_s = timeout_s
        self._credentials = (
            (user, password.get_secret_value() if password else "") if user else None
        )
        self._is_over: IsOver = lambda: False

    def within(self, is_over: IsOver) -> Self:
        """Return it for questions that end with ``ArchiveError`` when time is over."""
        asked = copy.copy(self)
        asked._is_over = is_over
        return asked

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Translate answers that are not JSON, or of another shape than Orthanc's."""
        try:
            yield
        except (ValueError, TypeError, KeyError, AttributeError):
            raise ArchiveError(f"{self.address} does not answer as Orthanc") from None

    def get(self, path: str) -> Any:
        """Return the JSON answer."""
        return self.ask("GET", path).json()

    def get_if_there(self, path: str) -> Any | None:
        """Return the JSON answer, or None for what Orthanc does not hold (any more)."""
        answer = self._answer("GET", path)
        if answer.status == requests.codes.not_found:
            return None
        return self._checked(answer).json()

    def ask(self, method: str, path: str, body: str | None = None) -> Answer:
        """Return the answer to a request that Orthanc granted."""
        return self._checked(self._answer(method, path, body))

    def put_if_known(self, path: str, body: str) -> None:
        """Write a value, unless this Orthanc has no place of that name."""
        answer = self._answer("PUT", path, body)
        if answer.status != requests.codes.not_found:
            self._checked(answer)

    def studies(self, study_instance_uid: str) -> list[str]:
        """Return Orthanc's studies: one UID under two Patient IDs is two to it."""
        found = self.ask("POST", "/tools/lookup", study_instance_uid).json()
        return [str(each["ID"]) for each in found if each["Type"] == "Study"]

    def find(self, level: str, query: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return what Orthanc holds at a level, as it describes it."""
        wanted = {"Level": level, "Query": query, "Expand": True, "CaseSensitive": True}
        answer = self.ask("POST", "/tools/find", json.dumps(wanted))
        return [dict(each) for each in answer.json()]

    def series(self, study: str) -> list[OrthancSeries]:
        """Return the series of one of Orthanc's studies; none when it is gone."""
        return [
            OrthancSeries(
                str(series["ID"]),
                str(series["MainDicomTags"]["SeriesInstanceUID"]),
                str(series["MainDicomTags"].get("Modality", "")),
                [str(instance) for instance in series["Instances"]],
            )
            for series in self.get_if_there(f"/studies/{study}/series") or []
        ]

    def sender(self, series: OrthancSeries) -> str:
        """Return the AE title that stored a series; empty when it came otherwise.

        Only instances know who sent them: the first speaks for its series.
        """
        if not series.instances:
            return ""
        path = f"/instances/{series.instances[0]}/metadata?expand"
        return str((self.get_if_there(path) or {}).get("RemoteAET", ""))

    def _answer(self, method: str, path: str, body: str | None = None) -> Answer:
        self._check_time()
        try:
            with requests.request(
                method,
                self.address + path,
                data=body,
                auth=self._credentials,
                timeout=self._timeout_s,
                allow_redirects=False,
                stream=True,
            ) as response:
                return Answer(response.status_code, self._content(response))
        except (requests.RequestException, HTTPError) as error:
            raise ArchiveSilentError(
                f"{self.address} does not answer: {type(error).__name__}"
            ) from None

    def _content(self, response: requests.Response) -> bytes:
        """Return what comes, as long as it comes fast enough and is not too much."""
        content = bytearray()
        ends = time.monotonic() + self._timeout_s
        while piece := response.raw.read1(PIECE, decode_content=True):
            content += piece
            self._check_time()
            if len(content) > MOST_BYTES:
                raise ArchiveError(f"{self.address} answers with too much")
            if time.monotonic() > ends + len(content) / SLOWEST:
                raise ArchiveSilentError(f"{self.address} answers too slowly")
        return bytes(content)

    def _check_time(self) -> None:
        if self._is_over():
            raise ArchiveError(f"{self.address}: the time for the question is over")

    def _checked(self, answer: Answer) -> Answer:
        if answer.status != requests.codes.ok:
            raise ArchiveError(f"{self.address} refuses with HTTP {answer.status}")
        return answer
