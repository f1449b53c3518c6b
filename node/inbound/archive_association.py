"""Associations with an archive; what goes wrong in one is an ``ArchiveError``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from pynetdicom import AE, evt
from pynetdicom.presentation import PresentationContext

from node.config import ArchiveSettings
from node.errors import ArchiveError, ArchiveSilentError
from node.inbound.archive import IsOver
from node.inbound.connection import GuardedConnection, Limits
from node.requestor import answered

MOST_BYTES = 2 << 30
"""Of one message, which is held in memory."""


def name_of(settings: ArchiveSettings) -> str:
    """Return the archive as messages name it: AE title, host and port."""
    return f"{settings.ae_title}@{settings.host}:{settings.dicom_port}"


@contextmanager
def association_with(
    settings: ArchiveSettings,
    ae_title: str,
    contexts: Sequence[PresentationContext],
    *,
    roles: Sequence[Any],
    handlers: Sequence[Any],
    is_over: IsOver,
) -> Iterator[Any]:
    """Open an association for a block, and translate what goes wrong in it.

    Parameters
    ----------
    ae_title
        Our own.
    roles, handlers
        As pynetdicom takes them.
    is_over
        Whether nobody waits any more: then it is aborted, since a release waits for
        an answer.

    Raises
    ------
    ArchiveError
        The archive cannot be reached, breaks off or answers amiss.
    """
    with _translated(name_of(settings)):
        association = _associate(settings, ae_title, contexts, roles, handlers)
        with answered(association):
            try:
                yield association
            finally:
                if association.is_established and is_over():
                    association.abort()


def _associate(
    settings: ArchiveSettings,
    ae_title: str,
    contexts: Sequence[PresentationContext],
    roles: Sequence[Any],
    handlers: Sequence[Any],
) -> Any:
    ae = AE(ae_title=ae_title)
    ae.acse_timeout = ae.dimse_timeout = settings.timeout_s
    ae.network_timeout = ae.connection_timeout = settings.timeout_s
    limits = Limits(ae.maximum_pdu_size, MOST_BYTES, settings.timeout_s)
    association = ae.associate(
        settings.host,
        settings.dicom_port,
        contexts=list(contexts),
        ae_title=settings.ae_title,
        ext_neg=list(roles),
        evt_handlers=[(evt.EVT_CONN_OPEN, _guard, [limits]), *handlers],
    )
    if not association.is_established:
        rejected = association.is_rejected
        what = "rejects the association" if rejected else "does not answer"
        raise ArchiveSilentError(f"{name_of(settings)} {what}")
    return association


@contextmanager
def _translated(name: str) -> Iterator[None]:
    """Translate what pynetdicom and odd answers raise; values are not quoted."""
    try:
        yield
    except OSError as error:  # also a host name that nobody knows
        what = f"cannot be reached: {type(error).__name__}"
        raise ArchiveSilentError(f"{name} {what}") from None
    except RuntimeError:  # of pynetdicom: the association is gone
        raise ArchiveSilentError(f"{name} broke off") from None
    except ValueError:  # of pynetdicom: no context was accepted
        what = "does not offer the service, or answers no numbers"
        raise ArchiveError(f"{name} {what}") from None
    except (AttributeError, TypeError) as error:
        what = f"answers amiss: {type(error).__name__}"
        raise ArchiveError(f"{name} {what}") from None


def _guard(event: evt.Event, limits: Limits) -> None:
    """Bound the time and length of each PDU: pynetdicom reads one for ever."""
    connection = event.assoc.dul.socket
    if connection is not None and connection.socket is not None:
        with suppress(OSError):  # the peer may be gone already
            connection.socket = GuardedConnection(connection.socket, limits)
