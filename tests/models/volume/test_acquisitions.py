"""Several acquisitions in one series are named where a header tells them apart."""

from __future__ import annotations

import random

import pytest

from models.volume.acquisitions import ONE_PER_VOLUME, SEPARATORS, arrange_series
from models.volume.geometry import GeometryError, Plane

Marked = tuple[Plane, dict[str, str]]

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)


def stack(
    keyword: str,
    value: str,
    count: int = 4,
    first_mm: float = 0.0,
    orientation: tuple[float, float, float, float, float, float] = AXIAL,
) -> list[Marked]:
    """Return planes 2 mm apart along z (x for sagittal ones), all with one mark."""
    axis = 2 if orientation == AXIAL else 0
    planes = []
    for index in range(count):
        position = [5.0, 6.0, 7.0]
        position[axis] = first_mm + index * (2.0 if axis == 2 else -2.0)
        place = (position[0], position[1], position[2])
        planes.append((Plane(8, 9, place, orientation, (1.0, 1.0)), {keyword: value}))
    return planes


def reason_of(marked: list[Marked]) -> tuple[str, str]:
    """Return why these planes are refused, in whatever order they come."""
    refusals = set()
    for seed in range(3):
        shuffled = random.Random(seed).sample(marked, len(marked))  # noqa: S311 - no secret
        planes, marks = zip(*shuffled, strict=True)
        with pytest.raises(GeometryError) as caught:
            arrange_series(planes, marks)
        refusals.add((caught.value.reason, str(caught.value)))
    (refusal,) = refusals
    return refusal


@pytest.mark.parametrize("keyword", SEPARATORS)
def test_duplicates_are_named_by_what_separates_them(keyword: str) -> None:
    """Each row of the table, with the number of values and the bare symptom."""
    reason, detail = reason_of([*stack(keyword, "1"), *stack(keyword, "2")])

    assert reason == "several_acquisitions"
    assert detail == (
        f"2 {SEPARATORS[keyword]} by {keyword}, together 5 slices share a position"
    )


def test_duplicates_that_nothing_separates_stay_duplicates() -> None:
    """Equal marks, or none at all."""
    for value in ("1", ""):
        marked = [*stack("EchoNumbers", value), *stack("EchoNumbers", value)]

        assert reason_of(marked)[0] == "duplicate_position"


def test_a_duplicate_within_an_acquisition_stays_a_duplicate() -> None:
    """Two acquisitions do not excuse the slice that one of them has twice."""
    first, second = stack("AcquisitionNumber", "1"), stack("AcquisitionNumber", "2")

    assert reason_of([*first, *second, second[0]])[0] == "duplicate_position"


def test_a_slice_without_the_mark_separates_nothing() -> None:
    """It could belong to either."""
    first, second = stack("EchoNumbers", "1"), stack("EchoNumbers", "2")
    first[1] = (first[1][0], {})

    assert reason_of([*first, *second])[0] == "duplicate_position"


def test_stacks_at_other_places_are_named_too() -> None:
    """Each is a grid by itself; together they have a gap or two directions."""
    first = stack("AcquisitionNumber", "1")
    for second in (
        stack("AcquisitionNumber", "2", first_mm=31.0),
        stack("AcquisitionNumber", "2", orientation=SAGITTAL),
    ):
        assert reason_of([*first, *second])[0] == "several_acquisitions"


def test_a_gap_within_numbered_slices_stays_a_gap() -> None:
    """Some scanners count slices: a group of one slice proves no stack."""
    marked = [
        plane
        for number in (0, 1, 2, 4, 5)
        for plane in stack("AcquisitionNumber", str(number), 1, first_mm=2.0 * number)
    ]

    assert reason_of(marked)[0] == "slice_gap"


def test_three_single_planes_stay_mixed() -> None:
    """A localiser of single slices is no set of stacks."""
    marked = [
        *stack("AcquisitionNumber", "1", 1),
        *stack("AcquisitionNumber", "2", 1, orientation=SAGITTAL),
    ]

    assert reason_of(marked)[0] == "mixed_orientation"


@pytest.mark.parametrize("keyword", ONE_PER_VOLUME)
def test_halves_of_two_images_are_not_one(keyword: str) -> None:
    """Half of one echo and the other half of the next form one grid, yet no image."""
    marked = [*stack(keyword, "1"), *stack(keyword, "2", first_mm=8.0)]

    reason, detail = reason_of(marked)

    assert reason == "several_acquisitions"
    assert detail.endswith("together one grid")


def test_acquisitions_that_continue_each_other_are_one_volume() -> None:
    """Breath-holds, or slices that are counted: the grid is regular and exact."""
    marked = [
        *stack("AcquisitionNumber", "1"),
        *stack("AcquisitionNumber", "2", first_mm=8.0),
    ]
    planes, marks = zip(*marked, strict=True)

    assert arrange_series(planes, marks).spacing_mm == (2.0, 1.0, 1.0)


def test_one_time_point_among_silent_slices_is_one() -> None:
    """A mark that only some slices have says nothing about the others."""
    first, *others = stack("TemporalPositionIdentifier", "1")
    planes, marks = zip(first, *[(plane, {}) for plane, _ in others], strict=True)

    assert arrange_series(planes, marks).order == (0, 1, 2, 3)
