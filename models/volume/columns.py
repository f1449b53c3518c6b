"""Columns of the tables of results: what a bundle says stands in each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

_NAME = re.compile(r"[a-z][a-z0-9_]*")


class Shows(StrEnum):
    """What stands in a column.

    ``PROBABILITY`` to ``DECIDED_BY`` are of the first classification of a result,
    ``TYPE`` to ``IMAGES`` of its first location.
    """

    MEASUREMENT = "measurement"
    """A number of a structure, as printed in the report."""
    PROBABILITY = "probability"
    """0 to 1."""
    THRESHOLD = "threshold"
    """What the probability is compared with."""
    DECISION = "decision"
    """1 where the probability reaches the threshold, else 0."""
    ANSWER = "answer"
    """The decision in words."""
    DECIDED_BY = "decided_by"
    """Which evidence decided."""
    TYPE = "type"
    """What the most dangerous finding is; ``N/A`` where nothing is suspected."""
    BOX = "box"
    """Where it is: ``x_min,x_max,y_min,y_max,z_min,z_max`` in voxels of the series."""
    BOX_MM = "box_mm"
    """The same in patient LPS millimetres."""
    IMAGES = "images"
    """Which images those are, by the numbers that a viewer shows."""
    COMMON = "common"
    """A column of every table, which stands here in this one."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of tables of results: what of a result stands in it.

    Attributes
    ----------
    structure
        Of a measurement: name of the structure, as in the report.
    unit
        Its UCUM unit: a structure may be measured in several.
    measurement
        Its name, where a structure has several numbers of one unit; "" for the first.
    shows
        What else a column may show has none of the three.
    """

    structure: str = ""
    unit: str = ""
    measurement: str = ""
    shows: Shows = Shows.MEASUREMENT

    def __post_init__(self) -> None:
        places = (self.structure, self.unit, self.measurement)
        if not all(isinstance(place, str) for place in places):
            raise ValueError("structure, unit and measurement must be text")
        object.__setattr__(self, "shows", Shows(self.shows))
        if self.shows is not Shows.MEASUREMENT and any(places):
            raise ValueError(f"a column that shows {self.shows} is of no structure")
        if self.shows is Shows.MEASUREMENT and not (self.structure and self.unit):
            raise ValueError("a measurement needs a structure and a unit")


def columns_of(content: Any) -> Mapping[str, Column]:
    """Return the columns that ``bundle.json`` declares, in their order.

    Parameters
    ----------
    content
        Name of a column → the fields of a ``Column``.

    Raises
    ------
    ValueError
        One of them says nothing that a table could show.
    """
    if not isinstance(content, dict):
        raise ValueError("they must be an object")
    if bad := [name for name in content if not _NAME.fullmatch(name)]:
        raise ValueError(f"{bad[0]!r} must be small letters, digits and _")
    try:
        return MappingProxyType(
            {name: Column(**place) for name, place in content.items()}
        )
    except TypeError as error:
        raise ValueError(str(error)) from None


def is_classified(columns: Mapping[str, Column]) -> bool:
    """Tell whether a table shows what a model decided."""
    return any(column.shows is Shows.DECISION for column in columns.values())
