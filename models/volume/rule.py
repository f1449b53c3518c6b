"""A rule: which series a model reads, and which of several it reads first.

A rule is data. It stands in the bundle of a model, and a site may write its own
values in their place (``docs/decisions/0001-rules-are-data.md``).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

PLANES = ("axial", "coronal", "sagittal")

PREFERENCES = ("slices", "original", "coverage", "thin", "kernel")
"""What one series can have before another (``preference.py``)."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Which series a model reads, declared by header values alone.

    One that exists can be met: it compiles, and no bound is above its partner. A
    ``ValueError`` names the field that stands against it. What a series does not say
    is no reason to refuse it, except its modality and where its slices lie.

    Attributes
    ----------
    modality
        Modality (0008,0060), equal.
    description
        Regular expression searched in Series Description, case ignored.
    min_slices, max_slices
        Number of slices, both inclusive.
    min_matrix, max_matrix
        Smallest and largest allowed number of rows and of columns, inclusive.
    min_spacing_mm, max_spacing_mm
        Bounds of the spacing along every axis, inclusive.
    planes
        Planes in which the slices may lie, of ``PLANES``; oblique ones count as the
        nearest. None: any.
    image_types_refused
        Values of Image Type (0008,0008) of which a series may carry none, each equal,
        case ignored.
    prefer
        What decides between several series that fit, of ``PREFERENCES``, the
        weightiest first.
    thin_enough_mm
        Slice spacing in mm below which thinner is no better, for ``thin``.
    kernels
        Regular expressions searched in Convolution Kernel (0018,1210), case ignored,
        the best first, for ``kernel``. One that none of them knows, or none at
        all, comes last.
    """

    modality: str
    description: str = ""
    min_slices: int = 1
    max_slices: int = 10_000
    min_matrix: int = 1
    max_matrix: int = 65_535
    min_spacing_mm: float = 0.0
    max_spacing_mm: float = 1_000.0
    planes: tuple[str, ...] = ()
    image_types_refused: tuple[str, ...] = ()
    prefer: tuple[str, ...] = ("slices",)
    thin_enough_mm: float = 0.0
    kernels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._require_text("modality", "description")
        if not self.modality:
            raise ValueError("modality must not be empty")
        _require_pattern("description", self.description)
        self._require_order("slices", at_least=1)
        self._require_order("matrix", at_least=1)
        self._require_order("spacing_mm", at_least=0, whole=False)
        self._require_lists("planes", "image_types_refused", "prefer", "kernels")
        _require_known("planes", self.planes, PLANES)
        _require_known("prefer", self.prefer, PREFERENCES)
        for pattern in self.kernels:
            _require_pattern("kernels", pattern)
        if not _is_number(self.thin_enough_mm, whole=False) or self.thin_enough_mm < 0:
            raise ValueError("thin_enough_mm must be a number of at least 0")

    def _require_text(self, *names: str) -> None:
        for name in names:
            if not isinstance(getattr(self, name), str):
                raise ValueError(f"{name} must be text")

    def _require_lists(self, *names: str) -> None:
        """Refuse what is no list of texts; JSON knows lists, a rule cannot change."""
        for name in names:
            value = getattr(self, name)
            is_list = isinstance(value, list | tuple)
            if not is_list or not all(isinstance(each, str) for each in value):
                raise ValueError(f"{name} must be a list of texts")
            object.__setattr__(self, name, tuple(value))

    def _require_order(self, what: str, *, at_least: int, whole: bool = True) -> None:
        """Refuse bounds that are no numbers, too small, or the wrong way round."""
        for name in (f"min_{what}", f"max_{what}"):
            bound = getattr(self, name)
            if not _is_number(bound, whole=whole) or bound < at_least:
                kind = "whole number" if whole else "number"
                raise ValueError(f"{name} must be a {kind} of at least {at_least}")
        smallest, largest = getattr(self, f"min_{what}"), getattr(self, f"max_{what}")
        if smallest > largest:
            raise ValueError(f"min_{what} {smallest:g} is above max_{what} {largest:g}")


def _is_number(value: object, *, whole: bool) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isinstance(value, int) or (not whole and math.isfinite(value))


def _require_pattern(name: str, pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(
            f"{name} {pattern!r} is no regular expression: {error}"
        ) from None


def _require_known(name: str, values: Iterable[str], known: tuple[str, ...]) -> None:
    for value in values:
        if value not in known:
            raise ValueError(f"{name}: {value!r} is none of {', '.join(known)}")
