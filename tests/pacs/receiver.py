"""A small storage SCP in the place of the node, which counts what reaches it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from socket import IPPROTO_TCP, TCP_NODELAY
from typing import Any

from pynetdicom import AE, AllStoragePresentationContexts, evt

from node.config import Settings


@dataclass
class Receiver:
    """What arrived: SOP Instance UIDs, one list per association, in order."""

    associations: list[list[str]] = field(default_factory=list)

    def accepted(self, event: Any) -> None:
        """Begin the list of a new association, without Nagle's delay."""
        event.assoc.dul.socket.socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        self.associations.append([])

    def stored(self, event: Any) -> int:
        """Note one instance and answer success."""
        self.associations[-1].append(str(event.request.AffectedSOPInstanceUID))
        return 0x0000


@contextmanager
def receiving(settings: Settings) -> Iterator[Receiver]:
    """Listen where the settings put the node."""
    receiver = Receiver()
    ae = AE(ae_title=settings.node.ae_title)
    ae.require_called_aet = True
    ae.supported_contexts = AllStoragePresentationContexts
    handlers: list[Any] = [
        (evt.EVT_ACCEPTED, receiver.accepted),
        (evt.EVT_C_STORE, receiver.stored),
    ]
    address = ("127.0.0.1", settings.node.port)
    server = ae.start_server(address, block=False, evt_handlers=handlers)
    assert server is not None  # it is None for a blocking server only
    try:
        yield receiver
    finally:
        server.shutdown()
