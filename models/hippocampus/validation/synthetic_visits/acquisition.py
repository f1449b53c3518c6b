"""A visit as a scanner would give it: another pose, coil, noise and edge ringing.

Written apart from ``validation/retest`` on purpose, with other mathematics
wherever there is a choice: cubic splines, Rician noise, a polynomial coil field,
ringing by a cut in the Fourier domain, blur, and a linear change of the scale.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial.transform import Rotation

from models.hippocampus.preprocess import FloatVolume
from models.hippocampus.validation.synthetic_visits.atrophy import Field


@dataclass(frozen=True, slots=True)
class Scanner:
    """How much two visits on one scanner with one protocol may differ.

    Attributes
    ----------
    tilt_deg
        Largest angle of one rotation about a random axis.
    shift_voxels
        Largest shift along each axis.
    noise
        Largest sigma of the Rician noise, in standard deviations of the image.
    coil
        Largest amplitude of each term of the quadratic coil field.
    blur_voxels
        Largest standard deviation of the point spread, such as of slight motion.
    cut
        Largest share of the highest frequencies that is cut off along each axis.
    gain
        Largest factor of the scale, either way.
    """

    tilt_deg: float = 4.0
    shift_voxels: float = 1.0
    noise: float = 0.1
    coil: float = 0.05
    blur_voxels: float = 0.4
    cut: float = 0.1
    gain: float = 1.3


def acquire(
    image: FloatVolume,
    field: Field | None,
    rng: np.random.Generator,
    scanner: Scanner | None = None,
) -> FloatVolume:
    """Return one visit, sampled once from the original.

    Parameters
    ----------
    image
        ``(D, H, W)``, any intensity.
    field
        Backward displacement of the tissue, `Warp.field`; None leaves it.
    """
    how = scanner or Scanner()
    points = _pose(image.shape, rng, how)
    if field is not None:
        points = points + np.stack(
            [ndimage.map_coordinates(f, points, order=1, mode="nearest") for f in field]
        )
    seen = ndimage.map_coordinates(
        image.astype(np.float64), points, order=3, mode="nearest"
    )
    seen = ndimage.gaussian_filter(seen, rng.uniform(0, how.blur_voxels))
    seen = _ring(np.asarray(seen), rng.uniform(0, how.cut, 3))
    seen = (seen - seen.min()) * _coil(image.shape, rng, how.coil)
    seen = _rician(seen, rng.uniform(0, how.noise) * float(image.std()), rng)
    return np.asarray(seen * how.gain ** rng.uniform(-1, 1), np.float32)


def _pose(shape: tuple[int, ...], rng: np.random.Generator, how: Scanner) -> Field:
    """Return where each voxel of the new grid lies in the old, ``(3, D, H, W)``."""
    axis = rng.standard_normal(3)
    angle = np.deg2rad(rng.uniform(-how.tilt_deg, how.tilt_deg))
    turn = Rotation.from_rotvec(angle * axis / np.linalg.norm(axis)).as_matrix()
    middle = (np.array(shape).reshape(3, 1, 1, 1) - 1) / 2
    centred = np.indices(shape) - middle
    shift = rng.uniform(-how.shift_voxels, how.shift_voxels, (3, 1, 1, 1))
    return np.asarray(np.tensordot(turn, centred, axes=1) + middle + shift)


def _ring(image: Field, cuts: npt.NDArray[np.float64]) -> Field:
    """Cut the highest frequencies; mirrored borders keep the edges from ringing."""
    margin = 8
    padded = np.pad(image, margin, mode="reflect")
    spectrum = np.fft.fftn(padded)
    for axis, cut in enumerate(cuts):
        frequency = np.abs(np.fft.fftfreq(padded.shape[axis]))
        keep = frequency <= 0.5 * (1 - cut)
        spectrum *= np.expand_dims(keep, [a for a in range(3) if a != axis])
    inner = (slice(margin, -margin),) * 3
    return np.asarray(np.fft.ifftn(spectrum).real[inner])


def _coil(shape: tuple[int, ...], rng: np.random.Generator, most: float) -> Field:
    """Return a smooth field about 1: all terms up to second order, random weights."""
    z, y, x = np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij")
    terms = (z, y, x, z * y, z * x, y * x, z**2, y**2, x**2)
    weights = rng.uniform(-most, most, len(terms))
    log = sum(weight * term for weight, term in zip(weights, terms, strict=True))
    return np.asarray(np.exp(log))


def _rician(image: Field, sigma: float, rng: np.random.Generator) -> Field:
    """Return the magnitude of a complex image with noise in both channels."""
    real = image + rng.normal(0, sigma, image.shape)
    return np.asarray(np.hypot(real, rng.normal(0, sigma, image.shape)))
