"""A compressed image whose size is a lie is refused before a decoder believes it."""

from __future__ import annotations

import struct
import time
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless, RLELossless

from models.contract import Instance
from models.volume.codestream import CodestreamError, require_true_sizes, size_of
from models.volume.pixels import PixelFormat, SeriesError, read_plane
from tests.dicom_series import write_series

ROWS, COLUMNS = 33, 40
LIE = 6_000


def image_of(folder: Path, syntax: str) -> Path:
    """Write one compressed image."""
    array = np.arange(ROWS * COLUMNS, dtype=np.uint16).reshape(1, ROWS, COLUMNS)
    [path] = write_series(folder, array, transfer_syntax=syntax)
    return path


def jpeg() -> bytes:
    """Return a JPEG with the application segments that programs put in front."""
    stream = BytesIO()
    Image.new("L", (COLUMNS, ROWS)).save(stream, "JPEG", comment=b"made by a test")
    return stream.getvalue()


def lying(codestream: bytes) -> bytes:
    """Return the codestream with another size in it."""
    made = bytearray(codestream)
    if (at := codestream.find(b"\xff\x51")) >= 0:
        for field in (6, 10, 22, 26):  # image and tile
            struct.pack_into(">I", made, at + field, LIE)
    else:
        at = max(codestream.find(b"\xff\xf7"), codestream.find(b"\xff\xc0"))
        struct.pack_into(">HH", made, at + 5, LIE, LIE)
    return bytes(made)


def replace_pixels(path: Path, codestream: bytes) -> Dataset:
    """Put another codestream into a file, and return its data set."""
    ds = dcmread(path)
    ds.PixelData = encapsulate([codestream])
    ds.save_as(path)
    return ds


@pytest.mark.parametrize("syntax", [JPEGLSLossless, JPEG2000Lossless])
def test_an_image_of_its_true_size_passes(tmp_path: Path, syntax: str) -> None:
    """And the size in it is rows, then columns."""
    ds = dcmread(image_of(tmp_path, syntax))

    require_true_sizes(ds)

    [frame] = generate_frames(ds.PixelData, number_of_frames=1)
    assert size_of(frame) == (ROWS, COLUMNS)


def test_jpeg_and_high_throughput_jpeg_2000_say_their_size() -> None:
    """Behind whatever segments and fill bytes come first."""
    fixture = Path(__file__).parents[2] / "fixtures" / "htj2k.npz"
    with np.load(fixture) as arrays:
        codestream, shape = arrays["codestream"].tobytes(), arrays["pixels"].shape

    filled = jpeg().replace(b"\xff\xdb", b"\xff\xff\xff\xdb", 1)

    assert size_of(codestream) == shape
    assert size_of(jpeg()) == size_of(filled) == (ROWS, COLUMNS)
    assert size_of(lying(jpeg())) == (LIE, LIE)


@pytest.mark.parametrize("syntax", [JPEGLSLossless, JPEG2000Lossless])
def test_a_lie_is_found_before_memory_and_time_are_spent(
    tmp_path: Path, syntax: str
) -> None:
    """The reason is that of any pixels that do not fill the matrix."""
    path = image_of(tmp_path, syntax)
    [frame] = generate_frames(dcmread(path).PixelData, number_of_frames=1)
    ds = replace_pixels(path, lying(frame))
    grey = PixelFormat(16, 16, 15, False, None, None, "")

    begun = time.monotonic()
    with pytest.raises(SeriesError) as caught:
        read_plane(Instance("1", "1", path), grey, ROWS, COLUMNS)

    assert time.monotonic() - begun < 1
    assert caught.value.reason == "pixels_damaged"
    with pytest.raises(CodestreamError):
        require_true_sizes(ds)


def test_an_encoding_without_a_size_is_left_to_its_decoder(tmp_path: Path) -> None:
    """RLE has no header that could lie."""
    require_true_sizes(dcmread(image_of(tmp_path, RLELossless)))


@pytest.mark.parametrize("noise", [b"\xff\xd8", b"\xff\xd8\xff\xc0", b"no image"])
def test_what_says_no_size_is_refused(tmp_path: Path, noise: bytes) -> None:
    """A decoder might find one where we do not look."""
    ds = replace_pixels(image_of(tmp_path, JPEG2000Lossless), noise)

    with pytest.raises(CodestreamError):
        require_true_sizes(ds)


@given(st.binary(max_size=60), st.sampled_from([b"\xff\xd8", b"\xff\x4f\xff\x51", b""]))
def test_any_bytes_have_a_size_or_none(noise: bytes, start: bytes) -> None:
    """Nothing else is raised, and it ends."""
    size = size_of(start + noise)

    assert size is None or len(size) == 2


def test_endless_fill_bytes_end() -> None:
    """A hundred megabytes of them are no image."""
    begun = time.monotonic()

    assert size_of(b"\xff\xd8" + b"\xff" * (100 << 20)) is None
    assert time.monotonic() - begun < 1
