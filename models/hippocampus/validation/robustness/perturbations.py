"""What can go wrong with a crop: one function per perturbation, with a severity.

Every function takes a `Scene` and gives another; random ones draw from the generator
they are handed and from nothing else. Intensities of a scene have mean 0 and standard
deviation 1, so amplitudes are in standard deviations of the crop.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import permutations, product

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from models.contract import LabelMap
from models.hippocampus.preprocess import FloatVolume
from models.volume.geometry import Affine

UPRIGHT = np.array(
    [[0, 0, -1.0, 0], [0, -1.0, 0, 0], [1.0, 0, 0, 0], [0, 0, 0, 1.0]], np.float64
)
"""Voxel (d, h, w) growing to head, front and right by 1 mm, to LPS millimetres."""

ORIENTATIONS = tuple(product(permutations(range(3)), product((1, -1), repeat=3)))
"""The 48 ways to store one volume: an order of the axes, and a sign for each."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A crop as a file would hold it, and the truth beside it.

    Attributes
    ----------
    image
        ``(D, H, W)``; ``affine`` maps its voxels to LPS millimetres.
    truth
        Labels on a grid of their own, which ``truth_affine`` maps likewise: a
        perturbation of the image leaves it where the manual labels were drawn.
    """

    image: FloatVolume
    affine: Affine
    truth: LabelMap
    truth_affine: Affine


Perturbation = Callable[[Scene, float, np.random.Generator], Scene]


def scene(image: FloatVolume, truth: LabelMap) -> Scene:
    """Return an unperturbed scene of a case in the network's frame."""
    return Scene(image, UPRIGHT, truth, UPRIGHT)


def _with(scene: Scene, image: npt.NDArray[np.floating]) -> Scene:
    return replace(scene, image=np.asarray(image, dtype=np.float32))


def nothing(scene: Scene, severity: float, rng: np.random.Generator) -> Scene:
    """Leave the scene as it is."""
    del severity, rng
    return scene


def scale(scene: Scene, factor: float, rng: np.random.Generator) -> Scene:
    """Multiply every intensity: another receiver gain."""
    del rng
    return _with(scene, scene.image * factor)


def offset(scene: Scene, amount: float, rng: np.random.Generator) -> Scene:
    """Add to every intensity."""
    del rng
    return _with(scene, scene.image + amount)


def gamma(scene: Scene, exponent: float, rng: np.random.Generator) -> Scene:
    """Bend the intensities between their extremes; their order stays."""
    del rng
    low, high = float(scene.image.min()), float(scene.image.max())
    return _with(scene, ((scene.image - low) / (high - low)) ** exponent)


def noise(scene: Scene, sd: float, rng: np.random.Generator) -> Scene:
    """Add normal noise, ``sd`` in standard deviations of the crop."""
    return _with(scene, scene.image + rng.normal(0, sd, scene.image.shape))


def bias_field(scene: Scene, amplitude: float, rng: np.random.Generator) -> Scene:
    """Shade the crop: a slope in a random direction, factor ``1 ± amplitude``."""
    direction = rng.normal(size=3)
    direction /= np.linalg.norm(direction)
    places = np.meshgrid(
        *(np.linspace(-1, 1, size) for size in scene.image.shape), indexing="ij"
    )
    slope = sum(d * place for d, place in zip(direction, places, strict=True))
    brightness = scene.image - scene.image.min()
    return _with(scene, brightness * (1 + amplitude * slope / np.abs(slope).max()))


def blur(scene: Scene, fwhm_mm: float, rng: np.random.Generator) -> Scene:
    """Smooth with a Gaussian of this full width at half maximum."""
    del rng
    return _with(scene, ndimage.gaussian_filter(scene.image, fwhm_mm / 2.355))


def ghosting(scene: Scene, strength: float, rng: np.random.Generator) -> Scene:
    """Add two ghosts along a random axis, as a head that moved leaves them."""
    axis = int(rng.integers(3))
    spectrum = np.fft.fft(scene.image, axis=axis)
    lines = np.ones(scene.image.shape[axis])
    lines[1::2] = 1 - strength
    lines[2::4] = 1 + strength
    shape = [-1 if place == axis else 1 for place in range(3)]
    return _with(scene, np.fft.ifft(spectrum * lines.reshape(shape), axis=axis).real)


def spacing(scene: Scene, mm: tuple[float, float, float]) -> Scene:
    """Sample the crop anew, ``mm`` apart along d, h and w, with averaging over them."""
    smooth = ndimage.gaussian_filter(
        scene.image, [max(x**2 - 1, 0) ** 0.5 / 2.355 for x in mm]
    )
    shape = [max(1, round(n / x)) for n, x in zip(scene.image.shape, mm, strict=True)]
    first = [
        (n - 1) / 2 - x * (m - 1) / 2
        for n, m, x in zip(scene.image.shape, shape, mm, strict=True)
    ]
    image = ndimage.affine_transform(
        smooth, np.array(mm), first, tuple(shape), order=3, mode="nearest"
    )
    affine = scene.affine @ np.diag([*mm, 1.0])
    affine[:3, 3] = (scene.affine @ [*first, 1.0])[:3]
    return replace(_with(scene, image), affine=affine)


def isotropic(scene: Scene, mm: float, rng: np.random.Generator) -> Scene:
    """Sample with cubic voxels of this size."""
    del rng
    return spacing(scene, (mm, mm, mm))


def anisotropic(scene: Scene, mm: float, rng: np.random.Generator) -> Scene:
    """Sample with voxels of this length along one random axis."""
    lengths = [1.0, 1.0, 1.0]
    lengths[int(rng.integers(3))] = mm
    return spacing(scene, (lengths[0], lengths[1], lengths[2]))


def stored(scene: Scene, severity: float, rng: np.random.Generator) -> Scene:
    """Store the same anatomy in one of the 48 orders and signs of the axes."""
    del severity
    order, signs = ORIENTATIONS[int(rng.integers(len(ORIENTATIONS)))]
    return reordered(scene, order, signs)


def reordered(scene: Scene, order: tuple[int, ...], signs: tuple[int, ...]) -> Scene:
    """Exchange and turn the axes; the affine says so."""
    image = scene.image.transpose(order)
    affine = scene.affine[:, [*order, 3]].copy()
    for axis, sign in enumerate(signs):
        if sign < 0:
            image = np.flip(image, axis)
            affine[:3, 3] += affine[:3, axis] * (image.shape[axis] - 1)
            affine[:3, axis] *= -1
    return replace(_with(scene, image), affine=affine)


def shifted(scene: Scene, voxels: float, rng: np.random.Generator) -> Scene:
    """Move the field by so many voxels along a random axis and direction.

    What leaves the field is lost; what enters was never scanned here and repeats the
    border.
    """
    axis, step = int(rng.integers(3)), int(voxels) * int(rng.choice([-1, 1]))
    size = scene.image.shape[axis]
    image = scene.image.take((np.arange(size) + step).clip(0, size - 1), axis)
    affine = scene.affine.copy()
    affine[:3, 3] += affine[:3, axis] * step
    return replace(_with(scene, image), affine=affine)


def cut_off(scene: Scene, share: float, rng: np.random.Generator) -> Scene:
    """Take a share of the field away, at the front or at the back."""
    size = scene.image.shape[1]
    keep = size - round(share * size)
    first = 0 if rng.random() < 0.5 else size - keep
    affine = scene.affine.copy()
    affine[:3, 3] += affine[:3, 1] * first
    return replace(_with(scene, scene.image[:, first : first + keep]), affine=affine)


def inverted(scene: Scene, severity: float, rng: np.random.Generator) -> Scene:
    """Turn the contrast round: dark becomes bright."""
    del severity, rng
    return _with(scene, -scene.image)


def mirrored(scene: Scene, severity: float, rng: np.random.Generator) -> Scene:
    """Show the other hand: image and truth mirrored, the header as it was."""
    del severity, rng
    return replace(
        _with(scene, np.flip(scene.image, 2)),
        truth=np.ascontiguousarray(np.flip(scene.truth, 2)),
    )


def no_anatomy(scene: Scene, severity: float, rng: np.random.Generator) -> Scene:
    """Keep the intensities and their smoothness, but nothing of the anatomy."""
    del severity
    texture = ndimage.gaussian_filter(rng.normal(size=scene.image.shape), 1.5)
    image = np.empty_like(scene.image)
    image.flat[texture.argsort(axis=None)] = np.sort(scene.image, axis=None)
    return replace(scene, image=image, truth=np.zeros_like(scene.truth))


def constant(scene: Scene, value: float, rng: np.random.Generator) -> Scene:
    """Give every voxel one value."""
    del rng
    return _with(scene, np.full_like(scene.image, value))
