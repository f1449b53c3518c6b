"""What a classification rests on: probability, places, heat map, profile.

Numpy only. Voxels are ``(d, h, w)`` of the source volume: slice, row, column.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from models.terms import Code, Vector

DECIMALS, MOST_DECIMALS = 3, 9
"""Digits of a printed probability, and of one that lies a hair below its threshold."""


@dataclass(frozen=True, slots=True)
class Classification:
    """A question about a structure, answered by a probability against a threshold.

    Attributes
    ----------
    structure
        What it is about.
    name
        The question, coded.
    positive
        The class that ``probability`` and ``threshold`` are of, such as
        ``"pathology"``: both are of the same class, always.
    probability
        0 to 1.
    threshold
        From the bundle; a probability that reaches it is a positive answer.
    decided_by
        Which evidence decided, such as ``"z_profile"``.
    evidence
        Score of each piece of evidence, 0 to 1, by its name; what was not looked at
        is absent, and never 0.
    """

    structure: str
    name: Code
    positive: str
    probability: float
    threshold: float
    decided_by: str = ""
    evidence: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        for value in (self.probability, self.threshold, *self.evidence.values()):
            if not 0.0 <= value <= 1.0:
                raise ValueError(f"{value} of {self.name.meaning} is not in 0 to 1")

    @property
    def is_positive(self) -> bool:
        """Whether the probability reaches the threshold."""
        return self.probability >= self.threshold

    @property
    def printed(self) -> str:
        """The probability as every picture, report and table shows it."""
        return f"{self.probability:.{self.decimals}f}"

    @property
    def printed_threshold(self) -> str:
        """The threshold with the digits of the probability."""
        return f"{self.threshold:.{self.decimals}f}"

    @property
    def decimals(self) -> int:
        """Return the digits that show on which side of the threshold it lies."""
        for digits in range(DECIMALS, MOST_DECIMALS):
            reached = round(self.probability, digits) >= round(self.threshold, digits)
            if reached == self.is_positive:
                return digits
        return MOST_DECIMALS


@dataclass(frozen=True, slots=True)
class Location:
    """Where something was found: a box of whole voxels of the source volume.

    Attributes
    ----------
    structure
        What was found; a structure of the findings.
    first, last
        Voxel ``(d, h, w)`` of the two corners, both inside the box.
    score
        How sure the model is of it, 0 to 1.
    found_by
        Which evidence showed it.
    sides
        Coded, of the patient, all in which it lies; empty where that is not proven.
    outline
        ``(D, H, W)`` bool, the voxels from ``first`` to ``last`` that are this place
        and no other; None where only the box is known.
    """

    structure: str
    first: tuple[int, int, int]
    last: tuple[int, int, int]
    score: float
    found_by: str = ""
    sides: tuple[Code, ...] = ()
    outline: npt.NDArray[np.bool_] | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if any(a < 0 or b < a for a, b in zip(self.first, self.last, strict=True)):
            raise ValueError(f"{self.first} to {self.last} is no box of voxels")
        if not 0.0 <= self.score <= 1.0:
            raise ValueError(f"the score {self.score} is not in 0 to 1")
        if self.outline is not None:
            sides = tuple(b - a + 1 for a, b in zip(self.first, self.last, strict=True))
            if self.outline.shape != sides or not self.outline.any():
                raise ValueError(f"the outline in {self.first} to {self.last} is none")
            self.outline.flags.writeable = False

    @property
    def xyz(self) -> tuple[int, int, int, int, int, int]:
        """``x_min, x_max, y_min, y_max, z_min, z_max``, from 0.

        x counts columns, y rows, z slices in slice order.
        """
        (d, h, w), (d_last, h_last, w_last) = self.first, self.last
        return w, w_last, h, h_last, d, d_last

    def corners_mm(self, affine: npt.NDArray[np.float64]) -> tuple[Vector, Vector]:
        """Return the smallest and the largest LPS coordinate of the box, millimetres.

        The box reaches half a voxel beyond the centres of its outermost voxels.
        """
        return box_mm(self.first, self.last, affine)


def box_mm(
    first: tuple[int, int, int],
    last: tuple[int, int, int],
    affine: npt.NDArray[np.float64],
) -> tuple[Vector, Vector]:
    """Return the smallest and the largest LPS coordinate of a box, millimetres.

    Parameters
    ----------
    first, last
        Voxel ``(d, h, w)`` of two corners, both inside: the box reaches half a voxel
        beyond their centres.
    affine
        ``(4, 4)``, voxel ``(d, h, w)`` to LPS millimetres.
    """
    sides = [(a - 0.5, b + 0.5) for a, b in zip(first, last, strict=True)]
    corners = np.stack(np.meshgrid(*sides, indexing="ij"), -1).reshape(-1, 3)
    places = corners @ affine[:3, :3].T + affine[:3, 3]
    low, high = places.min(axis=0).tolist(), places.max(axis=0).tolist()
    return (low[0], low[1], low[2]), (high[0], high[1], high[2])


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Where a decision came from; a picture, and no measurement.

    Attributes
    ----------
    array
        ``(D, H, W)`` float32, 0 to 1, on a grid of its own, which may be coarse.
    affine
        ``(4, 4)`` float64, voxel ``(d, h, w)`` of that grid to LPS millimetres.
    method
        How it was made, for the person who reads it.
    """

    array: npt.NDArray[np.float32]
    affine: npt.NDArray[np.float64]
    method: str

    def __post_init__(self) -> None:
        if self.array.ndim != 3 or self.affine.shape != (4, 4):
            raise ValueError("a heat map is (D, H, W) with a 4 x 4 affine")
        self.array.flags.writeable = False
        self.affine.flags.writeable = False


@dataclass(frozen=True, slots=True)
class Profile:
    """A value along an axis of the body beside the band of a reference.

    Attributes
    ----------
    label, unit
        What the curve shows, and in which unit; ``""`` for a share.
    place
        What ``places`` are, such as ``"apex to base, % of the lung's height"``.
    places, values, low, high
        Equally long; the band of the reference lies between ``low`` and ``high``.
    conspicuous
        Indices of the places that the result rests on.
    """

    label: str
    unit: str
    place: str
    places: tuple[float, ...]
    values: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    conspicuous: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        lengths = {
            len(each) for each in (self.places, self.values, self.low, self.high)
        }
        if len(lengths) != 1:
            raise ValueError(f"{self.label}: places, values and band differ in length")
