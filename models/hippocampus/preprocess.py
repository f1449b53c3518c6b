"""From a crop to what the network sees, and back; training and serving alike.

The network's frame is ``(D, H, W)`` in RAS: d grows to the head, h to the front, w
to the patient's right, 1 mm apart. The training crops all show the left hand, and a
crop of the other hand is read worse without saying so: `grid` mirrors a hippocampus
that is known to be the right one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

FloatVolume = npt.NDArray[np.float32]
Shape = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """The part of ``bundle.json`` that shapes the network's input.

    Attributes
    ----------
    spacing_mm
        Of the network's grid, along every axis.
    window
        ``(D, H, W)`` voxels that the network sees at once, while training as while
        serving: instance normalisation takes its statistics from the whole field,
        and a larger one makes it over-segment by a tenth.
    """

    spacing_mm: float = 1.0
    window: Shape = (40, 56, 40)

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Preprocessing:
        """Read the ``preprocessing`` object of a bundle."""
        depth, height, width = content["window"]
        return cls(float(content["spacing_mm"]), (depth, height, width))


def require_window(window: Shape, widths: int) -> None:
    """Do nothing if a U-Net of so many widths can halve a window at each of them.

    Raises
    ------
    ValueError
        It cannot, or one voxel would be left.
    """
    step = 2 ** (widths - 1)
    if any(edge % step or edge < 2 * step for edge in window):
        raise ValueError(
            f"window {list(window)}: with {widths} widths every edge is a multiple of "
            f"{step}, from {2 * step} up"
        )


def normalise(array: npt.NDArray[np.generic]) -> FloatVolume:
    """Return the crop with mean 0 and standard deviation 1, its own statistics.

    Raises
    ------
    ValueError
        The crop is constant or holds a value that is not finite.
    """
    values = array.astype(np.float32)
    spread = float(values.std(dtype=np.float64))
    if not np.isfinite(spread) or spread == 0:
        raise ValueError("a constant or non-finite image cannot be normalised")
    return np.asarray((values - values.mean(dtype=np.float64)) / spread, np.float32)


def windows(shape: Shape, window: Shape) -> Iterator[tuple[slice, slice, slice]]:
    """Yield slices of exactly ``window`` that cover ``shape``, first to last.

    Along an axis that the window exceeds there is one, as large as the axis: pad it
    with `fill_window`. Longer axes are covered by overlapping windows.
    """
    starts = [_starts(size, field) for size, field in zip(shape, window, strict=True)]
    for d in starts[0]:
        for h in starts[1]:
            for w in starts[2]:
                yield (
                    slice(d, min(d + window[0], shape[0])),
                    slice(h, min(h + window[1], shape[1])),
                    slice(w, min(w + window[2], shape[2])),
                )


def _starts(size: int, field: int) -> list[int]:
    if size <= field:
        return [0]
    count = 1 + -(-(size - field) // (field // 2))
    return [round(start) for start in np.linspace(0, size - field, count)]


def fill_window(
    block: FloatVolume, window: Shape
) -> tuple[FloatVolume, tuple[slice, slice, slice]]:
    """Centre a block in the window and repeat its border outwards.

    Returns
    -------
    tuple
        The window, and where in it the block lies.
    """
    before = [
        (field - size) // 2 for size, field in zip(block.shape, window, strict=True)
    ]
    pads = [
        (low, field - size - low)
        for low, size, field in zip(before, block.shape, window, strict=True)
    ]
    d, h, w = (
        slice(low, low + size) for low, size in zip(before, block.shape, strict=True)
    )
    return np.pad(block, pads, mode="edge"), (d, h, w)
