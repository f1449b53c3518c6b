"""How much the reading of an unchanged hippocampus varies, as the bundle says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

KIND = "perturbation-derived, a lower bound, not scan\N{EN DASH}rescan"
"""What the number is; stands beside it wherever it is printed."""

KEY = "retest"
"""In the ``training`` object of ``bundle.json``."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A standard error of measurement with its 95 % interval, % of the volume."""

    sem: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Noise:
    """Standard error of measurement of one reading, by structure.

    Attributes
    ----------
    spreads
        Name of the structure → spread.
    cases, subjects
        On which it was measured, each by a network that never saw the subject.
    repeats
        Readings of each case.
    """

    spreads: Mapping[str, Spread]
    cases: int
    subjects: int
    repeats: int

    @classmethod
    def of(cls, training: Mapping[str, Any]) -> Noise | None:
        """Read ``training.retest`` of a bundle; None where nobody has measured it."""
        content = training.get(KEY)
        if not content:
            return None
        spreads = {
            name: Spread(float(value["sem"]), float(value["low"]), float(value["high"]))
            for name, value in content["sem_percent"].items()
        }
        return cls(spreads, content["cases"], content["subjects"], content["repeats"])

    def as_json(self) -> dict[str, Any]:
        """Return what `of` reads."""
        return {
            "kind": KIND,
            "cases": self.cases,
            "subjects": self.subjects,
            "repeats": self.repeats,
            "sem_percent": {
                name: {
                    "sem": round(spread.sem, 3),
                    "low": round(spread.low, 3),
                    "high": round(spread.high, 3),
                }
                for name, spread in self.spreads.items()
            },
        }
