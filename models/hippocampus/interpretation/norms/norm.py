"""A published norm: a data file with its source and the limits of its validity."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from models.hippocampus.interpretation.norms.distribution import BOUNDS, Distribution

FOLDER = Path(__file__).parent
MEDIAN = 50.0

AGE_UNKNOWN = "age_unknown"
AGE_OUTSIDE = "age_outside_norm"
SEX_UNKNOWN = "sex_unknown"
SIDE_UNKNOWN = "side_unknown"
NO_NORM = "no_norm_for_side_and_sex"
HEAD_SIZE_UNKNOWN = "head_size_unknown"
HEAD_SIZE_OUTSIDE = "head_size_outside_norm"
"""Reasons why a norm says nothing of a person."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a volume is of, as far as a norm asks; None is what nobody proves.

    Attributes
    ----------
    sex
        ``"F"`` or ``"M"``.
    side
        ``"left"`` or ``"right"``.
    head_size_mm3
        Intracranial volume.
    """

    age_years: float | None = None
    sex: str | None = None
    side: str | None = None
    head_size_mm3: float | None = None


@dataclass(frozen=True, slots=True)
class Norm:
    """One norm of the volume of a whole hippocampus, in mm³.

    Attributes
    ----------
    age_years
        Youngest and oldest for whom it holds, inclusive.
    groups
        Sex and side, each pair for which it holds.
    head_size_mm3
        Smallest and largest for which it holds, where head size is a predictor: no
        volume is adjusted for it as well. None where volumes are as measured.
    segmenter
        What the volumes were measured with; others draw the hippocampus otherwise.
    digest
        SHA-256 of the data file.
    """

    name: str
    title: str
    source: str
    doi: str
    licence: str
    segmenter: str
    age_years: tuple[float, float]
    groups: frozenset[tuple[str, str]]
    head_size_mm3: tuple[float, float] | None
    curve: Mapping[str, Any]
    digest: str

    @property
    def reference(self) -> str:
        """What a number relative to this norm quotes: title and DOI."""
        return f"{self.title}, doi {self.doi}"

    def refusals(self, subject: Subject) -> Iterator[str]:
        """Yield a reason code for each thing that keeps the norm from a person."""
        yield from self._refused_group(subject)
        if subject.age_years is None:
            yield AGE_UNKNOWN
        elif not _within(subject.age_years, self.age_years):
            yield AGE_OUTSIDE
        if self.head_size_mm3 is None:
            return
        if subject.head_size_mm3 is None:
            yield HEAD_SIZE_UNKNOWN
        elif not _within(subject.head_size_mm3, self.head_size_mm3):
            yield HEAD_SIZE_OUTSIDE

    def _refused_group(self, subject: Subject) -> Iterator[str]:
        possible = [
            (sex, side)
            for sex, side in self.groups
            if subject.sex in {sex, None} and subject.side in {side, None}
        ]
        if not possible:
            yield NO_NORM
            return
        if subject.sex is None:
            yield SEX_UNKNOWN
        if subject.side is None:
            yield SIDE_UNKNOWN

    def distribution(self, subject: Subject) -> Distribution:
        """Return how volumes are spread among people like this one.

        Raises
        ------
        ValueError
            The norm does not hold for them: see `refusals`.
        """
        if refused := list(self.refusals(subject)):
            raise ValueError(f"{self.title} does not hold: {', '.join(refused)}")
        if "terms" in self.curve.get(str(subject.side), ()):
            return _polynomial(self.curve, subject)
        return _table(self.curve, subject)


@lru_cache(maxsize=1)
def load_norms() -> tuple[Norm, ...]:
    """Return every norm that there is a data file of, by name."""
    return tuple(_load(path) for path in sorted(FOLDER.glob("*.json")))


def norms_digest() -> str:
    """Return a SHA-256 over the data files: positions may change when it does."""
    digests = "".join(norm.digest for norm in load_norms())
    return hashlib.sha256(digests.encode()).hexdigest()


def _load(path: Path) -> Norm:
    raw = path.read_bytes()
    content = json.loads(raw)
    if content["units"] != "mm3" or content["name"] != path.stem:
        raise ValueError(f"{path.name} is no norm in mm3 of this name")
    validity = content["validity"]
    head_size = validity["head_size_mm3"]
    if (content["head_size"] == "predictor") != (head_size is not None):
        raise ValueError(f"{path.name}: head size is a predictor or it is not")
    return Norm(
        **{
            key: content[key]
            for key in ("name", "title", "source", "doi", "licence", "segmenter")
        },
        age_years=_pair(validity["age_years"]),
        groups=frozenset((sex, side) for sex, side in validity["groups"]),
        head_size_mm3=_pair(head_size) if head_size else None,
        curve=content.get("polynomial") or content["table"],
        digest=hashlib.sha256(raw).hexdigest(),
    )


def _pair(bounds: list[float]) -> tuple[float, float]:
    low, high = bounds
    return float(low), float(high)


def _within(value: float, bounds: tuple[float, float]) -> bool:
    return bounds[0] <= value <= bounds[1]  # False for a value that is no number


def _polynomial(curve: Mapping[str, Any], subject: Subject) -> Distribution:
    """Return mean and SD: terms are powers of the centred variables, then a factor."""
    values = (subject.age_years, subject.head_size_mm3, subject.sex == "M")
    centred = np.asarray(values, float) - np.asarray(curve["centre"], float)
    side = curve[str(subject.side)]
    terms = np.asarray(side["terms"], float)  # (terms, variables + 1)
    mean = (np.prod(centred ** terms[:, :-1], axis=1) * terms[:, -1]).sum()
    return Distribution.normal(float(mean), float(side["sd_mm3"]))


def _table(curve: Mapping[str, Any], subject: Subject) -> Distribution:
    """Return the percentiles at an age, linear between whole years."""
    columns = np.asarray(curve["mm3"], float).T  # (percentiles, ages)
    at_age = {
        percentile: float(np.interp(float(subject.age_years or 0), curve["ages"], mm3))
        for percentile, mm3 in zip(curve["percentiles"], columns, strict=True)
    }
    return Distribution.tabulated(at_age[MEDIAN], tuple(at_age[b] for b in BOUNDS))
