"""Branching trees of vessels and airways that fill a lung.

A tree grows by halving: the points that a branch has to reach are split across their
longest axis, and a branch runs part of the way to the middle of each half, until one
point is left (in the manner of Tawhai et al. 2000, J Appl Physiol 88:1485-97). Radii
follow Murray's law. All branches of one generation are grown at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.chest_ct.simulator.space import Field, Grid, Points

MURRAY = 3.0
"""Exponent between the radius of a branch and the tips it serves."""

UNEVEN = 1.3
"""How far from the middle a group is cut at most, in its standard deviations."""

STRIDE = 0.36
"""Part of the way to the middle of its points that a branch runs."""

PER_VOXEL = 9.0
"""Drops of a tube per voxel of its cross-section."""

GOLDEN_ANGLE = np.pi * (3 - 5**0.5)

Numbers = npt.NDArray[np.float64]
Groups = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Tree:
    """Branches as bent segments; all arrays have one row per branch.

    Attributes
    ----------
    start, bend, end
        ``(n, 3)`` places in millimetres: ends and control point of a parabola.
    radius
        Millimetres.
    """

    start: Points
    bend: Points
    end: Points
    radius: Numbers

    def thicker(self, radius_mm: float) -> Tree:
        """Return the branches of at least a radius."""
        keep = self.radius >= radius_mm
        return Tree(
            self.start[keep], self.bend[keep], self.end[keep], self.radius[keep]
        )


def joined(trees: Sequence[Tree]) -> Tree:
    """Return the branches of all trees as those of one."""
    start, bend, end, radius = (
        np.concatenate([getattr(each, name) for each in trees])
        for name in ("start", "bend", "end", "radius")
    )
    return Tree(start, bend, end, radius)


def grow(
    tips: Points,
    lobes: Groups,
    root: Points,
    radius_mm: float,
    rng: np.random.Generator,
) -> Tree:
    """Return the tree from a root to all tips.

    Parameters
    ----------
    tips
        ``(n, 3)`` places to reach.
    lobes
        ``(n,)``: the first branches part the tips by these numbers.
    root
        ``(3,)``: where the tree enters the lung.
    radius_mm
        At the root.
    """
    tip = radius_mm / len(tips) ** (1 / MURRAY)
    groups = np.unique(lobes, return_inverse=True)[1]
    parents = np.zeros(groups.max(initial=0) + 1, dtype=np.intp)
    nodes, heading = root[None, :], np.zeros((1, 3))
    generations = []
    while len(tips):
        count = np.bincount(groups)
        middle = _means(tips, groups, count)
        start = nodes[parents]
        stride = rng.uniform(STRIDE - 0.1, STRIDE + 0.1, (len(count), 1))
        end = start + (middle - start) * np.where(count[:, None] == 1, 0.95, stride)
        bend = _bent(start, end, heading[parents])
        radius = tip * count ** (1 / MURRAY)
        generations.append(Tree(start, bend, end, radius))
        heading, nodes = _unit(end - bend), end
        tips, groups, parents = _halved(tips, groups, count, middle, rng)
    return joined(generations)


def _unit(vectors: Points) -> Points:
    length = np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-6
    unit: Points = vectors / length
    return unit


def _bent(start: Points, end: Points, heading: Points) -> Points:
    """Return control points that let branches leave in the direction they came by."""
    way = end - start
    length = np.linalg.norm(way, axis=1, keepdims=True)
    came = heading.any(axis=1, keepdims=True)
    bend: Points = start + 0.5 * way + 0.25 * length * (heading - _unit(way)) * came
    return bend


def _means(points: Points, groups: Groups, count: npt.NDArray[np.intp]) -> Points:
    sums = [np.bincount(groups, weights=points[:, axis]) for axis in range(3)]
    return np.stack(sums, axis=1) / count[:, None]


def _halved(
    tips: Points,
    groups: Groups,
    count: npt.NDArray[np.intp],
    middle: Points,
    rng: np.random.Generator,
) -> tuple[Points, Groups, Groups]:
    """Split every group of two and more across its longest axis, unevenly.

    Returns
    -------
    tuple
        The tips that remain, their new groups, and the parent of each new group.
    """
    keep = count[groups] > 1
    tips, groups = tips[keep], groups[keep]
    if not len(tips):
        return tips, groups, groups
    off = tips - middle[groups]
    spread = np.empty((len(count), 3, 3))
    for a in range(3):
        for b in range(3):
            weights = off[:, a] * off[:, b]
            spread[:, a, b] = np.bincount(groups, weights, minlength=len(count))
    sizes, axes = np.linalg.eigh(spread)
    along = np.einsum("ij,ij->i", off, axes[:, :, 2][groups])
    uneven = rng.uniform(-UNEVEN, UNEVEN, len(count))
    cut = uneven * np.sqrt(np.maximum(sizes[:, 2], 0) / count)
    side = along > cut[groups]
    old, groups = np.unique(2 * groups + side, return_inverse=True)
    return tips, groups, old // 2


def beside(tree: Tree, from_root: Points, ratio: float) -> Tree:
    """Return the airways that run beside the arteries of a tree.

    Parameters
    ----------
    from_root
        ``(3,)``: from the root of the arteries to that of the airways.
    ratio
        Radius of an airway over that of its artery.
    """
    axis = tree.end - tree.start
    axis /= np.linalg.norm(axis, axis=1, keepdims=True) + 1e-6
    unit = from_root / np.linalg.norm(from_root)
    across = unit - axis * (axis @ unit)[:, None]
    across /= np.linalg.norm(across, axis=1, keepdims=True) + 1e-6
    radius = ratio * tree.radius
    apart = (1.25 * radius + tree.radius)[:, None] * across
    near = ((tree.radius / tree.radius.max()) ** 2)[:, None]
    shift = near * from_root + (1 - near) * apart
    return Tree(tree.start + shift, tree.bend + shift, tree.end + shift, radius)


def splat(tree: Tree, grid: Grid, more_mm: float = 0.0) -> Field:
    """Return the share of each voxel that the branches fill, 0 to 1.

    A branch thinner than a voxel fills the share that its volume is of it, so that no
    vessel is lost or thickened by the grid.

    Parameters
    ----------
    more_mm
        Is added to every radius, such as the thickness of a wall.
    """
    places, radius, along, step = _sampled(tree, 0.6 * grid.spacing_mm, more_mm)
    number = np.ceil(PER_VOXEL * np.pi * (radius / grid.spacing_mm) ** 2).astype(int)
    owner = np.repeat(np.arange(len(radius)), number)
    nth = np.arange(len(owner)) - np.repeat(np.cumsum(number) - number, number)
    far = radius[owner] * np.sqrt((nth + 0.5) / number[owner]) * (number[owner] > 1)
    turn = GOLDEN_ANGLE * nth + owner
    one, other = _across(along)
    drops = places[owner] + far[:, None] * (
        np.cos(turn)[:, None] * one[owner] + np.sin(turn)[:, None] * other[owner]
    )
    volume = np.pi * radius**2 * step / number / grid.spacing_mm**3
    return _spread(grid, drops, volume[owner])


def _sampled(
    tree: Tree, step_mm: float, more_mm: float
) -> tuple[Points, Numbers, Points, Numbers]:
    """Return places along all branches, their radii, directions and distances."""
    length = np.linalg.norm(tree.end - tree.start, axis=1) + 1e-6
    number = np.ceil(length / step_mm).astype(int)
    owner = np.repeat(np.arange(len(length)), number)
    nth = np.arange(len(owner)) - np.repeat(np.cumsum(number) - number, number)
    t = ((nth + 0.5) / number[owner])[:, None]
    a, b, c = tree.start[owner], tree.bend[owner], tree.end[owner]
    places = (1 - t) ** 2 * a + 2 * t * (1 - t) * b + t**2 * c
    along = 2 * (1 - t) * (b - a) + 2 * t * (c - b)
    return places, tree.radius[owner] + more_mm, along, (length / number)[owner]


def _across(along: Points) -> tuple[Points, Points]:
    """Return two unit vectors across each direction."""
    along = along / (np.linalg.norm(along, axis=1, keepdims=True) + 1e-9)
    flat = np.abs(along[:, :1]) < 0.9
    pole = np.where(flat, [[1.0, 0.0, 0.0]], [[0.0, 1.0, 0.0]])
    one = np.cross(along, pole)
    one /= np.linalg.norm(one, axis=1, keepdims=True) + 1e-9
    return one, np.cross(along, one)


def _spread(grid: Grid, drops: Points, volume: Numbers) -> Field:
    """Share out the volume of every drop over its eight neighbours."""
    place = grid.index(drops)
    inside = np.all((place >= 0) & (place < np.asarray(grid.shape) - 1.001), axis=1)
    place, volume = place[inside], volume[inside]
    low = place.astype(np.intp)
    after = np.ascontiguousarray((place - low).T)
    shares = 1 - after, after
    _, height, width = grid.shape
    flat = (low[:, 0] * height + low[:, 1]) * width + low[:, 2]
    places, weights = [], []
    for z, y, x in np.ndindex(2, 2, 2):
        weights.append(volume * (shares[z][0] * shares[y][1] * shares[x][2]))
        places.append(flat + (z * height + y) * width + x)
    size = int(np.prod(grid.shape))
    total = np.bincount(np.concatenate(places), np.concatenate(weights), size)
    share: Field = np.minimum(total, 1).reshape(grid.shape).astype(np.float32)
    return share
