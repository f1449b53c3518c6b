"""Slice order, affines and orientations."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.volume.geometry import (
    LETTERS,
    Affine,
    GeometryError,
    Plane,
    arrange,
    axis_codes,
    is_nominal,
    reorientation,
    swap_lps_ras,
)

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
ALL_CODES = [
    "".join(letters)
    for order in itertools.permutations(LETTERS)
    for letters in itertools.product(*order)
]
COSINE = 0.1  # of the oblique turn below: enough to leave the axes, not to change them


def build_planes(
    count: int = 5,
    spacing_mm: tuple[float, float, float] = (2.0, 1.0, 1.0),
    orientation: tuple[float, ...] = AXIAL,
    origin_mm: tuple[float, ...] = (-10.0, -20.0, 30.0),
    step_mm: npt.ArrayLike | None = None,
) -> list[Plane]:
    """Return planes of 4 x 6 pixels, one step apart, along the normal by default."""
    normal = np.cross(orientation[:3], orientation[3:])
    step = normal * spacing_mm[0] if step_mm is None else np.asarray(step_mm)
    return [
        Plane(
            rows=4,
            columns=6,
            position_mm=tuple((np.asarray(origin_mm) + n * step).tolist()),
            orientation=tuple(orientation),  # type: ignore[arg-type]  # six, always
            spacing_mm=spacing_mm[1:],
        )
        for n in range(count)
    ]


def turned(quaternion: tuple[float, float, float, float]) -> npt.NDArray[np.float64]:
    """Return the rotation matrix of a quaternion of any length but zero."""
    w, x, y, z = np.asarray(quaternion) / np.linalg.norm(quaternion)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def affine_of(codes: str, *, oblique: bool = False) -> Affine:
    """Return an affine whose axes run towards these directions, unequally spaced."""
    affine = np.eye(4)
    affine[:3, :3] = 0.0
    for axis, letter in enumerate(codes):
        line = next(n for n, pair in enumerate(LETTERS) if letter in pair)
        affine[line, axis] = (axis + 1) * (1.0 if letter in "LPS" else -1.0)
    affine[:3, 3] = (-7.0, 11.0, 13.0)
    turn = np.eye(4)
    if oblique:
        turn[:3, :3] = turned((1.0, COSINE, -COSINE, COSINE))
    result: Affine = turn @ affine
    return result


def reason_of(planes: list[Plane]) -> str:
    """Return why these planes are refused."""
    with pytest.raises(GeometryError) as caught:
        arrange(planes)
    return caught.value.reason


quaternions = st.tuples(*[st.floats(-1, 1)] * 4).filter(
    lambda q: float(np.linalg.norm(q)) > 0.1
)
lengths = st.floats(0.2, 8.0)
millimetres = st.floats(-500, 500)


class TestArrange:
    """Planes become one grid."""

    @given(
        quaternion=quaternions,
        spacing=st.tuples(lengths, lengths, lengths),
        origin=st.tuples(millimetres, millimetres, millimetres),
        count=st.integers(2, 40),
        seed=st.integers(0, 99),
    )
    def test_a_grid_anywhere_maps_indices_to_its_points(
        self,
        quaternion: tuple[float, float, float, float],
        spacing: tuple[float, float, float],
        origin: tuple[float, float, float],
        count: int,
        seed: int,
    ) -> None:
        """Position + h x column + w x row is where DICOM puts a pixel, in any order."""
        turn = turned(quaternion)
        row, column, normal = turn.T
        planes = build_planes(count, spacing, (*row, *column), origin)
        shuffled = random.Random(seed).sample(range(count), count)  # noqa: S311

        grid = arrange([planes[index] for index in shuffled])

        assert [shuffled[index] for index in grid.order] == list(range(count))
        assert grid.spacing_mm == pytest.approx(spacing, rel=1e-9)
        d, h, w = count - 1, 3, 5
        expected = (
            np.asarray(origin)
            + d * spacing[0] * normal
            + h * spacing[1] * column
            + w * spacing[2] * row
        )
        assert (grid.affine @ (d, h, w, 1))[:3] == pytest.approx(expected, abs=1e-6)

    def test_slices_ascend_along_row_cross_column(self) -> None:
        """A series written from head to foot is put the other way round."""
        grid = arrange(build_planes(3, step_mm=(0, 0, -2.0)))

        assert grid.order == (2, 1, 0)
        assert grid.affine[:3, 0] == pytest.approx((0, 0, 2))
        assert grid.affine[:3, 3] == pytest.approx((-10, -20, 26))

    def test_rows_and_columns_are_not_swapped(self) -> None:
        """Pixel Spacing is row, then column spacing; h runs along the column."""
        grid = arrange(build_planes(spacing_mm=(5.0, 0.5, 0.25)))

        assert grid.affine[:3, 1] == pytest.approx((0, 0.5, 0))
        assert grid.affine[:3, 2] == pytest.approx((0.25, 0, 0))

    @given(seed=st.integers(0, 999))
    def test_jitter_in_the_seventh_digit_is_one_orientation(self, seed: int) -> None:
        """Some archives round direction cosines differently from image to image."""
        jitter = np.random.default_rng(seed).uniform(-5e-7, 5e-7, (5, 6))
        planes = [
            replace(plane, orientation=tuple((np.asarray(AXIAL) + noise).tolist()))
            for plane, noise in zip(build_planes(), jitter, strict=True)
        ]

        grid = arrange(planes)

        assert grid.order == (0, 1, 2, 3, 4)
        assert grid.affine[:3, :3] == pytest.approx(
            np.diag([1.0, 1.0, 2.0])[:, ::-1], abs=1e-6
        )

    def test_positions_rounded_to_hundredths_are_regular(self) -> None:
        """A 0.625 mm series whose positions end after two digits is no gap."""
        planes = [
            replace(plane, position_mm=(0.0, 0.0, round(index * 0.625, 2)))
            for index, plane in enumerate(build_planes(50))
        ]

        assert arrange(planes).spacing_mm[0] == pytest.approx(0.625, abs=1e-3)


class TestRefusals:
    """What is no regular grid is refused by name."""

    @pytest.mark.parametrize("element", ["position_mm", "orientation"])
    def test_missing_position(self, element: str) -> None:
        """Without a place in the patient nothing can be ordered."""
        first, *others = build_planes()

        assert reason_of([replace(first, **{element: None}), *others]) == (  # type: ignore[arg-type]  # one of two
            "missing_position"
        )

    @pytest.mark.parametrize("spacing", [None, (0.0, 1.0)])
    def test_missing_spacing(self, spacing: tuple[float, float] | None) -> None:
        """A spacing of nothing has no volume."""
        first, *others = build_planes()

        assert reason_of([replace(first, spacing_mm=spacing), *others]) == (
            "missing_spacing"
        )

    def test_single_slice(self) -> None:
        """One slice has a thickness, but no neighbour that proves a spacing."""
        assert reason_of(build_planes(1)) == "single_slice"

    def test_mixed_matrix(self) -> None:
        """One larger image makes no volume."""
        first, *others = build_planes()

        assert reason_of([replace(first, rows=5), *others]) == "mixed_matrix"

    @pytest.mark.parametrize("spacing", [(1.01, 1.0), (1.0, 0.99)])
    def test_mixed_spacing(self, spacing: tuple[float, float]) -> None:
        """One per cent along either axis is another scan."""
        first, *others = build_planes()

        assert reason_of([replace(first, spacing_mm=spacing), *others]) == (
            "mixed_spacing"
        )

    def test_mixed_orientation(self) -> None:
        """A localiser of three planes is no volume."""
        first, *others = build_planes()
        sagittal = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)

        assert reason_of([replace(first, orientation=sagittal), *others]) == (
            "mixed_orientation"
        )

    @pytest.mark.parametrize(
        "orientation", [(0.0,) * 6, (1.0, 0, 0, 1.0, 0, 0), (2.0, 0, 0, 0, 1.0, 0)]
    )
    def test_invalid_orientation(self, orientation: tuple[float, ...]) -> None:
        """Directions must be of unit length and at a right angle."""
        assert reason_of(build_planes(orientation=orientation)) == "invalid_orientation"

    def test_duplicate_position(self) -> None:
        """Two echoes of one place are two volumes, not one."""
        planes = build_planes()

        assert reason_of([*planes, planes[2]]) == "duplicate_position"

    @pytest.mark.parametrize("missing", range(1, 9))
    def test_slice_gap(self, missing: int) -> None:
        """Any slice missing between the first and the last is seen."""
        planes = build_planes(10)

        assert reason_of(planes[:missing] + planes[missing + 1 :]) == "slice_gap"

    def test_uneven_steps(self) -> None:
        """A growing step is as bad as a gap: no single number is the spacing."""
        planes = [
            replace(plane, position_mm=(0.0, 0.0, 2.0 * n + 0.1 * n * n))
            for n, plane in enumerate(build_planes(10))
        ]

        assert reason_of(planes) == "slice_gap"

    @pytest.mark.parametrize("degrees", [-30.0, 0.5, 15.0])
    def test_gantry_tilt(self, degrees: float) -> None:
        """Slices that drift within their plane lie on a sheared grid."""
        drift = 2.0 * np.tan(np.radians(degrees))

        assert reason_of(build_planes(10, step_mm=(0, drift, 2.0))) == "gantry_tilt"

    def test_one_slice_shifted_within_its_plane(self) -> None:
        """A slice of another position in the plane does not belong to the stack."""
        *others, last = build_planes(10)

        assert reason_of([*others, replace(last, position_mm=(-9.0, -20.0, 48.0))]) == (
            "gantry_tilt"
        )


class TestOrientation:
    """Axes are exchanged and turned, exactly."""

    @pytest.mark.parametrize("oblique", [False, True])
    @pytest.mark.parametrize("codes", ALL_CODES)
    def test_codes_name_the_axes(self, codes: str, oblique: bool) -> None:
        """All 48 orientations are named, and a small turn does not rename them."""
        assert axis_codes(affine_of(codes, oblique=oblique)) == codes

    @pytest.mark.parametrize("source", ALL_CODES)
    @pytest.mark.parametrize("target", ["RAS", "SPL", "LIP"])
    def test_every_voxel_keeps_its_place_and_returns(
        self, source: str, target: str
    ) -> None:
        """Each value stays at its millimetres, and a mask comes back to its grid."""
        array = np.arange(2 * 3 * 4).reshape(2, 3, 4)
        affine = affine_of(source, oblique=True)
        change = reorientation(affine, target)

        moved, moved_affine = (
            change.apply(array),
            change.apply_affine(affine, (2, 3, 4)),
        )

        assert axis_codes(moved_affine) == target
        for index in np.ndindex(moved.shape):
            place = np.linalg.solve(affine, moved_affine @ (*index, 1))[:3]
            old = tuple(np.rint(place).astype(int))
            assert place == pytest.approx(old, abs=1e-9)
            assert moved[index] == array[old]
        assert np.array_equal(change.undo(moved), array)

    @pytest.mark.parametrize("target", ["RAL", "RA", "XYZ", ""])
    def test_codes_that_name_no_orientation_are_refused(self, target: str) -> None:
        """Each of the three lines must be named once."""
        with pytest.raises(ValueError, match="once each"):
            reorientation(np.eye(4), target)

    def test_lps_and_ras_differ_in_two_signs(self) -> None:
        """The head stays up; left and right, front and back change their sign."""
        affine = affine_of("SPL")

        assert (swap_lps_ras(affine) @ (1, 2, 3, 1)) == pytest.approx(
            np.array([-1, -1, 1, 1]) * (affine @ (1, 2, 3, 1))
        )
        assert np.array_equal(swap_lps_ras(swap_lps_ras(affine)), affine)


class TestNominal:
    """Invented positions are told from measured ones."""

    def test_unit_steps_from_the_origin_are_nominal(self) -> None:
        """As software writes that cut a piece out and dropped its place."""
        planes = build_planes(32, (1.0, 1.0, 1.0), origin_mm=(0.0, 0.0, 1.0))

        assert is_nominal(arrange(planes).affine)

    @pytest.mark.parametrize(
        ("spacing_mm", "origin_mm"),
        [
            ((1.0, 1.0, 1.0), (0.0, -5.0, 0.0)),
            ((1.0, 1.0, 1.0), (0.0, 0.0, 0.5)),
            ((1.0, 0.9, 1.0), (0.0, 0.0, 0.0)),
        ],
    )
    def test_any_measured_value_makes_it_real(
        self,
        spacing_mm: tuple[float, float, float],
        origin_mm: tuple[float, float, float],
    ) -> None:
        """An isotropic, straight scan has at least a place of its own."""
        assert not is_nominal(
            arrange(build_planes(9, spacing_mm, origin_mm=origin_mm)).affine
        )
