"""What holds for every geometry, searched with hypothesis."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from models.terms import Vector
from models.volume.geometry import (
    LETTERS,
    ROUNDING_MM,
    STEP_TOLERANCE,
    TILT_TOLERANCE,
    Affine,
    GeometryError,
    Grid,
    Plane,
    Reorientation,
    arrange,
    reorientation,
)

CODES = [
    "".join(letters)
    for order in itertools.permutations(LETTERS)
    for letters in itertools.product(*order)
]
lengths = st.floats(0.2, 8.0)
millimetres = st.floats(-500, 500)
seeds = st.integers(0, 2**32 - 1)


def rotation(seed: int) -> npt.NDArray[np.float64]:
    """Return a rotation drawn evenly from all of them (QR of a normal matrix)."""
    q, r = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    q *= np.sign(np.diag(r))
    result: npt.NDArray[np.float64] = q * np.linalg.det(q)
    return result


rotations = seeds.map(rotation)


@st.composite
def stacks(draw: st.DrawFn, least: int = 2) -> list[Plane]:
    """Draw the planes of a regular grid anywhere, oblique, in slice order."""
    row, column, normal = draw(rotations).T
    step, between_rows, between_columns = draw(st.tuples(lengths, lengths, lengths))
    origin = np.array(draw(st.tuples(millimetres, millimetres, millimetres)))
    return [
        Plane(
            rows=4,
            columns=6,
            position_mm=vector(origin + index * step * normal),
            orientation=(*vector(row), *vector(column)),
            spacing_mm=(between_rows, between_columns),
        )
        for index in range(draw(st.integers(least, 20)))
    ]


def vector(values: npt.NDArray[np.float64]) -> Vector:
    """Return three numbers as a tuple."""
    x, y, z = values.tolist()
    return x, y, z


def place(plane: Plane) -> npt.NDArray[np.float64]:
    """Return the position of a plane that has one."""
    assert plane.position_mm is not None
    return np.array(plane.position_mm)


def verdict(planes: list[Plane]) -> tuple[str, str] | Grid:
    """Return the grid, or the reason and the words with which it is refused."""
    try:
        return arrange(planes)
    except GeometryError as error:
        return error.reason, str(error)


@given(planes=stacks(), data=st.data())
def test_the_order_of_files_decides_nothing(
    planes: list[Plane], data: st.DataObject
) -> None:
    """The same affine to the last bit, and the same slices in the same order."""
    shuffled = data.draw(st.permutations(planes))

    first, second = arrange(planes), arrange(shuffled)

    assert [shuffled[index] for index in second.order] == planes
    assert first.affine.tobytes() == second.affine.tobytes()


@given(planes=stacks(3), data=st.data())
def test_a_refusal_does_not_depend_on_the_order_of_files(
    planes: list[Plane], data: st.DataObject
) -> None:
    """One plane twice, one left out, one shifted: the same reason, the same words."""
    index = data.draw(st.integers(1, len(planes) - 1))
    shifted = vector(place(planes[index]) + data.draw(millimetres))
    spoilt = data.draw(
        st.sampled_from(
            [
                [*planes, planes[index]],
                planes[:index] + planes[index + 1 :],
                [
                    *planes[:index],
                    replace(planes[index], position_mm=shifted),
                    *planes[index + 1 :],
                ],
            ]
        )
    )
    shuffled = data.draw(st.permutations(spoilt))

    first, second = verdict(spoilt), verdict(shuffled)

    if isinstance(first, Grid):  # the end left out, or a shift of next to nothing
        assert isinstance(second, Grid)
        assert first.affine.tobytes() == second.affine.tobytes()
    else:
        assert first == second


@given(planes=stacks())
def test_the_affine_puts_every_slice_where_its_header_does(
    planes: list[Plane],
) -> None:
    """Voxel (d, 0, 0) lies at Image Position (Patient) of slice d."""
    grid = arrange(planes)

    for depth, index in enumerate(grid.order):
        there = (grid.affine @ (depth, 0, 0, 1))[:3]
        assert there == pytest.approx(place(planes[index]), abs=1e-9)


@given(planes=stacks(), digits=st.integers(2, 6), seed=seeds)
def test_rounded_positions_stay_within_the_tolerance(
    planes: list[Plane], digits: int, seed: int
) -> None:
    """A writer that rounds is either read within the tolerance, or refused."""
    rounded = [
        replace(plane, position_mm=vector(place(plane).round(digits)))
        for plane in planes
    ]

    grid = verdict(rounded)

    if isinstance(grid, Grid):
        step, _, _ = grid.spacing_mm
        far = ROUNDING_MM + TILT_TOLERANCE * step * len(planes) + STEP_TOLERANCE * step
        for depth, index in enumerate(grid.order):
            there = (grid.affine @ (depth, 0, 0, 1))[:3]
            assert np.linalg.norm(there - place(rounded[index])) <= far
    else:
        step = float(np.linalg.norm(place(planes[1]) - place(planes[0])))
        assert 2 * 10**-digits > STEP_TOLERANCE * step


@given(planes=stacks(3), data=st.data(), part=st.floats(2.2 * STEP_TOLERANCE, 0.5))
def test_one_slice_off_its_place_along_the_normal_is_refused(
    planes: list[Plane], data: st.DataObject, part: float
) -> None:
    """Any slice, either way, by more than the tolerance.

    By more than twice, since of three slices the fitted step takes up half of it.
    """
    way = data.draw(st.sampled_from([-1, 1]))
    step = place(planes[1]) - place(planes[0])

    assert refusal_of_one_moved(planes, data, way * part * step) in {
        "slice_gap",
        "duplicate_position",
    }


@given(planes=stacks(3), data=st.data(), part=st.floats(1.01, 100))
def test_one_slice_off_its_place_within_the_plane_is_refused(
    planes: list[Plane], data: st.DataObject, part: float
) -> None:
    """Any slice, to any side, by more than rounding and tilt tolerance allow."""
    way = np.radians(data.draw(st.integers(0, 359)))
    row, column = np.reshape(planes[0].orientation or (), (2, 3))
    extent = float(np.linalg.norm(place(planes[-1]) - place(planes[0])))
    largest = ROUNDING_MM + TILT_TOLERANCE * extent
    shift = part * largest * (np.cos(way) * row + np.sin(way) * column)

    assert refusal_of_one_moved(planes, data, shift) == "gantry_tilt"


def refusal_of_one_moved(
    planes: list[Plane], data: st.DataObject, shift: npt.NDArray[np.float64]
) -> str:
    """Return why a stack is refused of which one slice, whichever, is moved."""
    index = data.draw(st.integers(0, len(planes) - 1))
    moved = replace(planes[index], position_mm=vector(place(planes[index]) + shift))
    refused = verdict([*planes[:index], moved, *planes[index + 1 :]])
    assert not isinstance(refused, Grid), "an irregular stack was taken for a grid"
    return refused[0]


@st.composite
def affines(draw: st.DrawFn) -> Affine:
    """Draw an oblique affine of either handedness."""
    affine = np.eye(4)
    scale = draw(st.tuples(lengths, lengths, lengths))
    affine[:3, :3] = draw(rotations) * scale
    affine[:3, draw(st.integers(0, 2))] *= draw(st.sampled_from([-1, 1]))
    affine[:3, 3] = draw(st.tuples(millimetres, millimetres, millimetres))
    return affine


shapes = st.tuples(*[st.integers(1, 5)] * 3)


@given(affine=affines(), target=st.sampled_from(CODES), shape=shapes)
def test_undoing_a_change_gives_the_array_back(
    affine: Affine, target: str, shape: tuple[int, int, int]
) -> None:
    """Both ways round, and each voxel stays at its millimetres."""
    array = np.arange(np.prod(shape)).reshape(shape)
    change = reorientation(affine, target)

    there = change.apply(array)

    assert np.array_equal(change.undo(there), array)
    assert np.array_equal(change.apply(change.undo(there)), there)
    for index in np.ndindex(there.shape):
        millimetre = change.apply_affine(affine, shape) @ (*index, 1)
        old = np.argwhere(array == there[index])[0]
        assert millimetre == pytest.approx(affine @ (*old, 1), abs=1e-9)


STORED = [
    Reorientation((i, j, k), (p, q, r))
    for i, j, k in itertools.permutations((0, 1, 2))
    for p, q, r in itertools.product((False, True), repeat=3)
]
AT_45 = np.array(
    [[np.sqrt(0.5), -np.sqrt(0.5), 0], [np.sqrt(0.5), np.sqrt(0.5), 0], [0, 0, 1.0]]
)


def in_one_frame(affine: Affine, stored: Reorientation) -> list[float]:
    """Return the affine on patient axes of voxels that are stored in another way."""
    shape = (3, 4, 5)
    told = stored.apply_affine(affine, shape)
    i, j, k = (shape[axis] for axis in stored.axes)
    turned = reorientation(told, "SAR").apply_affine(told, (i, j, k))
    return turned.ravel().tolist()


@given(affine=affines(), half_way=st.booleans())
def test_patient_axes_do_not_depend_on_how_an_array_is_stored(
    affine: Affine, half_way: bool
) -> None:
    """All 48 orders and directions lead to one frame, also from 45 degrees."""
    if half_way:
        affine[:3, :3] = AT_45
    assume(abs(np.linalg.det(affine[:3, :3])) > 1e-6)
    expected = in_one_frame(affine, STORED[0])

    for stored in STORED:
        found = in_one_frame(affine, stored)

        assert found == pytest.approx(expected, abs=1e-9)
