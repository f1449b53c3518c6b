"""A box on the images is that of the voxels that look like what was found."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from models.chest_ct.kinds import MOST_DANGEROUS_FIRST, Kind
from models.chest_ct.locate import MOST_PLACES, Evidence, places

CELL_MM = 8.0
LEAST = dict.fromkeys(Kind, 0.5)


def chest() -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    """Return lung of 1 x 1 x 1 mm with nothing in it, all of it inside."""
    array = np.full((64, 80, 96), -850.0, np.float32)
    return array, np.ones(array.shape, np.uint8)


def evidence(*cells: tuple[Kind, tuple[int, int, int], float]) -> Evidence:
    """Return cells of 8 mm over the chest, each with the chance of a kind."""
    chances = np.zeros((len(Kind), 8, 10, 12), np.float32)
    for kind, cell, chance in cells:
        chances[(kind - 1, *cell)] = chance
    affine = np.diag([CELL_MM, CELL_MM, CELL_MM, 1.0])
    affine[:3, 3] = (CELL_MM - 1) / 2
    return Evidence(chances, affine)


def test_the_box_is_that_of_the_dense_voxels() -> None:
    """The cell is coarse; the nodule in it is not."""
    array, inside = chest()
    array[18:22, 26:31, 33:39] = 30.0
    (place,) = places(
        evidence((Kind.NODULE, (2, 3, 4), 0.9)), LEAST, array, inside, np.eye(4)
    )
    assert (place.first, place.last) == ((18, 26, 33), (21, 30, 38))
    assert place.outline is not None
    assert place.outline.all()
    assert place.score == pytest.approx(0.9)


def test_a_place_without_such_voxels_keeps_the_box_of_its_cells() -> None:
    """What the map says is told; an outline is not made up."""
    array, inside = chest()
    (place,) = places(
        evidence((Kind.NODULE, (2, 3, 4), 0.9)), LEAST, array, inside, np.eye(4)
    )
    assert place.outline is None
    assert (place.first, place.last) == ((16, 24, 32), (23, 31, 39))


def test_what_lies_in_no_cell_of_a_place_is_not_its_outline() -> None:
    """Three cells in an L: a vessel in the corner that they leave is something else."""
    array, inside = chest()
    array[18:22, 26:31, 33:38] = 30.0
    array[16:24, 24:32, 44:56] = 30.0  # larger, in the corner of their box
    cells = [
        (Kind.NODULE, (2, 3, 4), 0.95),
        (Kind.NODULE, (2, 4, 4), 0.6),
        (Kind.NODULE, (2, 4, 5), 0.6),
    ]

    (place,) = places(evidence(*cells), LEAST, array, inside, np.eye(4))

    assert (place.first, place.last) == ((18, 26, 33), (21, 30, 37))


def test_of_several_pieces_that_in_the_likeliest_cell_is_meant() -> None:
    """Not the largest of the place, which may be a vessel beside it."""
    array, inside = chest()
    array[18:21, 26:29, 34:37] = 30.0
    array[16:24, 24:32, 42:56] = 30.0
    cells = [(Kind.NODULE, (2, 3, 4), 0.9), (Kind.NODULE, (2, 3, 5), 0.6)]

    (place,) = places(evidence(*cells), LEAST, array, inside, np.eye(4))

    assert (place.first, place.last) == ((18, 26, 34), (20, 28, 36))


def test_a_place_is_found_on_images_that_are_stored_otherwise() -> None:
    """Rows from behind to front, slices from head to feet."""
    array, inside = chest()
    array[18:22, 26:31, 33:39] = 30.0
    flipped = np.diag([-1.0, -1.0, 1.0, 1.0])
    flipped[:3, 3] = (63, 79, 0)
    (place,) = places(
        evidence((Kind.NODULE, (2, 3, 4), 0.9)),
        LEAST,
        array[::-1, ::-1],
        inside,
        flipped,
    )
    assert (place.first, place.last) == ((42, 49, 33), (45, 53, 38))


def test_cells_that_touch_are_one_place() -> None:
    """Two that do not are two."""
    array, inside = chest()
    touching = [(Kind.EFFUSION, (2, 3, 4), 0.6), (Kind.EFFUSION, (3, 4, 5), 0.8)]
    apart = (Kind.EFFUSION, (6, 8, 10), 0.7)
    found = places(evidence(*touching, apart), LEAST, array, inside, np.eye(4))
    assert [place.score for place in found] == pytest.approx([0.8, 0.7])


def test_a_cell_shows_one_kind() -> None:
    """The haze around a consolidation is no second finding; haze beside it is one."""
    array, inside = chest()
    cells = [
        (Kind.CONSOLIDATION, (2, 3, 4), 0.8),
        (Kind.GROUND_GLASS, (2, 3, 4), 0.7),
        (Kind.GROUND_GLASS, (2, 3, 5), 0.6),
    ]

    found = places(evidence(*cells), LEAST, array, inside, np.eye(4))

    told = {place.kind: place.score for place in found}
    assert told == pytest.approx({Kind.CONSOLIDATION: 0.8, Kind.GROUND_GLASS: 0.6})


def test_the_most_dangerous_comes_first_whatever_its_score() -> None:
    """The order is that of triage."""
    array, inside = chest()
    cells = [(kind, (1, 1, int(kind)), 0.5 + kind / 20) for kind in Kind]
    found = places(evidence(*cells), LEAST, array, inside, np.eye(4))
    assert tuple(place.kind for place in found) == MOST_DANGEROUS_FIRST


def test_a_kind_below_its_least_chance_is_not_told() -> None:
    """Each kind has its own."""
    array, inside = chest()
    map_ = evidence((Kind.NODULE, (2, 3, 4), 0.4), (Kind.EFFUSION, (2, 3, 4), 0.4))
    found = places(
        map_, {Kind.NODULE: 0.5, Kind.EFFUSION: 0.3}, array, inside, np.eye(4)
    )
    assert [place.kind for place in found] == [Kind.EFFUSION]


def test_only_the_likeliest_places_are_named() -> None:
    """A page that names everything names nothing."""
    array, inside = chest()
    cells = [
        (Kind.NODULE, (d, h, 0), 0.5 + d / 20 + h / 200)
        for d in range(0, 8, 2)
        for h in range(0, 10, 2)
    ]
    found = places(evidence(*cells), LEAST, array, inside, np.eye(4))
    assert len(found) == MOST_PLACES
    assert min(place.score for place in found) > 0.6


def test_voxels_outside_the_lungs_belong_to_no_outline() -> None:
    """The chest wall is as dense as a nodule."""
    array, inside = chest()
    array[16:24, 24:32, 32:40] = 30.0
    inside[:, :28] = 0
    (place,) = places(
        evidence((Kind.NODULE, (2, 3, 4), 0.9)), LEAST, array, inside, np.eye(4)
    )
    assert place.first[1] == 28


def test_cells_outside_the_images_are_left_out() -> None:
    """The common grid may reach beyond a small field of view."""
    array, inside = chest()
    map_ = evidence((Kind.NODULE, (7, 9, 11), 0.9))
    assert not places(map_, LEAST, array[:40], inside[:40], np.eye(4))


def test_cells_between_two_thick_slices_lie_on_the_nearer_one() -> None:
    """A cell is lower than a slice is thick, and is not lost for it."""
    array = np.full((4, 80, 96), -850.0, np.float32)
    affine = np.diag([20.0, 1.0, 1.0, 1.0])
    map_ = evidence((Kind.NODULE, (1, 3, 4), 0.9))  # 8 to 16 mm: no slice is there
    inside = np.ones(array.shape, np.uint8)
    (place,) = places(map_, LEAST, array, inside, affine)
    assert place.first[0] == place.last[0] == 1


def test_a_rarer_kind_is_not_crowded_out() -> None:
    """Of each kind one is told, however many likelier places there are of another."""
    array, inside = chest()
    many = [
        (Kind.CONSOLIDATION, (1, 1 + 2 * k // 10 * 2, 2 * k % 10), 0.9)
        for k in range(10)
    ]
    cells = [*many, (Kind.PNEUMOTHORAX, (6, 8, 10), 0.6)]

    found = places(evidence(*cells), LEAST, array, inside, np.eye(4))

    assert len(found) == MOST_PLACES
    assert found[0].kind is Kind.PNEUMOTHORAX
