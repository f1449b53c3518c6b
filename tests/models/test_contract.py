"""What the contract lets through is valid; what is not valid does not exist."""

from __future__ import annotations

import dataclasses
import math
import pickle
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from models.contract import Findings, SeriesInfo, UnfitInput, Volume, labels_in
from models.terms import Code, Flag, Grade, Measurement, Structure, grade

ANY = Code("1", "99TEST", "anything")
SERIES = SeriesInfo("1.2", "1.2.3", "MR", ())


def build_volume(shape: tuple[int, ...] = (2, 3, 4), **changes: Any) -> Volume:
    """Return a volume of zeros, with changes."""
    values: dict[str, Any] = {
        "array": np.zeros(shape, dtype=np.int16),
        "affine": np.eye(4),
        "units": "arbitrary",
        "series": SERIES,
    }
    return Volume(**values | changes)


def structure_of(name: str, *labels: int) -> Structure:
    """Return a structure with these labels."""
    return Structure(name, labels, ANY, ANY, ANY)


def measured(structure: str, value: float = 1.0, decimals: int = 0) -> Measurement:
    """Return a measurement of a structure."""
    return Measurement(structure, ANY, value, ANY, decimals)


LENGTHS = st.floats(-5, 5, allow_subnormal=False)
"""Parts of a voxel's edges, millimetres; numpy warns of a determinant of less."""


class TestVolume:
    """Three axes, a finite and invertible affine, known units, nothing writable."""

    @given(shape=st.lists(st.integers(0, 3), max_size=5).map(tuple))
    def test_it_has_three_axes_with_something_in_them(
        self, shape: tuple[int, ...]
    ) -> None:
        """Every other shape is refused."""
        if len(shape) == 3 and all(shape):
            assert build_volume(shape).shape == shape
        else:
            with pytest.raises(ValueError, match=r"\(D, H, W\)"):
                build_volume(shape)

    @given(
        axes=arrays.arrays(np.float64, (3, 3), elements=LENGTHS),
        origin=arrays.arrays(np.float64, 3, elements=st.floats(-500, 500)),
    )
    def test_spacing_and_volume_come_from_the_affine(
        self, axes: npt.NDArray[np.float64], origin: npt.NDArray[np.float64]
    ) -> None:
        """Column lengths and determinant, whatever the orientation."""
        affine = np.eye(4)
        affine[:3, :3], affine[:3, 3] = axes, origin
        assume(abs(np.linalg.det(axes)) > 1e-6)

        volume = build_volume(affine=affine)

        lengths = np.sqrt((axes**2).sum(axis=0))
        assert volume.spacing_mm == pytest.approx(tuple(lengths))
        triple = float(np.dot(axes[:, 0], np.cross(axes[:, 1], axes[:, 2])))
        assert volume.voxel_mm3 == pytest.approx(abs(triple))

    @pytest.mark.parametrize(
        ("affine", "complaint"),
        [
            (np.eye(3), "4 x 4"),
            (np.diag([1.0, math.nan, 1.0, 1.0]), "finite"),
            (np.diag([1.0, math.inf, 1.0, 1.0]), "finite"),
            (np.diag([1.0, 0.0, 1.0, 1.0]), "singular"),
        ],
    )
    def test_an_affine_that_leads_nowhere_is_refused(
        self, affine: npt.NDArray[np.float64], complaint: str
    ) -> None:
        """Each voxel has one place."""
        with pytest.raises(ValueError, match=complaint):
            build_volume(affine=affine)

    @pytest.mark.parametrize("units", ["", "hu", "Hounsfield"])
    def test_units_are_two_words(self, units: str) -> None:
        """A model may compare them literally."""
        with pytest.raises(ValueError, match="units"):
            build_volume(units=units)

    def test_nothing_of_it_can_be_written(self) -> None:
        """Several models read the same volume."""
        volume = build_volume()

        with pytest.raises(ValueError, match="read-only"):
            volume.array[0, 0, 0] = 1
        with pytest.raises(ValueError, match="read-only"):
            volume.affine[0, 0] = 2
        with pytest.raises(dataclasses.FrozenInstanceError):
            volume.units = "HU"  # type: ignore[misc]  # frozen, as the test shows


def test_a_code_is_the_same_in_any_wording() -> None:
    """A report of another language names the same side."""
    assert Code("1", "99TEST", "quelque chose") == ANY
    assert Code("1", "99OTHER", "anything") != ANY


class TestStructure:
    """Labels fit a label map and are not background."""

    @given(labels=st.lists(st.integers(-2, 300), max_size=4))
    def test_labels_lie_from_1_to_255(self, labels: list[int]) -> None:
        """At least one, none 0, all within uint8."""
        if labels and min(labels) >= 1 and max(labels) <= 255:
            assert structure_of("a", *labels).labels == tuple(labels)
        else:
            with pytest.raises(ValueError, match="1 to 255"):
                structure_of("a", *labels)


class TestMeasurement:
    """A number that can be printed, and is rounded once."""

    @pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
    def test_it_is_finite(self, value: float) -> None:
        """A report has no place for nan."""
        with pytest.raises(ValueError, match="not finite"):
            measured("a", value)

    @given(value=st.floats(-1e6, 1e6), decimals=st.integers(0, 4))
    @example(value=-0.04, decimals=1)
    def test_what_is_printed_is_within_half_a_digit(
        self, value: float, decimals: int
    ) -> None:
        """And has exactly the digits that were asked for."""
        printed = measured("a", value, decimals).printed

        assert abs(float(printed) - value) <= 0.5 * 10**-decimals + 1e-9
        assert len(printed.partition(".")[2]) == decimals
        assert not (printed.startswith("-") and float(printed) == 0)


class TestFindings:
    """Label map, structures and measurements agree."""

    @given(
        present=st.sets(st.integers(0, 5)),
        described=st.lists(st.integers(1, 5), max_size=5),
    )
    def test_every_label_has_exactly_one_structure(
        self, present: set[int], described: list[int]
    ) -> None:
        """No voxel is unexplained, no label claimed twice."""
        label_map = np.zeros((1, 1, 6), dtype=np.uint8)
        label_map[0, 0, : len(present)] = sorted(present)
        structures = tuple(
            structure_of(f"s{n}", label) for n, label in enumerate(described)
        )
        valid = present - {0} <= set(described)
        valid = valid and len(set(described)) == len(described)

        if valid:
            assert not Findings(label_map, structures, ()).label_map.flags.writeable
        else:
            with pytest.raises(ValueError, match="label"):
                Findings(label_map, structures, ())

    def test_a_union_explains_no_voxel_by_itself(self) -> None:
        """The total of two parts is no segment of its own."""
        label_map = np.full((1, 1, 1), 2, dtype=np.uint8)

        with pytest.raises(ValueError, match="without a structure"):
            Findings(label_map, (structure_of("whole", 1, 2),), ())

    @pytest.mark.parametrize(
        "label_map", [np.zeros((1, 1, 1), np.int16), np.zeros((1, 1), np.uint8)]
    )
    def test_a_label_map_is_three_axes_of_bytes(
        self, label_map: npt.NDArray[Any]
    ) -> None:
        """As a Segmentation stores it."""
        with pytest.raises(ValueError, match="uint8"):
            Findings(label_map, (), ())

    def test_a_measurement_belongs_to_a_structure(self) -> None:
        """No number without what it was measured on."""
        empty = np.zeros((1, 1, 1), dtype=np.uint8)
        parts = (structure_of("a", 1),)

        assert Findings(empty, parts, (measured("a"),)).measurements
        with pytest.raises(ValueError, match="unknown structures"):
            Findings(empty, parts, (measured("b"),))


@given(caps=st.lists(st.sampled_from(Grade)))
def test_the_grade_is_the_worst_cap(caps: list[Grade]) -> None:
    """One reservation is enough; without any the grade is A."""
    flags = tuple(Flag("code", "text", cap) for cap in caps)

    assert grade(flags) == sorted([Grade.A, *caps])[-1]


def test_a_verdict_on_pixels_crosses_processes_with_all_that_it_says() -> None:
    """A worker of another process says it."""
    verdict = UnfitInput("not_a_chest", "no lungs", not_applicable=True)

    again = pickle.loads(pickle.dumps(verdict))  # noqa: S301 - our own bytes

    assert (again.reason, str(again), again.not_applicable) == (
        "not_a_chest",
        "no lungs",
        True,
    )


@given(arrays.arrays(np.uint8, arrays.array_shapes(min_dims=3, max_dims=3)))
def test_the_labels_of_a_map_are_those_that_occur(
    labels: npt.NDArray[np.uint8],
) -> None:
    """As sorting all voxels would find them."""
    assert labels_in(labels) == set(np.unique(labels).tolist())
