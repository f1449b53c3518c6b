"""What arrays of one case show: pieces, posture, contrast. Pure numpy and scipy.

Arrays count ``(x, y, z)`` as NIfTI stores them. Where a function speaks of right,
front or up, the file's axes are RAS at 1 mm; other files are refused before.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from models.hippocampus.eda.measurement import STRUCTURES, Contrast, Posture, Voxel
from models.hippocampus.findings import bend

Array = npt.NDArray[Any]

SHELL_VOXELS = 2
"""Thickness of the surroundings with which the hippocampus is compared."""


def smaller_pieces(inside: Array) -> list[tuple[int, Voxel]]:
    """Return size and one voxel of every piece but the largest, smallest first.

    Voxels of one piece share faces.
    """
    numbered, count = ndimage.label(inside)
    sizes = np.bincount(numbered.ravel(), minlength=count + 1)[1:]
    smaller = np.argsort(sizes, kind="stable")[:-1] + 1
    return [
        (int(sizes[number - 1]), first_voxel(numbered == number)) for number in smaller
    ]


def first_voxel(inside: Array) -> Voxel:
    """Return the first voxel that is set."""
    x, y, z = (int(index) for index in np.argwhere(inside)[0])
    return x, y, z


def border_voxel(labels: Array) -> Voxel | None:
    """Return a labelled voxel of the outermost layer, if there is one."""
    outermost = np.ones(labels.shape, dtype=bool)
    outermost[1:-1, 1:-1, 1:-1] = False
    reaching = outermost & (labels != 0)
    return first_voxel(reaching) if reaching.any() else None


def posture(labels: Array) -> Posture:
    """Measure how a hippocampus with both parts lies; RAS at 1 mm."""
    x, y, z = np.nonzero(labels)
    anterior, posterior = (np.nonzero(labels == code)[1].mean() for code in STRUCTURES)
    spread = float(np.var(y))
    rise = np.mean((y - y.mean()) * (z - z.mean())) / spread if spread else 0.0
    return Posture(float(anterior - posterior), float(rise), bend(y, x))


def contrast(image: Array, labels: Array) -> Contrast:
    """Compare the hippocampus with its surroundings and with the whole crop."""
    inside = labels != 0
    around = ndimage.binary_dilation(inside, iterations=SHELL_VOXELS) & ~inside
    values = image.astype(np.float64)
    unit = values.std()
    step = (values[inside].mean() - values[around].mean()) / unit
    return Contrast(float(step), float(values[inside].std() / unit))
