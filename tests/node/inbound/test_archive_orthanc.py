"""What Orthanc tells of earlier exams, also where it tells something odd."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from structlog.testing import capture_logs

from node.config import ArchiveSettings
from node.errors import ArchiveError
from node.inbound.archive_orthanc import OrthancArchive
from tests.node.inbound.talking import Server, says

BEFORE = date(2026, 1, 1)


@pytest.fixture
def server() -> Iterator[Server]:
    """Run a server in place of Orthanc."""
    running = Server()
    yield running
    running.close()


@pytest.fixture
def archive(server: Server) -> OrthancArchive:
    """Return how the node asks it."""
    return OrthancArchive(ArchiveSettings(http_port=server.port, timeout_s=1))


def answer_in_turn(server: Server, *answers: Any) -> None:
    """Have it give these answers, one to each request."""
    left = iter(answers)

    def talk(connection: socket.socket) -> None:
        says(json.dumps(next(left)).encode())(connection)

    server.talk = talk


def study(number: int, uid: str, day: str = "20200101") -> dict[str, Any]:
    """Return a study as Orthanc describes it."""
    return {
        "ID": f"study {number}",
        "MainDicomTags": {"StudyInstanceUID": uid, "StudyDate": day},
    }


def series(number: int, uid: str | None = "1.2.1", **tags: str) -> dict[str, Any]:
    """Return a series of the study of that number."""
    named = {"SeriesInstanceUID": uid} if uid else {}
    return {
        "ParentStudy": f"study {number}",
        "MainDicomTags": {"Modality": "MR", **named, **tags},
        "Instances": ["a", "b"],
    }


def test_an_odd_series_hides_no_other(server: Server, archive: OrthancArchive) -> None:
    """What has no UID that may be asked for is skipped; an odd number is none."""
    odd = [
        series(1, None),
        series(1, "*"),
        series(2, "1.2.2"),
        series(3, SeriesNumber="abc"),
        series(4, "1.2.4", SeriesNumber="7"),
    ]
    studies = [study(2, "DOE^JANE"), study(3, "1.3"), study(1, "1.1"), study(4, "1.4")]
    answer_in_turn(server, odd, studies)
    with capture_logs() as events:
        found = archive.earlier_series("A-1", BEFORE, {"MR"})

    told = [(s.study_instance_uid, s.number, s.instances) for s in found]
    assert told == [("1.3", None, 2), ("1.4", 7, 2)]
    assert [event["event"] for event in events] == ["record_skipped"] * 3
    assert "DOE" not in repr(events)


def test_after_its_time_orthanc_is_asked_nothing_more(
    server: Server, archive: OrthancArchive
) -> None:
    """Between its two questions as well."""
    answer_in_turn(server, [series(1)], [study(1, "1.1")])
    requests: list[int] = []

    def is_over() -> bool:
        requests.append(server.requests)
        return len(requests) > 2  # before the first, at its piece, before the second

    with pytest.raises(ArchiveError, match="time for the question is over"):
        archive.within(is_over).earlier_series("A-1", BEFORE, {"MR"})
    assert server.requests == 1
