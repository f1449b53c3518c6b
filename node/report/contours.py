"""The outline of a mask, exact to the voxel, for the SR and for the page.

Points are ``(x, y)`` in image pixels as in SCOORD (PS3.3 C.18.6): the top left corner
of the top left pixel is (0, 0), so a pixel's centre lies at 0.5.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]
Polygon = npt.NDArray[np.float64]
Corner = tuple[int, int]


def outlines(mask: Mask) -> list[Polygon]:
    """Return the borders of a mask as closed polygons along the pixel edges.

    Parameters
    ----------
    mask
        ``(H, W)``.

    Returns
    -------
    list
        Polygons ``(N, 2)`` of unit steps, first point not repeated; the mask lies
        to the right of the walk, so holes run the other way round. Pixels that
        touch by a corner alone belong to different polygons.
    """
    edges = _edges(mask)
    polygons = []
    while edges:
        corner = start = next(iter(edges))
        step: Corner | None = None
        walk = []
        while True:
            step = _take(edges, corner, step)
            walk.append(corner)
            corner = (corner[0] + step[0], corner[1] + step[1])
            if corner == start:
                break
        polygons.append(np.array(walk, np.float64))
    return polygons


def largest_outline(mask: Mask) -> Polygon | None:
    """Return the outer border of the largest piece of a mask, None when empty.

    ``(N, 2)``: corners only, first point repeated at the end.
    """
    polygons = outlines(mask)
    if not polygons:
        return None
    polygon = max(polygons, key=area_px)
    before, after = np.roll(polygon, 1, axis=0), np.roll(polygon, -1, axis=0)
    corners = polygon[((polygon - before) != (after - polygon)).any(axis=1)]
    return np.vstack([corners, corners[:1]])


def area_px(polygon: Polygon) -> float:
    """Return the enclosed area in pixels, negative for a hole."""
    x, y = polygon.T
    return float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2)


def smooth(polygon: Polygon) -> Polygon:
    """Return the midpoints of the unit steps: the line that a page shows."""
    return (polygon + np.roll(polygon, -1, axis=0)) / 2


def _edges(mask: Mask) -> dict[Corner, list[Corner]]:
    """Return corner → steps that leave it, clockwise around each pixel of the mask."""
    padded = np.pad(mask, 1)
    inside = padded[1:-1, 1:-1]
    sides = (
        (~padded[:-2, 1:-1], (0, 0), (1, 0)),  # above: to the right
        (~padded[1:-1, 2:], (1, 0), (0, 1)),  # right: down
        (~padded[2:, 1:-1], (1, 1), (-1, 0)),  # below: to the left
        (~padded[1:-1, :-2], (0, 1), (0, -1)),  # left: up
    )
    edges: dict[Corner, list[Corner]] = {}
    for outside, (dx, dy), step in sides:
        for y, x in np.argwhere(inside & outside).tolist():
            edges.setdefault((x + dx, y + dy), []).append(step)
    return edges


def _take(
    edges: dict[Corner, list[Corner]], corner: Corner, came: Corner | None
) -> Corner:
    """Take a step out of ``edges``; where two pixels touch by a corner, turn right."""
    steps = edges[corner]
    right = None if came is None else (-came[1], came[0])
    step = right if right in steps else steps[0]
    steps.remove(step)
    if not steps:
        del edges[corner]
    return step
