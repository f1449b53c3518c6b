"""Small objects to send, and the forms in which they travel."""

from __future__ import annotations

import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    UID,
    CTImageStorage,
    ExplicitVRLittleEndian,
    generate_uid,
)
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.dsutils import encode

from node.config import InboundSettings
from node.inbound.spool import Sent, Spool

T = TypeVar("T")


def build_instance(
    study: str | None = None,
    series: str | None = None,
    syntax: str = ExplicitVRLittleEndian,
    **tags: object,
) -> Dataset:
    """Return a tiny CT image without pixels, in memory; ``tags`` by keyword."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = UID(syntax)
    ds.SOPClassUID = CTImageStorage
    ds.SOPInstanceUID = generate_uid()
    ds.StudyInstanceUID = study or generate_uid()
    ds.SeriesInstanceUID = series or generate_uid()
    ds.Modality = "CT"
    ds.PatientName = "Secret^Patient"
    ds.PatientID = "SECRET-1"
    for keyword, value in tags.items():
        setattr(ds, keyword, value)
    return ds


def encoded(ds: Dataset) -> bytes:
    """Return the data set as it goes over the wire, without meta information."""
    syntax = ds.file_meta.TransferSyntaxUID
    stream = encode(
        ds, syntax.is_implicit_VR, syntax.is_little_endian, syntax.is_deflated
    )
    assert stream is not None
    return stream


def sent(ds: Dataset, calling_ae_title: str = "SCANNER") -> Sent:
    """Return what a C-STORE command says about the data set."""
    return Sent(
        str(ds.file_meta.TransferSyntaxUID),
        str(ds.SOPClassUID),
        str(ds.SOPInstanceUID),
        calling_ae_title,
    )


def as_file(ds: Dataset) -> bytes:
    """Return the data set as a DICOM file."""
    buffer = BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def eventually(condition: Callable[[], T], within_s: float = 10.0) -> T:
    """Return the first true value of ``condition``, or fail."""
    deadline = time.monotonic() + within_s
    while not (value := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
    return value


def send(association: Any, stream: bytes, **command: str) -> int | None:
    """Send encoded bytes under any command, as only a broken or hostile SCU does."""
    context = association.accepted_contexts[0]
    request = C_STORE()
    request.MessageID = 1
    request.AffectedSOPClassUID = command.get("sop_class", context.abstract_syntax)
    request.AffectedSOPInstanceUID = command["uid"]
    request.Priority = 2
    request.DataSet = BytesIO(stream)
    association._reactor_checkpoint.clear()
    association.dimse.send_msg(request, context.context_id)
    _, response = association.dimse.get_msg(block=True)
    association._reactor_checkpoint.set()
    return None if response is None else int(response.Status)


def build_spool(folder: Path, **settings: Any) -> Spool:
    """Return a spool below ``folder`` without a free-space mark."""
    return Spool(folder / "spool", InboundSettings(**{"min_free_mib": 0, **settings}))


def files(spool: Spool) -> list[Path]:
    """Return every file in the spool, temporary ones too."""
    return sorted(path for path in spool.root.rglob("*") if path.is_file())
