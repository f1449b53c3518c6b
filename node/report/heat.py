"""The heat map of a decision at voxels of the volume that was read."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.ndimage import map_coordinates

from models.contract import Volume
from models.evidence import HeatMap

Heat = npt.NDArray[np.float32]

Indices = npt.NDArray[np.intp]
Voxels = tuple[Indices, Indices, Indices]
"""``(d, h, w)`` of a volume: arrays that broadcast to the shape of a picture."""


def heat_at(volume: Volume, heat: HeatMap | None, voxels: Voxels) -> Heat | None:
    """Return the heat at voxels of a volume, linearly between those of the map.

    Returns
    -------
    ndarray or None
        Of the shape of the picture, 0 to 1; 0 outside the map. None without a map.
    """
    if heat is None:
        return None
    turn = np.linalg.inv(heat.affine) @ volume.affine
    d, h, w = voxels
    places = [
        turn[axis, 0] * d + turn[axis, 1] * h + turn[axis, 2] * w + turn[axis, 3]
        for axis in range(3)
    ]
    found: Heat = map_coordinates(
        heat.array, np.broadcast_arrays(*places), order=1, mode="grid-constant"
    )
    return np.clip(found, 0.0, 1.0)
