"""A guarded TCP connection for an acceptor: time and memory have bounds.

pynetdicom reads a PDU of any length, for as long as it takes. The guard follows the
framing of the upper layer (PS3.8 9.3: type, reserved byte, length) in the bytes that
pass, and breaks the connection when a PDU is longer than its type allows, when it
takes too long, or when more arrives between two answers than an object may be long.
It enters through ``socketserver``'s documented hooks, not through pynetdicom's insides.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

from node import log

HEADER_BYTES = 6
ASSOCIATE_LIMIT = 1 << 20
"""128 presentation contexts with every transfer syntax take about a quarter of it."""
SHORT_LIMIT = 1 << 10
P_DATA = 0x04

COMMAND_ALLOWANCE = 1 << 20
"""What command sets and PDV headers may add to one object."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one connection.

    Attributes
    ----------
    max_pdu
        Longest P-DATA-TF in bytes, as announced in the negotiation.
    max_object_bytes
        Most bytes of P-DATA-TF between two answers of the node.
    timeout_s
        Longest silence, and longest time from first to last byte of one PDU.
    """

    max_pdu: int
    max_object_bytes: int
    timeout_s: float

    def pdu_bytes(self, pdu_type: int) -> int:
        """Return the largest length of a PDU of this type (PS3.8 table 9-11 ff)."""
        if pdu_type == P_DATA:
            return self.max_pdu
        return ASSOCIATE_LIMIT if pdu_type in (0x01, 0x02) else SHORT_LIMIT


class GuardError(OSError):
    """The peer broke a bound; pynetdicom sees an error of the socket."""


class GuardedConnection(socket.socket):
    """An accepted connection whose ``recv`` enforces ``Limits``.

    Parameters
    ----------
    accepted
        The socket to guard; it is taken over and must not be used afterwards.
    clock
        Monotonic seconds.
    """

    def __init__(
        self,
        accepted: socket.socket,
        limits: Limits,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(
            accepted.family, accepted.type, accepted.proto, fileno=accepted.detach()
        )
        self._limits = limits
        self._clock = clock
        self._header = bytearray()
        self._body_left = 0
        self._unanswered = 0
        self._deadline = 0.0
        self.settimeout(limits.timeout_s)
        # Nagle's algorithm and delayed acknowledgement cost 40 ms per small message.
        self.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def recv(self, bufsize: int, flags: int = 0) -> bytes:
        """Receive as ``socket.recv``, never beyond the end of the present PDU.

        Raises
        ------
        GuardError
            The peer broke a bound.
        """
        if not self._header:
            self._deadline = self._clock() + self._limits.timeout_s
        wanted = self._body_left or HEADER_BYTES - len(self._header)
        received = super().recv(min(bufsize, wanted), flags)
        if self._clock() > self._deadline:
            self._break("pdu_too_slow")
        self._follow(received)
        return received

    def send(self, data: bytes, flags: int = 0) -> int:  # type: ignore[override]  # typeshed's buffer type has no public name before 3.12
        """Send as ``socket.send``; an answer begins a new message."""
        self._unanswered = 0
        return super().send(data, flags)

    def _follow(self, received: bytes) -> None:
        """Note which part of which PDU was received."""
        if self._body_left:
            self._body_left -= len(received)
        else:
            self._header += received
            if len(self._header) < HEADER_BYTES:
                return
            self._body_left = self._checked_length()
        if not self._body_left:
            self._header.clear()

    def _checked_length(self) -> int:
        pdu_type = self._header[0]
        length = int.from_bytes(self._header[2:], "big")
        if length > self._limits.pdu_bytes(pdu_type):
            self._break("pdu_too_long", length=length)
        if pdu_type == P_DATA:
            self._unanswered += length
            if self._unanswered > self._limits.max_object_bytes + COMMAND_ALLOWANCE:
                self._break("object_too_long")
        return length

    def _break(self, event: str, **values: int) -> None:
        log.get("inbound").warning(event, **values)
        raise GuardError(event)
