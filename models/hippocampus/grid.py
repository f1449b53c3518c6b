"""Between a volume's own grid and the network's: the one place that maps both ways.

A volume may come in any axis order and spacing. The network sees RAS at 1 mm, and
its answer goes back to exactly the grid it came from.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from math import sqrt

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from models.hippocampus.preprocess import FloatVolume, Shape

RAS_IN_LPS = np.array([[0.0, 0.0, 1.0], [0.0, -1.0, 0.0], [-1.0, 0.0, 0.0]])
"""Directions in which d, h and w of the network's frame grow: head, front, right."""

SAME_SPACING_MM = 0.01
"""Spacings that differ by less are one spacing: nothing is interpolated."""

Affine = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Grid:
    """How one source grid lies in the network's frame.

    Attributes
    ----------
    order
        Source axis that becomes d, h and w.
    flips
        Network axes along which the source runs the other way.
    shape
        Source shape in network order, before resampling.
    steps
        Length of one network voxel in source voxels, along d, h and w.
    """

    order: Shape
    flips: tuple[int, ...]
    shape: Shape
    steps: tuple[float, float, float]

    @classmethod
    def of(cls, shape: Shape, affine: Affine, spacing_mm: float) -> Grid:
        """Derive the mapping of a source ``shape`` with an affine to LPS.

        Oblique volumes take the nearest axes; up to a few degrees the network has
        seen the rest as augmentation.
        """
        lengths = np.linalg.norm(affine[:3, :3], axis=0)
        cosines = RAS_IN_LPS @ (affine[:3, :3] / lengths)  # (network, source)
        d, h, w = max(
            permutations(range(3)),
            key=lambda order: sum(abs(cosines[n, s]) for n, s in enumerate(order)),
        )
        ratios = [
            1.0 if abs(length - spacing_mm) < SAME_SPACING_MM else spacing_mm / length
            for length in (lengths[d], lengths[h], lengths[w])
        ]
        return cls(
            order=(d, h, w),
            flips=tuple(n for n, s in enumerate((d, h, w)) if cosines[n, s] < 0),
            shape=(shape[d], shape[h], shape[w]),
            steps=(float(ratios[0]), float(ratios[1]), float(ratios[2])),
        )

    @property
    def resamples(self) -> bool:
        """Whether the spacing differs from the network's."""
        return any(step != 1.0 for step in self.steps)

    def to_network(self, array: npt.NDArray[np.generic]) -> FloatVolume:
        """Return the image in the network's frame and spacing, anti-aliased."""
        image = np.flip(array.transpose(self.order), self.flips).astype(np.float32)
        if not self.resamples:
            return image
        blur = [sqrt(max(step**2 - 1, 0)) / 2.355 for step in self.steps]
        smooth = ndimage.gaussian_filter(image, blur, mode="nearest")
        return self._interpolate(smooth, self._network_shape(), self.steps)

    def to_source(self, chances: FloatVolume) -> npt.NDArray[np.uint8]:
        """Return the label map on the source grid.

        Parameters
        ----------
        chances
            ``(C, D, H, W)`` class probabilities in the network's frame. They are
            interpolated before the largest is taken, which keeps borders smooth.
        """
        if self.resamples:
            d, h, w = (1 / step for step in self.steps)
            chances = np.stack(
                [self._interpolate(one, self.shape, (d, h, w)) for one in chances]
            )
        labels = np.flip(chances.argmax(axis=0).astype(np.uint8), self.flips)
        return np.ascontiguousarray(labels.transpose(np.argsort(self.order)))

    def _network_shape(self) -> Shape:
        d, h, w = (
            max(1, round(size / step))
            for size, step in zip(self.shape, self.steps, strict=True)
        )
        return d, h, w

    @staticmethod
    def _interpolate(
        image: FloatVolume, shape: Shape, steps: tuple[float, float, float]
    ) -> FloatVolume:
        """Sample ``image`` every ``steps`` voxels; both grids share their centre."""
        offset = [
            (old - 1) / 2 - step * (new - 1) / 2
            for old, new, step in zip(image.shape, shape, steps, strict=True)
        ]
        sampled = ndimage.affine_transform(
            image, np.array(steps), offset, shape, order=1, mode="nearest"
        )
        return np.asarray(sampled, dtype=np.float32)
