"""Between a volume's own grid and the network's: the one place that maps both ways.

A volume may come in any axis order and spacing. Axes are exchanged and turned by
``models.volume.geometry``, which touches no value; everything that computes with
values happens on the network's axes. So the same voxels, however they are stored,
take the same way through the same floating point operations.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from models.contract import LabelMap
from models.hippocampus.preprocess import FloatVolume, Shape
from models.volume.geometry import Affine, Reorientation, reorientation

NETWORK_AXES = "SAR"
"""Directions in which d, h and w of the network's frame grow: head, front, right."""

MIRRORED_AXES = "SAL"
"""The same for a right hippocampus, which then looks to the network as a left one."""

SAME_SPACING_MM = 0.01
"""Spacings that differ by less are one spacing: nothing is interpolated."""

LENGTH_DIGITS = 6
"""Lengths are rounded to a nanometre: what is left of summing positions in another
order must not decide on a voxel."""


@dataclass(frozen=True, slots=True)
class Grid:
    """How one source grid lies in the network's frame.

    Attributes
    ----------
    change
        From the source's axes to the network's.
    shape
        Source shape in network order, before resampling.
    steps
        Length of one network voxel in source voxels, along d, h and w.
    """

    change: Reorientation
    shape: Shape
    steps: tuple[float, float, float]

    @classmethod
    def of(
        cls, shape: Shape, affine: Affine, spacing_mm: float, axes: str = NETWORK_AXES
    ) -> Grid:
        """Derive the mapping of a source ``shape`` with an affine to LPS.

        Oblique volumes take the nearest axes; up to a few degrees the network has
        seen the rest as augmentation.

        Parameters
        ----------
        axes
            `NETWORK_AXES`, or `MIRRORED_AXES` for a right hippocampus.
        """
        change = reorientation(affine, axes)
        lengths = np.linalg.norm(affine[:3, :3], axis=0).round(LENGTH_DIGITS)
        d, h, w = (
            1.0
            if abs(lengths[axis] - spacing_mm) < SAME_SPACING_MM
            else float(spacing_mm / lengths[axis])
            for axis in change.axes
        )
        i, j, k = change.axes
        return cls(change, (shape[i], shape[j], shape[k]), (d, h, w))

    @property
    def resamples(self) -> bool:
        """Whether the spacing differs from the network's."""
        return any(step != 1.0 for step in self.steps)

    def to_network(self, array: npt.NDArray[np.generic]) -> FloatVolume:
        """Return the image in the network's frame and spacing, anti-aliased.

        It is laid out anew in memory: sums over it, such as its mean, would otherwise
        run in the order of the source.
        """
        image = np.ascontiguousarray(self.change.apply(array), dtype=np.float32)
        if not self.resamples:
            return image
        blur = [sqrt(max(step**2 - 1, 0)) / 2.355 for step in self.steps]
        smooth = ndimage.gaussian_filter(image, blur, mode="nearest")
        return self._interpolate(smooth, self._network_shape(), self.steps)

    def to_labels(self, chances: FloatVolume) -> LabelMap:
        """Return the label map in the source's spacing, still on the network's axes.

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
        labels: LabelMap = chances.argmax(axis=0).astype(np.uint8)
        return labels

    def to_source(self, labels: LabelMap) -> LabelMap:
        """Return a label map from ``to_labels`` on the source's axes."""
        return np.ascontiguousarray(self.change.undo(labels))

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
