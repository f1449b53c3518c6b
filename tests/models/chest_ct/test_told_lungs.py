"""What is told of the lungs, and what is withheld."""

from __future__ import annotations

import numpy as np
import pytest

from models.chest_ct.kinds import Kind
from models.chest_ct.locate import Place
from models.chest_ct.told_lungs import (
    LEFT,
    RIGHT,
    lung_labels,
    lung_structures,
    measurements,
    sides_of,
    withheld,
)
from models.terms import Flag
from models.volume.lungs import LEFT_LUNG, NOT_SPLIT, ONE_LUNG, RIGHT_LUNG, Lungs

SHAPE = (4, 10, 20)
VOXEL_MM3 = 8.0


def lungs(*flags: Flag) -> Lungs:
    """Return a right lung of 10 columns and a left one of 6, beside one another.

    With ``ONE_LUNG`` there is air in the left one alone.
    """
    labels = np.zeros(SHAPE, np.uint8)
    labels[..., 2:12], labels[..., 12:18] = RIGHT_LUNG, LEFT_LUNG
    aerated = labels == LEFT_LUNG if ONE_LUNG in flags else labels > 0
    return Lungs(labels, aerated, flags)


def place(columns: slice, *, outlined: bool) -> Place:
    """Return a place in two slices and all rows."""
    outline = np.ones((2, 10, columns.stop - columns.start), np.bool_)
    first, last = (1, 0, columns.start), (2, 9, columns.stop - 1)
    return Place(Kind.EFFUSION, 0.8, first, last, outline if outlined else None)


def told(found: Lungs, array: np.ndarray | None = None) -> dict[tuple[str, str], float]:
    """Return every number, by structure and unit."""
    values = np.full(SHAPE, -800.0, np.float32) if array is None else array
    return {
        (m.structure, m.unit.value): m.value
        for m in measurements(values, found, VOXEL_MM3)
    }


@pytest.mark.parametrize(
    ("columns", "sides"),
    [
        (slice(2, 12), (RIGHT,)),
        (slice(12, 18), (LEFT,)),
        (slice(8, 16), (RIGHT, LEFT)),
    ],
)
def test_an_outline_lies_where_its_own_voxels_do(
    columns: slice, sides: tuple[object, ...]
) -> None:
    """A finding that fills the right lung is right, however near the left one is."""
    assert sides_of(place(columns, outlined=True), lungs()) == sides


def test_a_box_without_outline_is_asked_with_its_surroundings() -> None:
    """A pleural finding lies beside the lung that it belongs to."""
    assert sides_of(place(slice(0, 2), outlined=False), lungs()) == (RIGHT,)
    assert sides_of(place(slice(18, 20), outlined=False), lungs()) == (LEFT,)


def test_where_the_middle_parts_the_lungs_no_side_is_told() -> None:
    """One structure, one volume, no laterality, and the reason."""
    found = lungs(NOT_SPLIT)
    (structure,) = lung_structures(found)

    assert structure.laterality is None
    assert set(np.unique(lung_labels(found))) == {0, structure.labels[0]}
    assert set(told(found)) == {("Lungs", "mL"), ("Lungs", "[hnsf'U]")}
    assert told(found)["Lungs", "mL"] == 640 * VOXEL_MM3 / 1000
    assert sides_of(place(slice(2, 6), outlined=True), found) == ()
    assert [each.reason for each in withheld(found)] == ["lungs_not_split"]


def test_of_a_lung_without_air_no_volume_is_told() -> None:
    """Where it lies is an estimate; the other one was measured."""
    found = lungs(ONE_LUNG)

    assert set(told(found)) == {("Left lung", "mL"), ("Left lung", "[hnsf'U]")}
    assert [each.reason for each in withheld(found)] == ["one_lung"]
    assert "right lung" in next(withheld(found)).text


def test_nothing_is_withheld_of_two_lungs() -> None:
    """Both volumes, and their sum."""
    found = told(lungs())
    assert found["Right lung", "mL"] + found["Left lung", "mL"] == pytest.approx(
        found["Lungs", "mL"]
    )
    assert list(withheld(lungs())) == []


def test_padding_counts_as_air() -> None:
    """A scanner's -3024 is no density."""
    array = np.full(SHAPE, -3024.0, np.float32)
    assert told(lungs(), array)["Lungs", "[hnsf'U]"] == -1024.0
