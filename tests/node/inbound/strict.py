"""A strict archive that speaks DICOM alone, over a real association.

PS3.4 C.4.1.2: without relational queries every level above the one that is asked for
must be named. Such an archive refuses what Orthanc grants.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import KeyObjectSelectionDocumentStorage, MRImageStorage
from pynetdicom import AE, evt

from node.config import ArchiveSettings
from node.inbound.archive_dicom import (
    STUDY_ROOT_FIND,
    STUDY_ROOT_GET,
    DicomArchive,
)
from tests.ports import free_port

IDENTIFIER_DOES_NOT_MATCH = 0xA900
UNIQUE_KEYS = {
    "STUDY": (),
    "SERIES": ("StudyInstanceUID",),
    "IMAGE": ("StudyInstanceUID", "SeriesInstanceUID"),
}


@dataclass
class StrictArchive:
    """Holds images, answers hierarchical queries alone, and notes what it hears.

    Attributes
    ----------
    records
        Identifiers that a search for studies brings beside those of the images.
    queries
        What it was asked by C-FIND and C-GET.
    statuses
        What its C-STOREs were answered with.
    pause_s
        Before each answer to C-FIND and each image.
    keeps_back
        Images of every C-GET that it lists and does not send.
    """

    images: list[Dataset] = field(default_factory=list)
    records: list[Dataset] = field(default_factory=list)
    queries: list[Dataset] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    pause_s: float = 0.0
    keeps_back: int = 0

    def find(self, event: evt.Event) -> Iterator[tuple[int, Dataset | None]]:
        """Answer C-FIND."""
        time.sleep(self.pause_s)
        query = event.identifier
        self.queries.append(query)
        level = query.QueryRetrieveLevel
        if not all(query.get(key) for key in UNIQUE_KEYS[level]):
            yield IDENTIFIER_DOES_NOT_MATCH, None
            return
        if level == "STUDY":
            yield from ((0xFF00, record) for record in self.records)
        found = {_key(ds, level): ds for ds in self._matching(query)}
        yield from ((0xFF00, _answer(query, ds)) for ds in found.values())

    def get(self, event: evt.Event) -> Iterator[Any]:
        """Answer C-GET."""
        self.queries.append(event.identifier)
        images = self._matching(event.identifier)[self.keeps_back :]
        yield len(images)
        for ds in images:
            time.sleep(self.pause_s)
            yield 0xFF00, ds

    def hear(self, event: evt.Event) -> None:
        """Note the answers to C-STORE."""
        command = event.message.command_set
        if command.get("CommandField") == 0x8001:
            self.statuses.append(command.Status)

    def _matching(self, query: Dataset) -> list[Dataset]:
        first = str(query.get("StudyDate") or "").rstrip("-")
        return [
            ds
            for ds in self.images
            if query.get("StudyInstanceUID") in ("", ds.StudyInstanceUID)
            and query.get("SeriesInstanceUID") in ("", None, ds.SeriesInstanceUID)
            and ds.get("StudyDate", "") >= first
        ]


def _key(ds: Dataset, level: str) -> str:
    names = {"STUDY": "Study", "SERIES": "Series", "IMAGE": "SOP"}
    return str(ds[f"{names[level]}InstanceUID"].value)


def _answer(query: Dataset, ds: Dataset) -> Dataset:
    """Return what was asked for, without what is optional."""
    answer = Dataset()
    answer.QueryRetrieveLevel = query.QueryRetrieveLevel
    for element in query:
        if element.keyword in ds:
            answer[element.keyword] = ds[element.keyword]
    return answer


@contextmanager
def running(strict: StrictArchive, timeout_s: float = 5) -> Iterator[DicomArchive]:
    """Run an archive, and say how the node asks it."""
    settings = ArchiveSettings(
        ae_title="PACS", dicom_port=free_port(), timeout_s=timeout_s
    )
    ae = AE(ae_title="PACS")
    ae.add_supported_context(STUDY_ROOT_FIND)
    ae.add_supported_context(STUDY_ROOT_GET)
    for sop_class in (MRImageStorage, KeyObjectSelectionDocumentStorage):
        ae.add_supported_context(sop_class, scu_role=True, scp_role=True)
    handlers: list[Any] = [
        (evt.EVT_C_FIND, strict.find),
        (evt.EVT_C_GET, strict.get),
        (evt.EVT_DIMSE_RECV, strict.hear),
    ]
    server = ae.start_server(
        (settings.host, settings.dicom_port), block=False, evt_handlers=handlers
    )
    try:
        yield DicomArchive(settings, "HIPPOAI")
    finally:
        server.shutdown()  # type: ignore[union-attr]  # None only when it blocks
