"""Images under one SOP Instance UID, alike and otherwise, as files."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
from pydicom import Dataset, dcmread
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from tests.dicom_series import save, write_series

PLANES = np.random.default_rng(1).integers(0, 900, (2, 32, 32), np.int16)
SYNTAXES = [
    ImplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
    RLELossless,
    JPEGLSLossless,
    JPEG2000Lossless,
]
Change = Callable[[Dataset], None]


def code(meaning: str) -> Dataset:
    """Return an item of a code sequence, with words (OW) beside it."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator = "1", "99TEST"
    item.CodeMeaning = meaning
    item.add_new("RedPaletteColorLookupTableData", "OW", b"\1\2\3\4")
    return item


def image(path: Path, change: Change | None = None) -> Path:
    """Write one image, with the change applied to its data set."""
    path.parent.mkdir(exist_ok=True, parents=True)
    first, _ = write_series(path.parent / f"{path.stem}-series", PLANES)
    dataset = dcmread(first)
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientName = "Иванова^Анна"
    dataset.ProcedureCodeSequence = [code("MR of head")]
    if change is not None:
        change(dataset)
    return save(dataset, path, str(dataset.file_meta.TransferSyntaxUID))


def encoded(path: Path, syntax: str) -> Path:
    """Write the image in another transfer syntax, as an archive would."""
    if syntax == ExplicitVRBigEndian:
        return big_endian(image(path))
    return save(dcmread(image(path)), path, syntax)


def big_endian(path: Path) -> Path:
    """Write a file of 16-bit words anew with their bytes the other way round."""
    dataset = Dataset()
    dataset.update({element.tag: element for element in dcmread(path)})
    item = dataset.ProcedureCodeSequence[0]
    for words in (dataset["PixelData"], item["RedPaletteColorLookupTableData"]):
        words.value = np.frombuffer(words.value, "<u2").byteswap().tobytes()
    return save(dataset, path, ExplicitVRBigEndian)


def with_element(keyword: str, value: object) -> Change:
    """Return a change of one element."""
    return lambda dataset: setattr(dataset, keyword, value)


def with_private(dataset: Dataset) -> None:
    """Add what the archive notes for itself."""
    dataset.private_block(0x0099, "ARCHIVE", create=True).add_new(1, "LO", "seen")


def with_cyrillic(dataset: Dataset) -> None:
    """Write the same name in the old character set."""
    dataset.SpecificCharacterSet = "ISO_IR 144"
    name = str(dataset.PatientName)
    del dataset.PatientName
    dataset.PatientName = name


def with_padding(dataset: Dataset) -> None:
    """Add the element that fills a block of a tape."""
    dataset.add_new("DataSetTrailingPadding", "OB", b"\0\0")


def with_other_words(dataset: Dataset) -> None:
    """Change one byte of a value in a sequence."""
    item = dataset.ProcedureCodeSequence[0]
    item.add_new("RedPaletteColorLookupTableData", "OW", b"\1\2\3\5")


def with_other_code(dataset: Dataset) -> None:
    """Change one word in a sequence."""
    dataset.ProcedureCodeSequence = [code("MR of hand")]


def with_other_pixel(dataset: Dataset) -> None:
    """Change the last pixel by one."""
    pixels = bytearray(dataset.PixelData)
    pixels[-2] ^= 1
    dataset.PixelData = bytes(pixels)


def with_other_matrix(dataset: Dataset) -> None:
    """Call the same bytes 16 rows of 64."""
    dataset.Rows, dataset.Columns = 16, 64


def with_other_sign(dataset: Dataset) -> None:
    """Read the same bytes as unsigned, where one of them is negative."""
    pixels = np.frombuffer(dataset.PixelData, "<i2").copy()
    pixels[0] = -1
    dataset.PixelData = pixels.tobytes()
    dataset.PixelRepresentation = 0


def lying_about_size(path: Path, behind: bytes) -> Path:
    """Write an image whose header says half the rows; ``behind`` follows its frame."""
    dataset = dcmread(encoded(path, JPEG2000Lossless))
    [frame] = generate_frames(dataset.PixelData, number_of_frames=1)
    dataset.PixelData = encapsulate([frame + behind])
    dataset.Rows, dataset.Columns = dataset.Rows // 2, dataset.Columns * 2
    dataset.save_as(path)
    return path


def overlong(path: Path) -> Path:
    """Write an image whose first RLE segment holds more bytes than the matrix.

    The decoder panics: it writes behind the end of the frame (PS3.5 annex G).
    """
    dataset = dcmread(encoded(path, RLELossless))
    run = b"\x81\0"  # 128 times 0
    first, second = run * 9, run * 8
    header = struct.pack("<16I", 2, 64, 64 + len(first), *[0] * 13)
    dataset.PixelData = encapsulate([header + first + second])
    dataset.save_as(path)
    return path
