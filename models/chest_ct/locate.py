"""From a coarse map of evidence to boxes and outlines on the images themselves.

The map says in which cells of some millimetres a kind of disease is likely. A cell
shows one kind, the likeliest there: the haze around a consolidation is no second
finding. Cells that touch make one place. Inside these cells the outline is drawn where
the density is that of the kind (`DENSITY_HU`): of several pieces the one in the
likeliest cell, else the largest. The box is that of the outline. Where no voxel has
the density, it is that of the cells, and there is no outline.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from models.chest_ct.kinds import MOST_DANGEROUS_FIRST, Kind
from models.contract import LabelMap
from models.volume.geometry import Affine

DENSITY_HU: Mapping[Kind, tuple[float, float]] = MappingProxyType(
    {
        Kind.NODULE: (-500.0, 400.0),
        Kind.CONSOLIDATION: (-400.0, 200.0),
        Kind.GROUND_GLASS: (-750.0, -300.0),
        Kind.EFFUSION: (-100.0, 80.0),
        Kind.PNEUMOTHORAX: (-1100.0, -940.0),
        Kind.EMPHYSEMA: (-1100.0, -950.0),
    }
)
"""Between which values a voxel belongs to the outline of a kind."""

MOST_PLACES = 8
"""Places that a result names: the likeliest of each kind, then the likeliest of all."""

LIKELY, LIKELIEST = 1, 2
"""Marks of voxels whose cell is one of a place, and the likeliest of it."""

WHOLE_NEIGHBOURHOOD = np.ones((3, 3, 3), np.bool_)
"""Cells and voxels that touch at a corner belong together."""

Voxel = tuple[int, int, int]
Box = tuple[slice, slice, slice]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where each kind of disease is likely.

    Attributes
    ----------
    chances
        ``(len(Kind), D, H, W)`` float32, 0 to 1; the first is of ``Kind(1)``.
    affine
        ``(4, 4)``, cell ``(d, h, w)`` to LPS millimetres.
    """

    chances: npt.NDArray[np.float32]
    affine: Affine

    def of(self, kind: Kind) -> npt.NDArray[np.float32]:
        """Return the chance of a kind where no other is likelier, else 0."""
        own = self.chances[kind - 1]
        return np.where(own >= self.chances.max(axis=0), own, np.float32(0))


@dataclass(frozen=True, slots=True)
class Place:
    """One place of one kind.

    Attributes
    ----------
    first, last
        Voxels of the volume, both inside the box.
    outline
        Of the voxels from ``first`` to ``last`` those that belong to it; None where
        none has the density of the kind.
    """

    kind: Kind
    score: float
    first: Voxel
    last: Voxel
    outline: npt.NDArray[np.bool_] | None


def places(
    evidence: Evidence,
    least: Mapping[Kind, float],
    array: npt.NDArray[np.floating],
    inside: LabelMap,
    affine: Affine,
) -> tuple[Place, ...]:
    """Return the places of disease, the most dangerous kind first.

    Parameters
    ----------
    least
        Chance from which a cell counts, by kind; a kind that is absent is not told.
    array
        ``(D, H, W)`` HU of the volume.
    inside
        Its lungs: voxels outside belong to no outline.
    affine
        Voxel ``(d, h, w)`` of the volume to LPS millimetres.
    """
    to_voxel = np.linalg.inv(affine) @ evidence.affine
    found = [
        place
        for kind in Kind
        if kind in least
        for place in _of_kind(kind, evidence, least[kind], array, inside, to_voxel)
    ]
    order = MOST_DANGEROUS_FIRST.index
    return tuple(sorted(_told(found), key=lambda p: (order(p.kind), -p.score)))


def _told(found: Sequence[Place]) -> list[Place]:
    """Return the likeliest places, of each kind one at least."""
    likeliest = sorted(found, key=lambda place: -place.score)
    first = {place.kind: place for place in reversed(likeliest)}
    others = [place for place in likeliest if place is not first[place.kind]]
    return [*first.values(), *others][:MOST_PLACES]


def _of_kind(
    kind: Kind,
    evidence: Evidence,
    least: float,
    array: npt.NDArray[np.floating],
    inside: LabelMap,
    to_voxel: Affine,
) -> Iterator[Place]:
    chances = evidence.of(kind)
    pieces, _ = ndimage.label(chances >= least, WHOLE_NEIGHBOURHOOD)
    for index, cells in enumerate(ndimage.find_objects(pieces), start=1):
        piece = np.where(pieces[cells] == index, chances[cells], 0)
        d, h, w = cells
        box = _voxels((d, h, w), to_voxel, array.shape)
        if box is not None:
            wanted = _marked(piece, (d, h, w), box, to_voxel)
            yield _place(kind, float(piece.max()), box, wanted, array, inside)


def _marked(
    piece: npt.NDArray[np.floating], cells: Box, box: Box, to_voxel: Affine
) -> npt.NDArray[np.uint8]:
    """Return of which voxels of a box the nearest cell is one of a piece.

    Parameters
    ----------
    piece
        Chances in a box of cells, 0 where a cell is none of the piece.

    Returns
    -------
    0 elsewhere, `LIKELY`, and `LIKELIEST` in the likeliest cell.
    """
    marks = np.where(piece > 0, LIKELY, 0).astype(np.uint8)
    marks[np.unravel_index(piece.argmax(), piece.shape)] = LIKELIEST
    to_cell = np.linalg.inv(to_voxel)
    corner = to_cell[:3, :3] @ [side.start for side in box] + to_cell[:3, 3]
    first = np.array([side.start for side in cells])
    found: npt.NDArray[np.uint8] = ndimage.affine_transform(
        np.pad(marks, 1),  # half a cell beyond the centres of the outermost
        to_cell[:3, :3],
        corner - first + 1,
        output_shape=tuple(side.stop - side.start for side in box),
        order=0,
    )
    return found


def _voxels(cells: Box, to_voxel: Affine, shape: tuple[int, ...]) -> Box | None:
    """Return the voxels that a box of cells covers; None outside the volume."""
    faces = [(side.start - 0.5, side.stop - 0.5) for side in cells]
    corners = np.stack(np.meshgrid(*faces, indexing="ij"), -1).reshape(-1, 3)
    reached = corners @ to_voxel[:3, :3].T + to_voxel[:3, 3]
    low, high = reached.min(axis=0), reached.max(axis=0)
    first, last = np.ceil(low), np.floor(high)
    between = last < first  # thick slices: no centre lies inside the cells
    nearest = np.round((low + high) / 2)
    first, last = np.where(between, nearest, (first, last)).astype(int)
    if (last < 0).any() or (first >= shape).any():
        return None
    ends = zip(np.maximum(first, 0), np.minimum(last + 1, shape), strict=True)
    d, h, w = (slice(int(a), int(b)) for a, b in ends)
    return d, h, w


def _place(
    kind: Kind,
    score: float,
    box: Box,
    wanted: npt.NDArray[np.uint8],
    array: npt.NDArray[np.floating],
    inside: LabelMap,
) -> Place:
    low, high = DENSITY_HU[kind]
    fits = (array[box] >= low) & (array[box] <= high) & (inside[box] > 0)
    outline = _chosen(fits & (wanted > 0), wanted == LIKELIEST)
    if outline is None:
        first = tuple(side.start for side in box)
        last = tuple(side.stop - 1 for side in box)
        return Place(kind, score, _triple(first), _triple(last), None)
    around = ndimage.find_objects(outline.astype(np.uint8))[0]
    first = tuple(a.start + b.start for a, b in zip(box, around, strict=True))
    last = tuple(a.start + b.stop - 1 for a, b in zip(box, around, strict=True))
    return Place(kind, score, _triple(first), _triple(last), outline[around])


def _chosen(
    mask: npt.NDArray[np.bool_], likeliest: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_] | None:
    """Return the piece of a mask that has most of the likeliest, else the largest."""
    pieces, count = ndimage.label(mask, WHOLE_NEIGHBOURHOOD)
    if not count:
        return None
    sizes = np.bincount(pieces[likeliest], minlength=count + 1)[1:]
    if not sizes.any():
        sizes = np.bincount(pieces.ravel())[1:]
    chosen: npt.NDArray[np.bool_] = pieces == sizes.argmax() + 1
    return chosen


def _triple(values: tuple[int, ...]) -> Voxel:
    d, h, w = values
    return d, h, w
