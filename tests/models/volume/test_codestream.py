"""A compressed image whose size is a lie is refused before a decoder believes it."""

from __future__ import annotations

import struct
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
from models.volume.codestream import (
    JP2_START,
    CodestreamError,
    require_sound_frames,
    size_of,
)
from models.volume.headers import text
from models.volume.pixels import PixelFormat, Pixels, SeriesError, read_plane
from models.volume.study import PIXEL_TAGS
from tests.dicom_series import write_series

ROWS, COLUMNS = 33, 40
LIE = 6_000


def image_of(folder: Path, syntax: str) -> Path:
    """Write one compressed image."""
    array = np.arange(ROWS * COLUMNS, dtype=np.uint16).reshape(1, ROWS, COLUMNS)
    [path] = write_series(folder, array, transfer_syntax=syntax)
    return path


def jpeg(mode: str = "L") -> bytes:
    """Return a JPEG with the application segments that programs put in front."""
    stream = BytesIO()
    Image.new(mode, (COLUMNS, ROWS)).save(stream, "JPEG", comment=b"made by a test")
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


STARTS = (b"\xff\xd8", b"\xff\x4f\xff\x51", JP2_START, b"")


def box(kind: bytes, content: bytes) -> bytes:
    """Return a box of a JP2 file."""
    return struct.pack(">I4s", 8 + len(content), kind) + content


def jpeg_2000(folder: Path) -> bytes:
    """Return a JPEG 2000 codestream."""
    ds = dcmread(image_of(folder, JPEG2000Lossless))
    [frame] = generate_frames(ds.PixelData, number_of_frames=1)
    assert isinstance(frame, bytes)
    return frame


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

    require_sound_frames(ds)

    [frame] = generate_frames(ds.PixelData, number_of_frames=1)
    assert size_of(frame) == (ROWS, COLUMNS, 1)


def test_jpeg_and_high_throughput_jpeg_2000_say_their_size() -> None:
    """Behind whatever segments and fill bytes come first."""
    fixture = Path(__file__).parents[2] / "fixtures" / "htj2k.npz"
    with np.load(fixture) as arrays:
        codestream, shape = arrays["codestream"].tobytes(), arrays["pixels"].shape

    filled = jpeg().replace(b"\xff\xdb", b"\xff\xff\xff\xdb", 1)

    assert size_of(codestream) == (*shape, 1)
    assert size_of(jpeg()) == size_of(filled) == (ROWS, COLUMNS, 1)
    assert size_of(jpeg("RGB")) == (ROWS, COLUMNS, 3)
    assert size_of(lying(jpeg())) == (LIE, LIE, 1)


@pytest.mark.parametrize("syntax", [JPEGLSLossless, JPEG2000Lossless])
def test_a_lie_is_found_before_memory_and_time_are_spent(
    tmp_path: Path, syntax: str
) -> None:
    """The reason is that of any pixels that do not fill the matrix."""
    path = image_of(tmp_path, syntax)
    [frame] = generate_frames(dcmread(path).PixelData, number_of_frames=1)
    ds = replace_pixels(path, lying(frame))
    grey = PixelFormat(16, 16, 15, False, None, None, "")

    with pytest.raises(SeriesError) as caught:
        read_plane(Instance("1", "1", path), grey, ROWS, COLUMNS)

    assert caught.value.reason == "pixels_damaged"
    with pytest.raises(CodestreamError):
        require_sound_frames(ds)


def test_an_encoding_without_a_size_is_left_to_its_decoder(tmp_path: Path) -> None:
    """RLE has no header that could lie."""
    require_sound_frames(dcmread(image_of(tmp_path, RLELossless)))


@pytest.mark.parametrize("noise", [b"\xff\xd8", b"\xff\xd8\xff\xc0", b"no image"])
def test_what_says_no_size_is_refused(tmp_path: Path, noise: bytes) -> None:
    """A decoder might find one where we do not look."""
    ds = replace_pixels(image_of(tmp_path, JPEG2000Lossless), noise)

    with pytest.raises(CodestreamError):
        require_sound_frames(ds)


@given(st.binary(max_size=60), st.sampled_from(STARTS))
def test_any_bytes_have_a_size_or_none(noise: bytes, start: bytes) -> None:
    """Nothing else is raised, and it ends."""
    size = size_of(start + noise)

    assert size is None or len(size) == 3


def test_endless_fill_bytes_end() -> None:
    """A hundred megabytes of them are no image."""
    assert size_of(b"\xff\xd8" + b"\xff" * (100 << 20)) is None


def test_more_components_than_samples_are_a_lie_too(tmp_path: Path) -> None:
    """A thousand of them take a thousand images' memory, in three kilobytes."""
    frame, count = jpeg_2000(tmp_path), 1000
    one = frame[42:45]
    size = struct.pack(">H", 38 + 3 * count) + frame[6:40] + struct.pack(">H", count)
    rest = frame[45:]
    ds = replace_pixels(
        image_of(tmp_path / "2", JPEG2000Lossless),
        frame[:4] + size + one * count + rest,
    )

    assert size_of(next(generate_frames(ds.PixelData, number_of_frames=1))) == (
        ROWS,
        COLUMNS,
        count,
    )
    with pytest.raises(CodestreamError):
        require_sound_frames(ds)


def test_a_jpeg_2000_in_a_jp2_file_says_its_own_size(tmp_path: Path) -> None:
    """The standard leaves these boxes out (PS3.5 A.4.4); some devices write them."""
    frame = jpeg_2000(tmp_path)
    head = JP2_START + box(b"ftyp", b"jp2 \0\0\0\0jp2 ") + box(b"free", b"")
    to_the_end = struct.pack(">I4s", 0, b"jp2c")

    assert size_of(head + box(b"jp2c", frame)) == (ROWS, COLUMNS, 1)
    assert size_of(head + to_the_end + frame) == (ROWS, COLUMNS, 1)


def hidden(frame: bytes) -> dict[str, bytes]:
    """Return codestreams whose size a hurried reader gets wrong, by their trick."""
    real = box(b"jp2c", lying(frame))
    return {
        "decoy in a box": JP2_START + box(b"free", frame) + real,
        "noise in front": b"\0" + frame,
        "colours by palette": JP2_START
        + box(b"jp2h", box(b"pclr", b""))
        + box(b"jp2c", frame),
        "box without end": JP2_START + struct.pack(">I4s", 0, b"free") + real,
        "box that goes back": JP2_START + struct.pack(">I4s", 2, b"free") + real,
        "codestream far into its box": JP2_START + box(b"jp2c", b"\0\0" + frame),
    }


@pytest.mark.parametrize("trick", hidden(b"\xff\x4f\xff\x51" + bytes(60)))
def test_a_size_is_taken_from_where_the_decoder_takes_it(
    tmp_path: Path, trick: str
) -> None:
    """Everything else is refused, whatever small size lies about in it."""
    codestream = hidden(jpeg_2000(tmp_path))[trick]

    assert size_of(codestream) in (None, (LIE, LIE, 1))


def test_a_hierarchical_jpeg_is_refused() -> None:
    """Its frames are smaller than the image (ITU-T T.81 J.1.1.2)."""
    frame = jpeg()
    at = frame.index(b"\xff\xc0")
    whole = b"\xff\xde" + struct.pack(">HBHHB", 11, 8, LIE, LIE, 1) + b"\1\x11\0"

    assert size_of(frame[:at] + whole + frame[at:]) is None


def read(path: Path) -> Pixels:
    """Return the pixels of one image as the loader reads them."""
    tags = {keyword: text(dcmread(path), keyword) for keyword in PIXEL_TAGS}
    pixel_format = PixelFormat.of({key: value for key, value in tags.items() if value})
    return read_plane(Instance("1", "1", path), pixel_format, ROWS, COLUMNS)


@pytest.mark.parametrize("syntax", [JPEGLSLossless, JPEG2000Lossless, RLELossless])
@pytest.mark.parametrize("kept", [0.5, 0.97])
def test_a_frame_that_was_cut_off_is_no_image(
    tmp_path: Path, syntax: str, kept: float
) -> None:
    """A decoder may fill the rest with values of its own, and say nothing."""
    noise = np.random.default_rng(1).integers(0, 4096, (1, ROWS, COLUMNS))
    [path] = write_series(tmp_path, noise.astype(np.uint16), transfer_syntax=syntax)
    assert read(path).shape == (ROWS, COLUMNS)
    ds = dcmread(path)
    [frame] = generate_frames(ds.PixelData, number_of_frames=1)
    ds.PixelData = encapsulate([frame[: int(len(frame) * kept)]])
    ds.save_as(path)

    with pytest.raises(SeriesError) as caught:
        read(path)
    assert caught.value.reason == "pixels_damaged"


@pytest.mark.parametrize("padding", [b"", b"\0", b"\0" * 20])
def test_bytes_behind_the_end_do_no_harm(tmp_path: Path, padding: bytes) -> None:
    """Writers fill up to an even length, or more."""
    path = image_of(tmp_path, JPEGLSLossless)
    expected = read(path)
    ds = dcmread(path)
    [frame] = generate_frames(ds.PixelData, number_of_frames=1)
    ds.PixelData = encapsulate([frame + padding])
    ds.save_as(path)

    assert np.array_equal(read(path), expected)
