"""The C-STORE SCP: PS3.4 annex B as acceptor, and C-ECHO.

Every storage class, private and unknown ones too, in every transfer syntax. The
encoded data set goes to the spool as it was sent; 0x0000 is answered only when it
lies there complete. Handlers are plain functions bound with what they need.

Callers that are not allowed get no association (PS3.8 9.3.4: source 1, reason 3 or
7), so 0x0124 is never needed; foreign addresses do not get as far as that: their
connection is closed.
"""

from __future__ import annotations

import socket
import socketserver
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from ipaddress import IPv6Address, ip_address
from typing import Any, cast

from pydicom.config import IGNORE
from pydicom.config import settings as pydicom_settings
from pynetdicom import AE, _config, evt
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.pdu_primitives import A_RELEASE
from pynetdicom.transport import ThreadedAssociationServer

from node import log
from node.config import InboundSettings, NodeSettings
from node.errors import (
    BadUidError,
    ConfigError,
    NoSpaceError,
    SpoolError,
    UnreadableError,
)
from node.inbound.connection import GuardedConnection, Limits
from node.inbound.spool import MismatchError, OwnObjectError, Sent, Spool
from node.jobs.ledger import Ledger
from node.jobs.ledger_studies import ReceivedInstance

VERIFICATION = "1.2.840.10008.1.1"

SUCCESS = 0x0000
PROCESSING_FAILURE = 0x0110
INVALID_INSTANCE = 0x0117
CLASS_NOT_SUPPORTED = 0x0122
OUT_OF_RESOURCES = 0xA700
MISMATCH = 0xA900
CANNOT_UNDERSTAND = 0xC000

STATUSES: dict[type[SpoolError], int] = {
    NoSpaceError: OUT_OF_RESOURCES,
    MismatchError: MISMATCH,
    UnreadableError: CANNOT_UNDERSTAND,
    BadUidError: INVALID_INSTANCE,
    OwnObjectError: SUCCESS,  # no input, but the sender has done its part
}
"""What is answered when an object cannot be kept (PS3.4 table B.2-1, PS3.7 annex C)."""

OnStored = Callable[[ReceivedInstance, int], None]
OnReleased = Callable[[int, bool], None]


def handle_store(
    event: evt.Event, spool: Spool, ledger: Ledger, on_stored: OnStored
) -> int:
    """Keep one object and return the status of the C-STORE."""
    request = cast(C_STORE, event.request)
    sop_class_uid = str(request.AffectedSOPClassUID)
    sop_instance_uid = str(request.AffectedSOPInstanceUID)
    if sop_class_uid != event.context.abstract_syntax:
        return CLASS_NOT_SUPPORTED
    try:
        if ledger.studies.is_own(sop_instance_uid):
            raise OwnObjectError("this node made it")
        sent = Sent(
            transfer_syntax_uid=str(event.context.transfer_syntax),
            sop_class_uid=sop_class_uid,
            sop_instance_uid=sop_instance_uid,
            calling_ae_title=event.assoc.requestor.ae_title,
        )
        kept = spool.store(event.encoded_dataset(include_meta=False), sent)
    except SpoolError as error:
        status = STATUSES[type(error)]
        events = log.get("inbound")
        (events.info if status == SUCCESS else events.warning)(
            "not_stored",
            status=f"0x{status:04X}",
            reason=str(error),
            uid=log.hashed(sop_instance_uid),
        )
        return status
    except sqlite3.Error as error:
        log.get("inbound").error("ledger_unreadable", error=type(error).__name__)
        return PROCESSING_FAILURE
    on_stored(kept.instance, association_id(event.assoc))
    return SUCCESS


def handle_acse(event: evt.Event, spool: Spool, lose: Callable[[Any], None]) -> None:
    """Force what was received to disk before a release is answered.

    When that fails the connection is lost instead, so that the sender sends again.
    """
    if not isinstance(getattr(event, "primitive", None), A_RELEASE):
        return
    try:
        spool.sync()
    except NoSpaceError as error:
        log.get("inbound").error("not_synced", reason=str(error))
        lose(event.assoc)


def association_id(association: Any) -> int:
    """Return what distinguishes an association from every other that is open."""
    return id(association)


class StorageServer(ThreadedAssociationServer):
    """Accepts guarded connections from allowed addresses.

    Parameters
    ----------
    settings
        Allowed addresses, and the bounds of a connection.
    on_idle
        Called about twice a second.
    """

    def __init__(
        self, *args: Any, settings: InboundSettings, on_idle: Any, **kwargs: Any
    ) -> None:
        self._allowed = settings.allow_addresses
        self._limits = Limits(
            max_pdu=settings.max_pdu,
            max_object_bytes=settings.max_object_mib << 20,
            timeout_s=settings.socket_timeout_s,
        )
        self._on_idle = on_idle
        super().__init__(*args, **kwargs)

    def get_request(self) -> tuple[GuardedConnection, Any]:
        """Accept a connection and guard it."""
        accepted, address = cast(socket.socket, self.socket).accept()
        return GuardedConnection(accepted, self._limits), address

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Tell whether this address may connect."""
        del request
        if not self._allowed:
            return True
        address = ip_address(client_address[0].split("%")[0])
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        allowed = any(address in network for network in self._allowed)
        if not allowed:
            log.get("inbound").warning("address_refused", address=str(address))
        return allowed

    def service_actions(self) -> None:
        """Look after associations, between two connections."""
        super().service_actions()
        self._on_idle()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log a connection that failed before its association began."""
        del request, client_address
        log.get("inbound").warning("connection_failed")


class StorageSCP:
    """Receives objects until it is stopped.

    Parameters
    ----------
    node
        AE title, port and address.
    settings
        Bounds and allow-lists.
    on_stored
        Called with each instance that is kept and the id of its association, before
        the sender gets its answer.
    on_released
        Called once per association that ends, with True when it was aborted or lost.
    """

    def __init__(
        self,
        node: NodeSettings,
        settings: InboundSettings,
        spool: Spool,
        ledger: Ledger,
        *,
        on_stored: OnStored,
        on_released: OnReleased,
    ) -> None:
        self._node = node
        self._settings = settings
        self._spool = spool
        self._ledger = ledger
        self._on_stored = on_stored
        self._on_released = on_released
        self._open: dict[int, Any] = {}
        self._lock = threading.Lock()
        self._server: Any = None
        self._thread: threading.Thread | None = None

    def bind(self) -> None:
        """Take the port; who connects waits until ``start``.

        Raises
        ------
        ConfigError
            Address and port cannot be used.
        """
        configure_libraries()
        node = self._node
        try:
            self._server = self._make_server()
        except OSError as error:
            raise ConfigError(
                f"[node] listen and port: {node.listen}:{node.port}: {error.strerror}"
            ) from None

    def start(self) -> None:
        """Listen, and return.

        Raises
        ------
        ConfigError
            Address and port cannot be used.
        """
        if self._server is None:
            self.bind()
        node = self._node
        loopback = ip_address(socket.gethostbyname(node.listen)).is_loopback
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="storage-scp", daemon=True
        )
        self._thread.start()
        events = log.get("inbound")
        events.info("listening", address=node.listen, port=node.port)
        if not loopback:
            events.warning("open_to_the_network", address=node.listen)

    def stop(self) -> None:
        """Abort what is open and stop listening; returns when all have ended."""
        if self._server is None:
            return
        if self._thread is not None:
            socketserver.BaseServer.shutdown(self._server)
        for association in self._server.active_associations:
            association.abort()
        self._server.server_close()
        if self._thread is not None:
            self._thread.join()
        self._server = self._thread = None
        self._end_dead()

    def _make_server(self) -> Any:
        ae = AE(ae_title=self._node.ae_title)
        ae.add_supported_context(VERIFICATION)
        ae.maximum_pdu_size = self._settings.max_pdu
        ae.maximum_associations = self._settings.max_associations
        ae.require_called_aet = True
        ae.require_calling_aet = list(self._settings.allow_ae_titles)
        timeout_s = self._settings.socket_timeout_s
        ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = timeout_s
        return ae.make_server(
            (self._node.listen, self._node.port),
            evt_handlers=self._handlers(),
            server_class=StorageServer,
            settings=self._settings,
            on_idle=self._end_dead,
        )

    def _handlers(self) -> list[Any]:
        kept = [self._spool, self._ledger, self._on_stored]
        return [
            (evt.EVT_C_STORE, handle_store, kept),
            (evt.EVT_ACSE_RECV, handle_acse, [self._spool, self._lose]),
            (evt.EVT_ESTABLISHED, self._established),
            (evt.EVT_RELEASED, lambda event: self._ended(event.assoc, aborted=False)),
            (evt.EVT_ABORTED, lambda event: self._ended(event.assoc, aborted=True)),
            (evt.EVT_REJECTED, _log_rejected),
        ]

    def _established(self, event: evt.Event) -> None:
        with self._lock:
            self._open[association_id(event.assoc)] = event.assoc

    def _ended(self, association: Any, *, aborted: bool) -> None:
        with self._lock:
            known = self._open.pop(association_id(association), None)
        if known is not None:
            self._on_released(association_id(association), aborted)

    def _lose(self, association: Any) -> None:
        """Cut an association off: the state machine allows no abort in a release."""
        self._ended(association, aborted=True)
        connection = association.dul.socket.socket
        if connection is not None:
            with suppress(OSError):  # the peer may be gone already
                connection.shutdown(socket.SHUT_RDWR)

    def _end_dead(self) -> None:
        """End associations whose thread died without an event (seen on errors)."""
        with self._lock:
            dead = [each for each in self._open.values() if not each.is_alive()]
        for association in dead:
            self._ended(association, aborted=True)


def configure_libraries() -> None:
    """Set what pynetdicom and pydicom only know for the whole process.

    Every storage class is accepted; associations are not logged by value; nor are found
    records, one of which is lost when a value of it cannot be printed; UIDs are
    checked by the spool, not by a warning that prints them.
    """
    _config.UNRESTRICTED_STORAGE_SERVICE = True
    _config.LOG_HANDLER_LEVEL = "none"
    _config.LOG_RESPONSE_IDENTIFIERS = False
    pydicom_settings.reading_validation_mode = IGNORE


def _log_rejected(event: evt.Event) -> None:
    primitive = event.assoc.acceptor.primitive
    reason = getattr(primitive, "reason_str", "unknown")
    log.get("inbound").warning("association_rejected", reason=reason)
