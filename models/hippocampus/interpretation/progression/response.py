"""How much of a true change the network follows, as the bundle says."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

KEY = "change"
"""In the ``training`` object of ``bundle.json``."""


@dataclass(frozen=True, slots=True)
class Following:
    """What the network makes of a true change of one structure.

    Attributes
    ----------
    response
        Measured over true change of the logarithm of the volume: 1 is in full.
    response_sd
        Its standard deviation between persons.
    """

    response: float
    response_sd: float

    def __post_init__(self) -> None:
        if not (self.response > 0 and self.response_sd >= 0):
            raise ValueError("a response is above 0, its deviation not below")

    def unsure_percent(self, change_percent: float) -> float:
        """Return the standard error that a measured change owes to the network.

        What the network leaves out is not added to a rate, but counts as error beside
        what differs between persons: ``√((1 - response)² + sd²) / response`` of the
        change.

        Parameters
        ----------
        change_percent
            100 times the logarithm of the volumes' ratio, over the whole time.

        >>> round(Following(0.8, 0.06).unsure_percent(-10), 2)
        2.61
        """
        share = math.hypot(1 - self.response, self.response_sd) / self.response
        return share * abs(change_percent)


@dataclass(frozen=True, slots=True)
class Response:
    """`Following` by structure, measured on made pairs of visits.

    Attributes
    ----------
    structures
        Name of the structure → what the network follows.
    pairs, subjects
        On which it was measured, each by a network that never saw the subject.
    """

    structures: Mapping[str, Following]
    pairs: int
    subjects: int

    @classmethod
    def of(cls, training: Mapping[str, Any]) -> Response | None:
        """Read ``training.change`` of a bundle; None where nobody has measured it.

        Raises
        ------
        ValueError
            It is incomplete.
        """
        content = training.get(KEY)
        if not content:
            return None
        try:
            structures = {
                name: Following(float(one["response"]), float(one["response_sd"]))
                for name, one in content["structures"].items()
            }
            return cls(structures, content["pairs"], content["subjects"])
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"training.{KEY}: {error!r}") from None

    def as_json(self) -> dict[str, Any]:
        """Return what `of` reads."""
        return {
            "kind": "synthetic visits, not patients",
            "pairs": self.pairs,
            "subjects": self.subjects,
            "structures": {
                name: {key: round(value, 3) for key, value in asdict(one).items()}
                for name, one in self.structures.items()
            },
        }
