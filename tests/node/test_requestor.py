"""No answer of a peer is lost, however fast requests follow one another."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from pydicom import Dataset
from pynetdicom import AE, evt

from node.requestor import answered

FIND = "1.2.840.10008.5.1.4.1.2.2.1"
VERIFICATION = "1.2.840.10008.1.1"
MATCHES = 3


def match(event: evt.Event) -> Iterator[tuple[int, Dataset]]:
    """Answer with as many matches."""
    for number in range(MATCHES):
        found = Dataset()
        found.StudyInstanceUID = f"1.2.{number}"
        yield 0xFF00, found


@pytest.fixture
def association() -> Iterator[Any]:
    """Associate with an archive; who waits for an answer is slow to take it.

    On a busy machine it is so by itself.
    """
    archive = AE()
    archive.add_supported_context(VERIFICATION)
    archive.add_supported_context(FIND)
    server: Any = archive.start_server(
        ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_FIND, match)]
    )
    ae = AE()
    ae.dimse_timeout = 2
    ae.add_requested_context(VERIFICATION)
    ae.add_requested_context(FIND)
    association: Any = ae.associate("127.0.0.1", server.socket.getsockname()[1])
    take = association.dimse.get_msg

    def dawdling(block: bool = False) -> Any:
        time.sleep(0.1 if block else 0.05)
        return take(block)

    association.dimse.get_msg = dawdling
    yield association
    if association.is_established:
        association.abort()
    server.shutdown()


def test_every_request_has_its_answer(association: Any) -> None:
    """None is taken for a request of the peer."""
    with answered(association):
        statuses = [association.send_c_echo().get("Status") for _ in range(5)]

    assert statuses == [0x0000] * 5


def test_no_match_is_missing(association: Any) -> None:
    """A list that lacks one would look like any other."""
    query = Dataset()
    query.QueryRetrieveLevel = "STUDY"
    query.StudyInstanceUID = ""

    with answered(association):
        found = [list(association.send_c_find(query, FIND)) for _ in range(3)]

    assert [len(answers) for answers in found] == [MATCHES + 1] * 3


@pytest.mark.parametrize("farewell", ["release", "abort"])
def test_a_peer_that_leaves_between_two_requests_is_asked_nothing_more(
    farewell: str,
) -> None:
    """Archives do so when nobody asks for a while: the answer would never come."""

    def leave(event: evt.Event) -> int:
        threading.Timer(0.05, getattr(event.assoc, farewell)).start()
        return 0x0000

    peer = AE()
    peer.add_supported_context(VERIFICATION)
    server: Any = peer.start_server(
        ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_ECHO, leave)]
    )
    ae = AE()
    ae.dimse_timeout = 20
    ae.add_requested_context(VERIFICATION)
    association: Any = ae.associate("127.0.0.1", server.socket.getsockname()[1])
    with answered(association):
        association.send_c_echo()
        time.sleep(0.3)
        began = time.monotonic()
        with pytest.raises(RuntimeError):
            association.send_c_echo()
        took = time.monotonic() - began
    association.join(5)
    server.shutdown()

    assert took < 5
    assert not association.is_established
    assert association.is_released or association.is_aborted
    assert association not in threading.enumerate()


def test_it_ends_with_the_block(association: Any) -> None:
    """Released, and its threads are gone."""
    with answered(association):
        association.send_c_echo()

    association.join(5)
    assert association.is_released
    assert association not in threading.enumerate()


def test_an_error_releases_it_as_well(association: Any) -> None:
    """Whatever was to be asked next."""
    with pytest.raises(RuntimeError), answered(association):
        raise RuntimeError

    assert association.is_released
