"""The guard of a connection: bounds on length, time and memory of a PDU."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

import pytest

from node.inbound.connection import (
    ASSOCIATE_LIMIT,
    COMMAND_ALLOWANCE,
    GuardedConnection,
    GuardError,
    Limits,
)

LIMITS = Limits(max_pdu=4096, max_object_bytes=0, timeout_s=5.0)


class Clock:
    """Seconds that pass only when a test says so."""

    now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still."""
    return Clock()


@pytest.fixture
def pair(clock: Clock) -> Iterator[tuple[socket.socket, GuardedConnection]]:
    """Return the peer's end and the guarded end of one TCP connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        peer = socket.create_connection(server.getsockname())
        accepted, _ = server.accept()
    with peer, GuardedConnection(accepted, LIMITS, clock) as guarded:
        yield peer, guarded


Pair = tuple[socket.socket, GuardedConnection]


def header(pdu_type: int, length: int) -> bytes:
    """Return the six bytes with which every PDU begins."""
    return struct.pack(">BBL", pdu_type, 0, length)


def receive(guarded: GuardedConnection, number: int) -> bytes:
    """Receive exactly so many bytes, in whatever pieces they come."""
    received = b""
    while len(received) < number:
        received += guarded.recv(min(4096, number - len(received)))
    return received


def test_pdus_pass_unchanged(pair: Pair) -> None:
    """The guard follows several PDUs, one of them empty, in one stream."""
    peer, guarded = pair
    stream = (
        header(1, 10) + b"a" * 10 + header(4, 4096) + b"b" * 4096
        + header(5, 0) + header(4, 1) + b"c"
    )  # fmt: skip
    peer.sendall(stream)

    assert receive(guarded, len(stream)) == stream


@pytest.mark.parametrize(
    ("pdu_type", "longest"),
    [(1, ASSOCIATE_LIMIT), (4, LIMITS.max_pdu), (5, 1024), (7, 1024), (99, 1024)],
)
def test_a_longer_pdu_than_its_type_allows_is_broken_at_its_header(
    pair: Pair, pdu_type: int, longest: int
) -> None:
    """Not a byte of it is read."""
    peer, guarded = pair
    peer.sendall(header(pdu_type, longest + 1))

    with pytest.raises(GuardError, match="pdu_too_long"):
        receive(guarded, 6)


def test_the_longest_allowed_pdu_passes(pair: Pair) -> None:
    """The limit itself is allowed."""
    peer, guarded = pair
    peer.sendall(header(4, LIMITS.max_pdu))

    assert receive(guarded, 6)


def test_a_drip_is_broken_at_the_deadline(pair: Pair, clock: Clock) -> None:
    """One byte a second never times out by silence, but the PDU has a deadline."""
    peer, guarded = pair
    for byte in header(4, 100):
        peer.sendall(bytes([byte]))
        guarded.recv(1)
        clock.now += 0.9

    peer.sendall(b"x")
    with pytest.raises(GuardError, match="pdu_too_slow"):
        guarded.recv(1)


def test_the_deadline_begins_with_each_pdu(pair: Pair, clock: Clock) -> None:
    """A long association of prompt PDUs is none of the guard's business."""
    peer, guarded = pair
    for _ in range(10):
        clock.now += 4.0
        peer.sendall(header(4, 10) + bytes(10))
        receive(guarded, 16)


def test_an_object_has_a_largest_size_until_it_is_answered(pair: Pair) -> None:
    """P-DATA piles up in memory until the answer; the answer begins anew."""
    peer, guarded = pair
    pdu = header(4, 4096) + bytes(4096)
    number = COMMAND_ALLOWANCE // 4096

    for _ in range(2):
        for _ in range(number):
            peer.sendall(pdu)
            receive(guarded, len(pdu))
        guarded.send(b"answer")
    for _ in range(number):
        peer.sendall(pdu)
        receive(guarded, len(pdu))
    peer.sendall(pdu)
    with pytest.raises(GuardError, match="object_too_long"):
        receive(guarded, len(pdu))


def test_small_messages_go_out_at_once(pair: Pair) -> None:
    """Nagle's algorithm is off, and silence has an end."""
    _, guarded = pair

    assert guarded.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert guarded.gettimeout() == LIMITS.timeout_s
