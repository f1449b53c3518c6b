"""One association that stores objects: PS3.4 annex B, as SCU.

Statuses are sorted by one table into stored, transient and permanent. A C-STORE
without an answer is *unknown*, not failed: the object is sent again, which is
harmless because its SOP Instance UID and its bytes stay the same.
"""

from __future__ import annotations

import socket
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydicom import dcmread
from pydicom.errors import InvalidDicomError
from pydicom.uid import UID
from pynetdicom import AE, evt
from pynetdicom.presentation import PresentationContext, build_context

from node.errors import SendError
from node.requestor import answered


class Answer(StrEnum):
    """What a DIMSE status means for a delivery."""

    STORED = "stored"
    TRANSIENT = "transient"
    PERMANENT = "permanent"


STATUSES: tuple[tuple[int, int, Answer, str], ...] = (
    (0x0000, 0x0000, Answer.STORED, "success"),
    (0xB000, 0xB000, Answer.STORED, "stored, elements coerced"),
    (0xB006, 0xB007, Answer.STORED, "stored with a warning"),
    (0x0110, 0x0110, Answer.TRANSIENT, "processing failure"),
    (0xA700, 0xA7FF, Answer.TRANSIENT, "out of resources"),
    (0x0122, 0x0122, Answer.PERMANENT, "SOP class not supported"),
    (0x0124, 0x0124, Answer.PERMANENT, "not authorised"),
    (0xA900, 0xA9FF, Answer.PERMANENT, "data set does not match SOP class"),
    (0xC000, 0xCFFF, Answer.PERMANENT, "cannot understand"),
)
"""First and last status (PS3.4 table B.2-1, PS3.7 annex C), meaning, in words.

A status that is in no row is permanent: sending the same bytes again would get
the same answer, and a person has to look.
"""


def meaning(status: int) -> tuple[Answer, str]:
    """Return what a C-STORE status means for the delivery, and why, in words."""
    for first, last, answer, words in STATUSES:
        if first <= status <= last:
            return answer, f"{words} (0x{status:04X})"
    return Answer.PERMANENT, f"unexpected status 0x{status:04X}"


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one object: its answer, status when there was one, and why."""

    sop_instance_uid: str
    answer: Answer
    status: int | None
    detail: str


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One object to send: its file and what the presentation context needs."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    path: Path


@dataclass(frozen=True, slots=True)
class Peer:
    """The SCP that is called."""

    ae_title: str
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.ae_title}@{self.host}:{self.port}"


def store(
    objects: Sequence[Outgoing], peer: Peer, ae_title: str, timeout_s: float
) -> Generator[Sent]:
    """Send objects over one association, in order, yielding as each is answered.

    What an association that broke did not answer is not yielded, so that the caller
    keeps it pending. Closing the generator leaves the rest unsent.

    Raises
    ------
    SendError
        No association could be made; ``permanent`` when the peer said for ever.
    """
    with _association(objects, peer, ae_title, timeout_s) as association:
        for outgoing in objects:
            sent = _store_one(association, outgoing)
            if sent is None:
                return
            yield sent


def echo(peer: Peer, ae_title: str, timeout_s: float) -> None:
    """Verify the peer by C-ECHO.

    Raises
    ------
    SendError
        The peer does not answer or refuses.
    """
    verification = build_context("1.2.840.10008.1.1")
    with _open([verification], peer, ae_title, timeout_s) as association:
        status = association.send_c_echo()
        if "Status" not in status or status.Status != 0x0000:
            raise SendError(f"{peer} does not answer C-ECHO", permanent=False)


def _store_one(association: Any, outgoing: Outgoing) -> Sent | None:
    """Send one object; None when the association is gone."""
    uid = outgoing.sop_instance_uid
    try:
        response = association.send_c_store(dcmread(outgoing.path))
    except RuntimeError:  # pynetdicom: not established (any more)
        return None
    except ValueError:
        return Sent(
            uid, Answer.PERMANENT, None, "the peer accepts no context for this class"
        )
    except InvalidDicomError:
        return Sent(uid, Answer.PERMANENT, None, "the file is not DICOM")
    except Exception as error:  # noqa: BLE001 - the delivery's state is set from it
        return Sent(uid, Answer.TRANSIENT, None, type(error).__name__)
    if "Status" not in response:
        return Sent(uid, Answer.TRANSIENT, None, "no answer to C-STORE")
    answer, words = meaning(int(response.Status))
    return Sent(uid, answer, int(response.Status), words)


def _contexts(objects: Sequence[Outgoing]) -> list[PresentationContext]:
    pairs = dict.fromkeys((o.sop_class_uid, o.transfer_syntax_uid) for o in objects)
    return [build_context(UID(cls), UID(syntax)) for cls, syntax in pairs]


def _association(
    objects: Sequence[Outgoing], peer: Peer, ae_title: str, timeout_s: float
) -> Any:
    return _open(_contexts(objects), peer, ae_title, timeout_s)


@contextmanager
def _open(
    contexts: list[PresentationContext], peer: Peer, ae_title: str, timeout_s: float
) -> Iterator[Any]:
    ae = AE(ae_title=ae_title)
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = timeout_s
    ae.connection_timeout = timeout_s
    try:
        association = ae.associate(
            peer.host,
            peer.port,
            contexts=contexts,
            ae_title=peer.ae_title,
            evt_handlers=[(evt.EVT_CONN_OPEN, _no_delay)],
        )
    except (OSError, ValueError, RuntimeError) as error:  # the name has no address, …
        raise SendError(
            f"{peer} cannot be reached: {type(error).__name__}", permanent=False
        ) from None
    if not association.is_established:
        raise _refused(association, peer)
    with answered(association):
        yield association


def _refused(association: Any, peer: Peer) -> SendError:
    """Name why there is no association (PS3.8 9.3.4: result 1 is for ever)."""
    primitive = association.acceptor.primitive
    if association.is_rejected and primitive is not None:
        permanent = primitive.result == 0x01
        return SendError(f"{peer} rejects {primitive.reason_str}", permanent=permanent)
    return SendError(f"{peer} does not answer", permanent=False)


def _no_delay(event: evt.Event) -> None:
    """Answer small messages at once: Nagle's algorithm costs 40 ms each."""
    connection = event.assoc.dul.socket
    if connection is not None and connection.socket is not None:
        with suppress(OSError):  # the peer may be gone already
            connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
