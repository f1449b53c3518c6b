"""A small study in every encoding that can be made here."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from copy import deepcopy
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    JPEG2000,
    MPEG2MPML,
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from models.hippocampus.phantom import write_study
from tests.dicom_series import uid

HTJ2K_FIXTURE = Path(__file__).parents[1] / "fixtures" / "htj2k.npz"
"""One slice of 16 bits, and its reversible codestream by OpenJPH's ojph_compress."""

DCMCJPEG = Path("/usr/bin/dcmcjpeg")
"""DCMTK's encoder of JPEG."""

Encode = Callable[[Dataset], None]


def native(syntax: str) -> Encode:
    """Return what puts an image into an uncompressed transfer syntax."""

    def encode(ds: Dataset) -> None:
        if syntax == ExplicitVRBigEndian:
            ds.PixelData = ds.pixel_array.astype(">i2").tobytes()
        ds.file_meta.TransferSyntaxUID = UID(syntax)

    return encode


def compressed(syntax: str, **options: object) -> Encode:
    """Return what compresses an image by pydicom's own encoders."""

    def encode(ds: Dataset) -> None:
        ds.compress(syntax, generate_instance_uid=False, **options)  # type: ignore[arg-type]  # each encoder has its own

    return encode


def jpeg_baseline(ds: Dataset) -> None:
    """Compress to eight bits as JPEG Baseline."""
    stream = BytesIO()
    Image.fromarray(ds.pixel_array.clip(0, 255).astype(np.uint8)).save(
        stream, "JPEG", quality=95
    )
    encapsulated_as(ds, stream.getvalue(), JPEGBaseline8Bit)
    ds.BitsAllocated = ds.BitsStored = 8
    ds.HighBit, ds.PixelRepresentation = 7, 0


def jpeg_lossless(ds: Dataset) -> None:
    """Compress as JPEG Lossless by DCMTK, whose program reads and writes files."""
    ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 12, 11, 0
    buffer = BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    command = [str(DCMCJPEG), "--encode-lossless-sv1", "--uid-never", "-", "-"]
    done = subprocess.run(
        command, input=buffer.getvalue(), capture_output=True, check=True
    )
    made = dcmread(BytesIO(done.stdout))
    _encapsulated(ds, made.PixelData, JPEGLosslessSV1)


def htj2k(ds: Dataset) -> None:
    """Put the slice of the fixture in the place of the pixels."""
    with np.load(HTJ2K_FIXTURE) as fixture:
        encapsulated_as(ds, fixture["codestream"].tobytes(), HTJ2KLossless)
    ds.PixelRepresentation = 0


def encapsulated_as(ds: Dataset, codestream: bytes, syntax: str) -> None:
    """Put one codestream in the place of the pixels."""
    _encapsulated(ds, encapsulate([codestream]), syntax)


def _encapsulated(ds: Dataset, content: bytes, syntax: str) -> None:
    ds.file_meta.TransferSyntaxUID = UID(syntax)
    ds.PixelData = content
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True


LOSSLESS: dict[str, Encode] = {
    "implicit": native(ImplicitVRLittleEndian),
    "explicit": native(ExplicitVRLittleEndian),
    "big-endian": native(ExplicitVRBigEndian),
    "deflated": native(DeflatedExplicitVRLittleEndian),
    "RLE": compressed(RLELossless),
    "JPEG-LS": compressed(JPEGLSLossless),
    "JPEG 2000": compressed(JPEG2000Lossless),
}
"""All of them must be read as the very same numbers."""

LOSSY: dict[str, Encode] = {
    "JPEG": jpeg_baseline,
    "JPEG-LS near": compressed(JPEGLSNearLossless, jls_error=1),
    "JPEG 2000 lossy": compressed(JPEG2000, j2k_psnr=[96]),
}


def film(ds: Dataset) -> None:
    """Say that the pixels are MPEG-2, which nobody decodes."""
    encapsulated_as(ds, b"no film", MPEG2MPML)


def crop(folder: Path, seed: int = 1) -> list[Dataset]:
    """Return the images of a synthetic crop around a hippocampus."""
    files = write_study(folder, seed=seed)
    return [dcmread(path) for path in files if path.parent.name == "hippocrop"]


def encoded_crop(images: list[Dataset], name: str, encode: Encode) -> list[Dataset]:
    """Return copies in another encoding, as a study of their own."""
    made = []
    for image in images:
        ds = Dataset({element.tag: deepcopy(element) for element in image})
        ds.file_meta = deepcopy(image.file_meta)
        encode(ds)
        for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
            setattr(ds, keyword, uid(name, ds[keyword].value))
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
        made.append(ds)
    return made
