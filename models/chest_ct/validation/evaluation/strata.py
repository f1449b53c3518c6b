"""Which held-out studies belong together: by disease, by its size, by the scanner."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from models.chest_ct.kinds import Kind
from models.chest_ct.validation.evaluation.judged import Judged

SHARP_FROM = 0.5
"""Sharpness of a kernel that is called sharp; about that of B50f."""

THICKNESSES_MM = ((0.0, 1.5), (1.5, 3.0), (3.0, 5.0), (5.0, 10.0))
"""Each above its first figure and up to its second; thicker slices are not read."""

SIZES: Mapping[str, Callable[[Judged], bool]] = {
    "nodules up to 10 mm": lambda case: case.small and case.kinds == {Kind.NODULE.name},
    "ground-glass under 5 %": lambda case: (
        case.small and case.kinds == {Kind.GROUND_GLASS.name}
    ),
    "both of these": lambda case: case.small,
    "diffuse, 20 % and more": lambda case: case.diffuse,
    "all others": lambda case: case.is_positive and not case.small and not case.diffuse,
}

Strata = Iterator[tuple[str, list[Judged]]]


def by_kind(cases: Sequence[Judged]) -> Strata:
    """Yield the studies with each kind of disease, and all without any."""
    for kind in Kind:
        words = kind.name.lower().replace("_", "-")
        yield words, _beside_negatives(cases, partial(_holds, kind.name))


def by_size(cases: Sequence[Judged]) -> Strata:
    """Yield the studies with disease of each size, and all without any."""
    for words, holds in SIZES.items():
        yield words, _beside_negatives(cases, holds)


def by_kernel(cases: Sequence[Judged]) -> Strata:
    """Yield the studies of either label in soft kernels and in sharp ones."""
    for words, is_sharp in (("soft kernels", False), ("sharp kernels", True)):
        yield (
            words,
            [
                case
                for case in cases
                if case.reading.sharpness is not None
                and (case.reading.sharpness >= SHARP_FROM) == is_sharp
            ],
        )


def by_thickness(cases: Sequence[Judged]) -> Strata:
    """Yield the studies of either label by the thickness of their slices."""
    for low, high in THICKNESSES_MM:
        words = f"{low:g} to {high:g} mm"
        yield (
            words,
            [
                case
                for case in cases
                if case.reading.thickness_mm is not None
                and low < case.reading.thickness_mm <= high
            ],
        )


GROUPS: Mapping[str, Callable[[Sequence[Judged]], Strata]] = {
    "kind": by_kind,
    "size": by_size,
    "kernel": by_kernel,
    "thickness": by_thickness,
}


def _holds(kind: str, case: Judged) -> bool:
    return kind in case.kinds


def _beside_negatives(
    cases: Sequence[Judged], holds: Callable[[Judged], bool]
) -> list[Judged]:
    return [case for case in cases if not case.is_positive or holds(case)]
