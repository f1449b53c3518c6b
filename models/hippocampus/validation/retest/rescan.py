"""One scan made anew: the same tissue, another grid, another noise.

This process sets the interval of a change, and nothing else uses it: the two-visit
pairs that judge the interval are made by ``validation/synthetic_visits``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial.transform import Rotation

from models.hippocampus.preprocess import FloatVolume, Shape


@dataclass(frozen=True, slots=True)
class Rescan:
    """How far one perturbation may go. Fixed before the first look at any pair.

    Attributes
    ----------
    rotation_sd_deg
        Standard deviation of a normal angle about each axis: what is left between
        two visits after positioning by scouts.
    shift_voxels
        Largest shift along each axis; half a voxel covers every position of a grid.
    noise
        Largest standard deviation of white noise, in those of the image.
    bias
        Standard deviation of the logarithm of the shading at its 3 x 3 x 3 nodes.
    gamma
        Standard deviation of the logarithm of the exponent of the intensities.
    recrop_voxels
        Most voxels that each face of the crop gains or loses; never of the label.
    """

    rotation_sd_deg: float = 2.0
    shift_voxels: float = 0.5
    noise: float = 0.1
    bias: float = 0.05
    gamma: float = 0.05
    recrop_voxels: int = 2


def rescan(
    image: FloatVolume,
    labels: npt.NDArray[np.uint8],
    rng: np.random.Generator,
    how: Rescan | None = None,
) -> FloatVolume:
    """Return the image as another scan of the same tissue might have shown it.

    Parameters
    ----------
    image
        ``(D, H, W)``, normalised.
    labels
        ``(D, H, W)``, not 0 where the hippocampus is: no face is cut into it.

    Returns
    -------
    array
        Each axis up to twice ``recrop_voxels`` longer or shorter; interpolated once,
        linearly, as the node interpolates.
    """
    how = how or Rescan()
    start, shape = _crop(labels, rng, how.recrop_voxels)
    moved = _resample(image, start, shape, rng, how)
    contrasted = _gamma(moved, float(np.exp(rng.normal(0, how.gamma))))
    nodes = rng.normal(0, how.bias, (3, 3, 3))
    shading = np.exp(ndimage.zoom(nodes, [size / 3 for size in shape], order=3))
    noise = rng.normal(0, rng.uniform(0, how.noise), shape)
    return np.asarray(contrasted * shading + noise, np.float32)


def _crop(
    labels: npt.NDArray[np.uint8], rng: np.random.Generator, most: int
) -> tuple[npt.NDArray[np.float64], Shape]:
    """Return where the new crop begins in the old one, and its shape."""
    inside = np.argwhere(labels > 0)
    ends = np.array(labels.shape)
    first, last = inside.min(axis=0), inside.max(axis=0)
    low = rng.integers(-np.full(3, most), np.minimum(most, first) + 1)
    high = rng.integers(-np.full(3, most), np.minimum(most, ends - 1 - last) + 1)
    depth, height, width = (int(size) for size in ends - low - high)
    return low.astype(np.float64), (depth, height, width)


def _resample(
    image: FloatVolume,
    start: npt.NDArray[np.float64],
    shape: Shape,
    rng: np.random.Generator,
    how: Rescan,
) -> npt.NDArray[np.float64]:
    """Turn about the middle of the old crop, shift, and sample on the new grid."""
    angles = rng.normal(0, how.rotation_sd_deg, 3)
    turn = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    shift = rng.uniform(-how.shift_voxels, how.shift_voxels, 3)
    middle = (np.array(image.shape) - 1) / 2
    offset = middle + shift - turn @ (middle - start)
    sampled = ndimage.affine_transform(
        image.astype(np.float64), turn, offset, shape, order=1, mode="nearest"
    )
    return np.asarray(sampled)


def _gamma(image: npt.NDArray[np.float64], exponent: float) -> npt.NDArray[np.float64]:
    """Bend the intensities between their 1st and 99th percentile; 0 is black after."""
    low, high = np.percentile(image, [1, 99])
    scaled = np.clip((image - low) / max(high - low, 1e-6), 0, None)
    return np.asarray(scaled**exponent * (high - low))
