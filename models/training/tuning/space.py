"""What a search tries: keys of the settings, and the values each may have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, TypeVar

import numpy as np

from models.training.settings import TrainingSection

Value = int | float | str | bool
Point = Mapping[str, Value]
"""A value for every key of a space."""

Settings = TypeVar("Settings", bound=TrainingSection)


@dataclass(frozen=True, slots=True)
class Span:
    """Any number from ``low`` to ``high``.

    Attributes
    ----------
    log
        Whether ratios count and not differences, as for a learning rate.
    points
        How many a grid has of it, both ends among them.
    """

    low: float
    high: float
    log: bool = False
    points: int = 3

    def __post_init__(self) -> None:
        if not self.low < self.high or (self.log and self.low <= 0):
            raise ValueError(f"no span from {self.low} to {self.high}")

    def grid(self) -> tuple[float, ...]:
        """Return the points of a grid."""
        spaced = np.geomspace if self.log else np.linspace
        return tuple(
            float(f"{x:.6g}") for x in spaced(self.low, self.high, self.points)
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few values."""

    values: tuple[Value, ...]

    def grid(self) -> tuple[Value, ...]:
        """Return the points of a grid: all of them."""
        return self.values


Space = Mapping[str, Span | Choice]
"""Key with its sections, such as ``loop.learning_rate`` → what it may be."""


def grid(space: Space) -> list[Point]:
    """Return every combination of the points of a grid; the last key changes fastest.

    >>> grid({"loop.batch": Choice((2, 4)), "dropout": Span(0.0, 0.4, points=2)})[1:3]
    [{'loop.batch': 2, 'dropout': 0.4}, {'loop.batch': 4, 'dropout': 0.0}]
    """
    values = [each.grid() for each in space.values()]
    return [dict(zip(space, chosen, strict=True)) for chosen in product(*values)]


def changed(settings: Settings, point: Point) -> Settings:
    """Return the settings with the values of a point, checked as if read from a file.

    Raises
    ------
    pydantic.ValidationError
        A key is none of the settings, or a value is out of range.
    """
    plain = settings.model_dump(mode="json")
    for key, value in point.items():
        *sections, last = key.split(".")
        place: dict[str, Any] = plain
        for section in sections:
            place = place.setdefault(section, {})
        place[last] = value
    return type(settings).model_validate(plain)
