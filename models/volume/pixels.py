"""The pixels of one image: straight from the file, or through a decoder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import Dataset, dcmread
from pydicom.pixels.utils import pixel_array

from models.contract import Instance
from models.volume.codestream import panics_named, require_sound_frames
from models.volume.frames import frame_header
from models.volume.headers import text
from models.volume.study import PIXEL_TAGS

Pixels = npt.NDArray[Any]

MAX_VOXELS = 1 << 30
"""Voxels of the largest volume that is read: 1024 slices of 1024 x 1024, 4 GiB as
float32. Headers may claim more, whatever lies in the files."""


AIR_HU = -1024.0
BRIGHTEST_HU = 3071.0
"""Twelve bits of Hounsfield units lie between: padding among them may be tissue."""


class SeriesError(Exception):
    """A series cannot become a volume.

    Attributes
    ----------
    reason
        Reason code in snake_case: a geometry problem, ``not_in_slice_order``,
        ``pixels_unsupported``, ``pixels_too_large``, ``pixels_damaged`` or
        ``file_missing``.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason

    def __reduce__(self) -> tuple[object, ...]:
        return SeriesError, (self.reason, str(self))


@dataclass(frozen=True, slots=True)
class PixelFormat:
    """How stored pixels become numbers (DICOM PS3.3 C.7.6.3 and C.11.1).

    Attributes
    ----------
    slope, intercept
        None when the image carries no rescale.
    rescale_type
        ``"HU"``, "" when not said, or another unit.
    padding
        Lowest and highest stored value that is no measurement (C.7.5.1.1.2); None
        where none is stated.
    """

    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    slope: float | None
    intercept: float | None
    rescale_type: str
    padding: tuple[int, int] | None = None

    @classmethod
    def of(cls, tags: Mapping[str, str]) -> PixelFormat:
        """Return the format that header values describe.

        Raises
        ------
        SeriesError
            Colour, a bit depth that is not 8, 16 or 32, or no number where one belongs.
        """
        if not tags.get("PhotometricInterpretation", "").startswith("MONOCHROME"):
            raise SeriesError("pixels_unsupported", "the pixels are not greyscale")
        try:
            allocated = int(tags["BitsAllocated"])
            stored = int(tags.get("BitsStored", allocated))
            rescaled = "RescaleSlope" in tags and "RescaleIntercept" in tags
            pixel_format = cls(
                bits_allocated=allocated,
                bits_stored=stored,
                high_bit=int(tags.get("HighBit", stored - 1)),
                signed=int(tags["PixelRepresentation"]) == 1,
                slope=float(tags["RescaleSlope"]) if rescaled else None,
                intercept=float(tags["RescaleIntercept"]) if rescaled else None,
                rescale_type=tags.get("RescaleType", ""),
                padding=_padding(tags),
            )
        except (KeyError, ValueError):
            raise SeriesError(
                "pixels_unsupported", "the headers do not say how pixels are stored"
            ) from None
        if not pixel_format._possible():
            raise SeriesError("pixels_unsupported", f"{stored} of {allocated} bits")
        return pixel_format

    def _possible(self) -> bool:
        depth = self.bits_allocated in {8, 16, 32}
        return (
            depth and 0 < self.bits_stored <= self.high_bit + 1 <= self.bits_allocated
        )

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the stored values, little endian."""
        return np.dtype(f"<{'i' if self.signed else 'u'}{self.bits_allocated // 8}")

    @property
    def rescales(self) -> bool:
        """Whether the rescale changes any value."""
        return self.slope is not None and (self.slope, self.intercept) != (1.0, 0.0)

    @property
    def hounsfield(self) -> bool:
        """Whether the rescaled values of a CT are Hounsfield units."""
        return self.slope is not None and self.rescale_type in {"", "HU"}

    def trim(self, plane: Pixels) -> None:
        """Remove, in place, what lies outside the stored bits, and extend the sign."""
        above = self.bits_allocated - 1 - self.high_bit
        below = self.bits_allocated - self.bits_stored
        if not below:
            return
        limit = 1 << (self.bits_stored - self.signed)
        lowest = -limit if self.signed else 0
        if above == below and lowest <= plane.min() and plane.max() < limit:
            return
        np.left_shift(plane, above, out=plane)
        np.right_shift(plane, below, out=plane)

    def rescale(self, plane: Pixels, out: Pixels) -> None:
        """Write the values of ``plane`` into ``out``, rescaled if that is float."""
        np.copyto(out, plane, casting="unsafe")
        if self.rescales and out.dtype.kind == "f":
            out *= self.slope
            out += self.intercept

    def clear_padding(self, plane: Pixels, out: Pixels) -> None:
        """Make air of the padding that would read as brighter than any tissue.

        Parameters
        ----------
        plane
            Stored values, trimmed.
        out
            The same in Hounsfield units; written to.
        """
        if self.padding is None or self.slope is None or self.intercept is None:
            return
        ends = np.array([self.padding]).astype(self.dtype)  # a sign that is not kept
        self.trim(ends)
        low, high = int(ends.min()), int(ends.max())
        if high * self.slope + self.intercept <= BRIGHTEST_HU:
            return
        out[(plane >= low) & (plane <= high)] = AIR_HU


def _padding(tags: Mapping[str, str]) -> tuple[int, int] | None:
    """Return the range of padding; None where none is stated, or it is no number."""
    try:
        value = int(tags["PixelPaddingValue"])
        ends = value, int(tags.get("PixelPaddingRangeLimit", value))
    except (KeyError, ValueError):
        return None
    return ends if max(map(abs, ends)) < 1 << 32 else None


def require_possible(slices: int, rows: int, columns: int) -> None:
    """Refuse a volume that nobody scans, before memory is taken for it.

    Raises
    ------
    SeriesError
        ``pixels_too_large``: more than ``MAX_VOXELS``.
    """
    if slices * rows * columns > MAX_VOXELS:
        raise SeriesError(
            "pixels_too_large", f"{slices} slices of {rows} x {columns} pixels"
        )


def read_formats(path: Path, frames: Sequence[int | None]) -> list[PixelFormat]:
    """Read from the header of one file the pixel formats of these frames of it."""
    dataset = dcmread(path, stop_before_pixels=True)
    return [_format(frame_header(dataset, frame)) for frame in frames]


def _format(header: Dataset) -> PixelFormat:
    values = {keyword: text(header, keyword) for keyword in PIXEL_TAGS}
    return PixelFormat.of(
        {keyword: value for keyword, value in values.items() if value}
    )


def open_frames(path: Path) -> Dataset:
    """Return a multi-frame image whose frames are decoded one by one.

    Its pixels are in memory as they lie in the file.

    Raises
    ------
    SeriesError
        The file is gone, or a frame is not what the header says.
    """
    with _named_errors():
        dataset = dcmread(path)
        require_sound_frames(dataset)
        return dataset


def read_plane(
    instance: Instance,
    pixel_format: PixelFormat,
    rows: int,
    columns: int,
    opened: Dataset | None = None,
) -> Pixels:
    """Return the stored values of one slice, ``(H, W)``, as ``pixel_format.dtype``.

    Parameters
    ----------
    opened
        From ``open_frames``, for a frame that is not native.

    Raises
    ------
    SeriesError
        The file is gone, too short, or cannot be decoded.
    """
    with _named_errors():
        if instance.pixel_offset is not None:
            plane = _read_native(instance, pixel_format, rows, columns)
        elif opened is not None and instance.frame is not None:
            decoded = pixel_array(opened, index=instance.frame - 1)
            plane = np.array(decoded, dtype=pixel_format.dtype)
        else:
            plane = _decode(instance.path, pixel_format)
    if plane.shape != (rows, columns):
        raise SeriesError("pixels_damaged", "pixels do not fill the matrix")
    pixel_format.trim(plane)
    return plane


@contextmanager
def _named_errors() -> Iterator[None]:
    """Name what goes wrong while a file is read and decoded."""
    try:
        with panics_named():
            yield
    except SeriesError:
        raise
    except Exception as error:  # noqa: BLE001 - decoders raise whatever damaged bytes provoke
        if isinstance(error, OSError) and error.errno:  # the disk, and no decoder
            raise SeriesError(
                "file_missing", "an image file is gone or unreadable"
            ) from None
        raise SeriesError("pixels_damaged", "pixels cannot be decoded") from None


def _read_native(
    instance: Instance, pixel_format: PixelFormat, rows: int, columns: int
) -> Pixels:
    plane = np.empty((rows, columns), dtype=pixel_format.dtype)
    with instance.path.open("rb", buffering=0) as stream:
        stream.seek(instance.pixel_offset or 0)
        read = stream.readinto(plane.data.cast("B"))
    if read != plane.nbytes:
        raise SeriesError("pixels_damaged", "an image file ends inside its pixels")
    return plane


def _decode(path: Path, pixel_format: PixelFormat) -> Pixels:
    dataset = dcmread(path)
    require_sound_frames(dataset)
    return np.array(dataset.pixel_array, dtype=pixel_format.dtype)
