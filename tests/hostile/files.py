"""The odd files that others collected, and of which kind each is."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from pydicom import dcmread
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    JPEG2000TransferSyntaxes,
    JPEGLSTransferSyntaxes,
    JPEGTransferSyntaxes,
    MediaStorageDirectoryStorage,
    RLELossless,
)

FAMILIES = {
    **dict.fromkeys(JPEGTransferSyntaxes, "JPEG"),
    **dict.fromkeys(JPEGLSTransferSyntaxes, "JPEG-LS"),
    **dict.fromkeys(JPEG2000TransferSyntaxes, "JPEG 2000"),
    RLELossless: "RLE",
    DeflatedExplicitVRLittleEndian: "deflated",
    ExplicitVRBigEndian: "big-endian",
}


@dataclass(frozen=True)
class HostileFile:
    """One file.

    Attributes
    ----------
    sop_class_uid, sop_instance_uid
        "" where the data set has none.
    kind
        Its encoding; or what it is, when no DICOM instance.
    """

    path: Path
    content: bytes
    sop_class_uid: str
    sop_instance_uid: str
    kind: str

    @property
    def sendable(self) -> bool:
        """Whether a C-STORE can name it."""
        return bool(self.sop_class_uid and self.sop_instance_uid)


def hostile_files(folder: Path) -> list[HostileFile]:
    """Return every file below the folder, sorted by path."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # pydicom, of odd values
        return [_file(path) for path in sorted(folder.rglob("*")) if path.is_file()]


def _file(path: Path) -> HostileFile:
    content = path.read_bytes()
    ds = dcmread(BytesIO(content), stop_before_pixels=True, force=True)
    sop_class, instance = (
        str(ds.get(keyword) or "") for keyword in ("SOPClassUID", "SOPInstanceUID")
    )
    media = ds.file_meta.get("MediaStorageSOPClassUID")
    if media == MediaStorageDirectoryStorage:
        kind = "DICOMDIR"
    elif sop_class and instance:
        syntax = ds.file_meta.get("TransferSyntaxUID", UID(""))
        kind = FAMILIES.get(syntax, "native little endian")
        kind = kind if content[128:132] == b"DICM" else "without meta information"
    else:
        kind = "no UIDs" if content[128:132] == b"DICM" else "no DICOM"
    return HostileFile(path, content, sop_class, instance, kind)
