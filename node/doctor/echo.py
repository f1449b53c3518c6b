"""C-ECHO: one is sent, with whose fault a silence is; and some are answered.

PS3.7 9.1.5 (service), PS3.8 9.3.4 (rejection).
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto
from socketserver import BaseServer
from typing import Any

from pynetdicom import AE
from pynetdicom.transport import ThreadedAssociationServer

from node.requestor import answered
from node.send.scu import Peer

VERIFICATION = "1.2.840.10008.1.1"

USER, CALLING_NOT_RECOGNISED, CALLED_NOT_RECOGNISED = 1, 3, 7
"""Source and reasons of an A-ASSOCIATE-RJ (PS3.8 table 9-21)."""


POLL_S = 0.02
"""How soon the end of ``answering`` is noticed."""


class Outcome(Enum):
    """What became of a C-ECHO."""

    ANSWERS = auto()
    NO_SUCH_HOST = auto()
    SILENT = auto()
    """Nothing takes the connection."""
    NOT_DICOM = auto()
    """Something takes it, and does not speak DICOM."""
    CALLED_REFUSED = auto()
    """Nobody of that AE title is there."""
    CALLING_REFUSED = auto()
    """Our AE title is not known there."""
    REFUSED = auto()
    """Refused for another reason."""


def tried(peer: Peer, ae_title: str, timeout_s: float) -> Outcome:
    """Send one C-ECHO and tell what became of it."""
    reached = _reached(peer, timeout_s)
    if reached is not Outcome.ANSWERS:
        return reached
    ae = AE(ae_title=ae_title)
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = timeout_s
    ae.connection_timeout = timeout_s
    ae.add_requested_context(VERIFICATION)
    association = ae.associate(peer.host, peer.port, ae_title=peer.ae_title)
    if not association.is_established:
        return _refused(association)
    with answered(association):
        status = association.send_c_echo().get("Status")
    return Outcome.ANSWERS if status == 0x0000 else Outcome.REFUSED


@contextmanager
def answering(ae_title: str, address: tuple[str, int]) -> Iterator[None]:
    """Answer every C-ECHO for an AE title at an address, meanwhile.

    Raises
    ------
    OSError
        The address cannot be listened at.
    """
    ae = AE(ae_title=ae_title)
    ae.require_called_aet = True
    ae.add_supported_context(VERIFICATION)
    server: Any = ae.make_server(address, server_class=ThreadedAssociationServer)
    thread = threading.Thread(target=server.serve_forever, args=(POLL_S,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        BaseServer.shutdown(server)  # pynetdicom's own knows only its own threads
        server.server_close()


def _reached(peer: Peer, timeout_s: float) -> Outcome:
    """Connect and hang up: a refused connection is not yet a refused association."""
    try:
        socket.create_connection((peer.host, peer.port), timeout_s).close()
    except socket.gaierror:
        return Outcome.NO_SUCH_HOST
    except OSError:
        return Outcome.SILENT
    return Outcome.ANSWERS


def _refused(association: Any) -> Outcome:
    primitive = association.acceptor.primitive
    if not association.is_rejected or primitive is None:
        return Outcome.NOT_DICOM
    said = (primitive.result_source, primitive.diagnostic)
    return {
        (USER, CALLED_NOT_RECOGNISED): Outcome.CALLED_REFUSED,
        (USER, CALLING_NOT_RECOGNISED): Outcome.CALLING_REFUSED,
    }.get(said, Outcome.REFUSED)
