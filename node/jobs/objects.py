"""DICOM objects to files: complete under their final name, or not there at all."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

from pydicom import dcmwrite

from node.jobs.job import ObjectFile
from node.report.sop import ReportObject


def write_objects(
    objects: Iterable[ReportObject], folder: Path
) -> tuple[ObjectFile, ...]:
    """Write each object as ``<kind>.dcm`` into ``folder``, for this user alone.

    Equal objects give equal files, so that an attempt whose result was lost can be
    repeated over its own remains.

    Raises
    ------
    OSError
        The folder cannot be made or written.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    files = tuple(_write(made, folder) for made in objects)
    _sync_folder(folder)
    return files


def _write(made: ReportObject, folder: Path) -> ObjectFile:
    content = _encode(made)
    path = folder / f"{made.kind}.dcm"
    temporary = folder / f".{made.kind}.part"
    with open(temporary, "wb", opener=_private) as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)
    return ObjectFile(
        kind=made.kind,
        sop_class_uid=made.sop_class_uid,
        sop_instance_uid=made.sop_instance_uid,
        series_instance_uid=made.series_instance_uid,
        transfer_syntax_uid=str(made.dataset.file_meta.TransferSyntaxUID),
        path=path,
        sha256=hashlib.sha256(content).hexdigest(),
    )


def _encode(made: ReportObject) -> bytes:
    stream = BytesIO()
    dcmwrite(stream, made.dataset, enforce_file_format=True)
    return stream.getvalue()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, mode=0o600)


def _sync_folder(folder: Path) -> None:
    """Make the new names themselves survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
