"""Asking any archive by C-FIND, and for images by C-GET (PS3.4 annex C)."""

from __future__ import annotations

import socket
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, cast

from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom import (
    AE,
    StoragePresentationContexts,
    build_role,
    evt,
)
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.presentation import PresentationContext, build_context

from node.config import ArchiveSettings
from node.errors import ArchiveError, NodeError
from node.inbound.archive import Store

VERIFICATION = "1.2.840.10008.1.1"
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.3"

TRANSFER_SYNTAXES = (
    "1.2.840.10008.1.2.1",  # Explicit VR Little Endian
    "1.2.840.10008.1.2",  # Implicit VR Little Endian
    "1.2.840.10008.1.2.4.70",  # JPEG Lossless, first-order prediction
    "1.2.840.10008.1.2.4.90",  # JPEG 2000 Lossless
    "1.2.840.10008.1.2.4.80",  # JPEG-LS Lossless
    "1.2.840.10008.1.2.5",  # RLE Lossless
    "1.2.840.10008.1.2.4.50",  # JPEG Baseline
    "1.2.840.10008.1.2.4.91",  # JPEG 2000
    "1.2.840.10008.1.2.4.81",  # JPEG-LS Near-Lossless
    "1.2.840.10008.1.2.4.51",  # JPEG Extended
    "1.2.840.10008.1.2.4.57",  # JPEG Lossless, process 14
    "1.2.840.10008.1.2.1.99",  # Deflated Explicit VR Little Endian
    "1.2.840.10008.1.2.4.201",  # High-Throughput JPEG 2000 Lossless
    "1.2.840.10008.1.2.4.203",  # High-Throughput JPEG 2000
    "1.2.840.10008.1.2.2",  # Explicit VR Big Endian
)
"""In which images are fetched, the commonest first; each gets contexts of its own, so
that an image comes in the syntax in which the archive keeps it (PS3.6 annex A)."""

PENDING = (0xFF00, 0xFF01)
SUCCESS = 0x0000
MAX_STORAGE_CONTEXTS = 127
"""An association has 128 presentation contexts (PS3.8 9.3.2.2), one is C-GET's."""


class DicomArchive:
    """An archive, asked over DIMSE.

    Parameters
    ----------
    settings
        AE title, host, DICOM port and time-out of the archive.
    ae_title
        Our own AE title.
    """

    def __init__(self, settings: ArchiveSettings, ae_title: str) -> None:
        self._settings = settings
        self._ae_title = ae_title
        self._name = f"{settings.ae_title}@{settings.host}:{settings.dicom_port}"

    def series_counts(self, study_instance_uid: str) -> dict[str, int] | None:
        """Return the number of instances by Series Instance UID, or None.

        An archive that does not return Number of Series Related Instances, which is
        optional, is asked for its instances.

        Raises
        ------
        ArchiveError
            The archive does not answer, or refuses.
        """
        contexts = [build_context(STUDY_ROOT_FIND)]
        with self._association(contexts) as association:
            counts = {}
            for series in self._find(association, _series_query(study_instance_uid)):
                uid = str(series.SeriesInstanceUID)
                number = series.get("NumberOfSeriesRelatedInstances")
                if number is None:
                    query = _image_query(study_instance_uid)
                    query.SeriesInstanceUID = uid
                    number = len(self._find(association, query))
                counts[uid] = int(number)
        return counts or None

    def fetch_study(
        self,
        study_instance_uid: str,
        store: Store,
        series_instance_uids: Collection[str] | None = None,
    ) -> int:
        """Hand every instance of a study, or of some of its series, to ``store``.

        Raises
        ------
        ArchiveError
            The archive does not answer, refuses, or some images did not come.
        """
        fetched: list[str] = []

        def keep(event: evt.Event) -> int:
            try:
                store(event.encoded_dataset())
            except NodeError:
                return 0xA700
            fetched.append(str(cast(C_STORE, event.request).AffectedSOPInstanceUID))
            return SUCCESS

        with self._association([build_context(STUDY_ROOT_FIND)]) as association:
            images = self._find(association, _image_query(study_instance_uid))
        if not images:
            return 0
        storage = _storage_contexts(images)
        contexts = [build_context(STUDY_ROOT_GET), *storage]
        classes = {cast(UID, each.abstract_syntax) for each in storage}
        roles = [build_role(each, scp_role=True) for each in classes]
        with self._association(contexts, roles, [(evt.EVT_C_STORE, keep)]) as opened:
            for query in _get_queries(study_instance_uid, series_instance_uids):
                self._get(opened, query)
        return len(fetched)

    def echo(self) -> None:
        """Return when the archive answers C-ECHO.

        Raises
        ------
        ArchiveError
            It does not, or refuses.
        """
        with self._association([build_context(VERIFICATION)]) as association:
            self._check(association.send_c_echo(), "C-ECHO")

    def _find(self, association: Any, query: Dataset) -> list[Dataset]:
        found = []
        for status, identifier in association.send_c_find(query, STUDY_ROOT_FIND):
            if status.get("Status") in PENDING and identifier is not None:
                found.append(identifier)
            else:
                self._check(status, "C-FIND")
        return found

    def _get(self, association: Any, query: Dataset) -> None:
        for status, _ in association.send_c_get(query, STUDY_ROOT_GET):
            if status.get("Status") not in PENDING:
                self._check(status, "C-GET")

    def _check(self, status: Dataset, service: str) -> None:
        code = status.get("Status")
        if code is None:
            raise ArchiveError(f"{self._name} does not answer {service}")
        if code != SUCCESS:
            raise ArchiveError(f"{self._name} refuses {service} with 0x{code:04X}")

    @contextmanager
    def _association(
        self,
        contexts: Sequence[PresentationContext],
        roles: Sequence[Any] = (),
        handlers: Sequence[Any] = (),
    ) -> Iterator[Any]:
        settings = self._settings
        ae = AE(ae_title=self._ae_title)
        ae.acse_timeout = ae.dimse_timeout = settings.timeout_s
        ae.network_timeout = ae.connection_timeout = settings.timeout_s
        association = ae.associate(
            settings.host,
            settings.dicom_port,
            contexts=list(contexts),
            ae_title=settings.ae_title,
            ext_neg=list(roles),
            evt_handlers=[(evt.EVT_CONN_OPEN, _no_delay), *handlers],
        )
        if not association.is_established:
            rejected = association.is_rejected
            what = "rejects the association" if rejected else "does not answer"
            raise ArchiveError(f"{self._name} {what}")
        try:
            yield association
        finally:
            if association.is_established:
                association.release()


def _series_query(study_instance_uid: str) -> Dataset:
    query = Dataset()
    query.QueryRetrieveLevel = "SERIES"
    query.StudyInstanceUID = study_instance_uid
    query.SeriesInstanceUID = ""
    query.NumberOfSeriesRelatedInstances = None
    return query


def _image_query(study_instance_uid: str) -> Dataset:
    query = Dataset()
    query.QueryRetrieveLevel = "IMAGE"
    query.StudyInstanceUID = study_instance_uid
    query.SeriesInstanceUID = ""
    query.SOPInstanceUID = ""
    query.SOPClassUID = ""
    return query


def _get_queries(
    study_instance_uid: str, series_instance_uids: Collection[str] | None
) -> Iterator[Dataset]:
    """Yield one C-GET identifier for the study, or one for each series."""
    for series in [""] if series_instance_uids is None else series_instance_uids:
        query = Dataset()
        query.QueryRetrieveLevel = "SERIES" if series else "STUDY"
        query.StudyInstanceUID = study_instance_uid
        if series:
            query.SeriesInstanceUID = series
        yield query


def _storage_contexts(images: Sequence[Dataset]) -> list[PresentationContext]:
    """Return contexts for the classes of the images, or for the common ones."""
    classes = sorted({str(image.get("SOPClassUID") or "") for image in images} - {""})
    if not classes:
        classes = [str(each.abstract_syntax) for each in StoragePresentationContexts]
    pairs = [(cls, syntax) for syntax in TRANSFER_SYNTAXES for cls in classes]
    return [build_context(*pair) for pair in pairs[:MAX_STORAGE_CONTEXTS]]


def _no_delay(event: evt.Event) -> None:
    """Answer small messages at once: Nagle's algorithm costs 40 ms each."""
    connection = event.assoc.dul.socket
    if connection is not None and connection.socket is not None:
        with suppress(OSError):  # the peer may be gone already
            connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
