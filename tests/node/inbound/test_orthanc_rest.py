"""What comes over HTTP: as much as is wanted, as fast as is needed, from an Orthanc."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator

import pytest

from node.config import ArchiveSettings
from node.errors import ArchiveError, ArchiveSilentError
from node.inbound import orthanc_rest
from node.inbound.archive_orthanc import OrthancArchive
from node.inbound.orthanc_rest import OrthancRest
from tests.node.inbound.talking import Server, drips, says

TIMEOUT_S = 0.5


@pytest.fixture
def server() -> Iterator[Server]:
    """Run a server."""
    running = Server()
    yield running
    running.close()


@pytest.fixture
def rest(server: Server) -> OrthancRest:
    """Return how the node asks it."""
    return OrthancRest(f"http://127.0.0.1:{server.port}", TIMEOUT_S, "", None)


def test_an_answer_that_drips_is_dropped(server: Server, rest: OrthancRest) -> None:
    """Each byte comes within the time-out, and the last one never."""
    server.talk = drips
    began = time.monotonic()

    with pytest.raises(ArchiveSilentError, match="too slowly"):
        rest.get("/changes")
    assert time.monotonic() - began < 3 * TIMEOUT_S


def test_an_answer_ends_when_nobody_waits_for_it(
    server: Server, rest: OrthancRest
) -> None:
    """At its next piece, and no other request is sent."""
    server.talk = drips
    asked = rest.within(lambda: server.requests > 0)

    for _ in range(2):
        with pytest.raises(ArchiveError, match="time for the question is over"):
            asked.get("/changes")
    assert server.requests == 1


def test_an_answer_that_is_too_large_is_not_kept(
    server: Server, rest: OrthancRest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is dropped while it comes: it would fill the memory."""
    monkeypatch.setattr(orthanc_rest, "MOST_BYTES", 1000)
    server.talk = says(b" " * 1001, 1 << 40)

    with pytest.raises(ArchiveError, match="too much"):
        rest.get("/changes")


def test_an_answer_that_ends_before_its_end_is_none(
    server: Server, rest: OrthancRest
) -> None:
    """Half a file is no file."""
    server.talk = says(b"half of it", 20)

    with pytest.raises(ArchiveSilentError, match="does not answer"):
        rest.ask("GET", "/instances/1/file")


def test_an_answer_may_come_compressed(server: Server, rest: OrthancRest) -> None:
    """Orthanc does it where its settings say so."""
    body = gzip.compress(b'["a"]')
    server.talk = says(body, len(body), "Content-Encoding: gzip")

    assert rest.get("/changes") == ["a"]


@pytest.mark.parametrize("body", [b"<html>", b'[{"a": 1}]', b'"text"', b"7", b""])
def test_a_web_server_that_is_no_orthanc_is_an_error(
    server: Server, body: bytes
) -> None:
    """Whatever it answers: HTML, or JSON of another shape."""
    server.talk = says(body)
    archive = OrthancArchive(ArchiveSettings(http_port=server.port))

    with pytest.raises(ArchiveError, match="does not answer as Orthanc"):
        archive.series_counts("1.2.3")
