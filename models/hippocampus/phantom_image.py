"""A procedural crop around a left hippocampus whose truth is known.

Drawn, not learned: a bent tapering body with a bulbous head, grey between white
matter and fluid. Its constants are round figures of typical anatomy; it holds no
data, needs none, and never enters training.

Arrays are ``(D, H, W)`` in RAS at 1 mm: d grows to the head, h to the front, w to
the patient's right (which is medial, because the hippocampus is a left one).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from models.hippocampus.preprocess import FloatVolume, Shape

SHAPE: Shape = (36, 50, 35)
"""Usual size of a crop: slices, rows, columns."""

WHITE, GREY, FLUID = 1.0, -0.45, -1.9
"""Tissue intensities in standard deviations of a crop about its mean."""

# One row per station along the hippocampus, tail to head, in voxels of SHAPE:
# h, centre d, centre w, half height (d), half width (w).
STATIONS = np.array(
    [
        [2.0, 24.0, 19.0, 2.0, 2.0],
        [5.0, 24.3, 18.5, 4.0, 4.5],
        [10.0, 22.5, 16.0, 4.6, 5.2],
        [15.0, 19.0, 13.3, 4.2, 5.8],
        [20.0, 16.8, 12.2, 3.7, 6.0],
        [25.0, 15.2, 12.0, 3.7, 6.0],
        [29.0, 13.6, 13.3, 4.2, 7.0],
        [33.0, 12.3, 15.3, 5.0, 8.4],
        [37.0, 11.3, 16.6, 5.2, 8.4],
        [41.0, 10.2, 18.4, 4.4, 6.8],
        [44.0, 9.5, 19.6, 2.4, 3.6],
    ]
)
BORDER_H = 30.5
"""Where anterior meets posterior: the head begins to widen."""


@dataclass(frozen=True, slots=True)
class _Section:
    """The hippocampus as seen in each coronal plane; arrays of length H."""

    d: npt.NDArray[np.float64]
    w: npt.NDArray[np.float64]
    half_d: npt.NDArray[np.float64]
    half_w: npt.NDArray[np.float64]
    border_h: float
    front_h: float


def phantom(
    seed: int, shape: Shape = SHAPE
) -> tuple[FloatVolume, npt.NDArray[np.uint8]]:
    """Return a synthetic crop and its truth.

    Parameters
    ----------
    seed
        Chooses size, position, bend and noise; equal seeds give equal arrays.
    shape
        ``(D, H, W)`` of the crop; the hippocampus keeps its size, in the middle.

    Returns
    -------
    tuple
        Image, ``(D, H, W)`` float32 from 0 to about 200 in arbitrary units, and
        labels, ``(D, H, W)`` uint8: 1 anterior, 2 posterior.
    """
    rng = np.random.default_rng(seed)
    section = _random_section(rng, shape)
    d, h, w = np.indices(shape).astype(np.float64)
    place = h.astype(np.intp)
    up = (d - section.d[place]) / section.half_d[place]
    medial = (w - section.w[place]) / section.half_w[place]
    inside = np.hypot(up, medial) <= 1
    truth = np.where(inside, np.where(h >= section.border_h, 1, 2), 0).astype(np.uint8)
    tissue = _surroundings(d, h, w, section, place)
    tissue[inside] = GREY
    image = ndimage.gaussian_filter(tissue, 0.55)
    image *= 1 + 0.06 * ndimage.zoom(rng.standard_normal((3, 3, 3)), _factors(shape))
    image += rng.normal(0, 0.12, shape)
    return np.clip(100 + 40 * image, 0, None).astype(np.float32), truth


def _factors(shape: Shape) -> list[float]:
    return [size / 3 for size in shape]


def _random_section(rng: np.random.Generator, shape: Shape) -> _Section:
    """Interpolate the stations, scaled, shifted and bent at random."""
    scale = rng.uniform(0.95, 1.05)
    middle = (np.array(SHAPE) - 1) / 2
    new_middle = (np.array(shape) - 1) / 2 + rng.uniform(-1, 1, 3)
    d, h, w = (
        (STATIONS[:, column] - middle[axis]) * scale + new_middle[axis]
        for axis, column in ((0, 1), (1, 0), (2, 2))
    )
    w = w + rng.uniform(-1, 1) * np.sin(np.linspace(0, np.pi, len(w)))
    rows = np.arange(shape[1])
    outside = (rows < h[0]) | (rows > h[-1])
    half_d, half_w = (
        np.where(outside, 1e-3, np.interp(rows, h, scale * STATIONS[:, column]))
        for column in (3, 4)
    )
    border = (BORDER_H - middle[1]) * scale + new_middle[1]
    d, w = np.interp(rows, h, d), np.interp(rows, h, w)
    return _Section(d, w, half_d, half_w, float(border), front_h=float(h[-1]))


def _surroundings(
    d: npt.NDArray[np.float64],
    h: npt.NDArray[np.float64],
    w: npt.NDArray[np.float64],
    section: _Section,
    place: npt.NDArray[np.intp],
) -> npt.NDArray[np.float64]:
    """Return tissue intensities around the hippocampus, before blur and noise."""
    up = d - section.d[place]  # mm above the axis
    medial = w - section.w[place]  # mm towards the midline
    high, wide = section.half_d[place], section.half_w[place]
    tissue = np.full(d.shape, WHITE)
    gyrus = high + 4.0  # white matter under the hippocampus, then cortex, then fluid
    tissue[(up < -gyrus) & (medial > -wide - 4)] = GREY
    tissue[(up < -gyrus - 5) & (medial > -wide - 2)] = FLUID
    tissue[(up < -gyrus - 8) & (medial > -wide)] = GREY
    tissue[(medial > wide + 1.5) & (up > -gyrus - 8) & (up < high + 1)] = FLUID
    tissue[(medial > wide + 5) & (h < section.border_h)] = 0.7 * WHITE  # brain stem
    horn = np.hypot(up / (high + 1.8), medial / (wide + 1.8)) <= 1
    tissue[horn & (up > 0) & (medial < 0.4 * wide)] = FLUID
    tissue[(h > section.front_h + 1) & (np.hypot(up, medial) < 10)] = GREY  # amygdala
    return tissue
