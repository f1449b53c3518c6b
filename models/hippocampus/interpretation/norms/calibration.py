"""How this model measures healthy people of one site, against a norm of another tool.

Two segmenters draw one hippocampus differently. With enough healthy controls of the
site the difference is known: a shift of the centre (bias) and a ratio of the spreads.
Each is kept with its 95 % interval, under the weights that measured the controls.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np
from scipy import special

from models.hippocampus.interpretation.norms.norm import Norm, Subject

FORMAT = 2
"""1 had right hippocampi that were read without being mirrored."""

FEWEST = 30
"""Controls of one side below which nothing is calibrated."""

FEWEST_OF_SEX = 10
"""Controls of one sex below which they do not count: ten tell their mean to a third of
a standard deviation, about a step of the position; one tells nothing of his sex."""

AGES_PERCENT = (5.0, 95.0)
"""Percentiles of the controls' ages between which a calibration is used. Beyond them
the bias rests on one or two people, who would carry it as far as they are apart."""

UNREADABLE = "calibration_unreadable"
OTHER_WEIGHTS = "calibration_other_weights"
OTHER_NORM = "calibration_other_norm"
OUTSIDE_CONTROLS = "outside_calibration"
MISMATCH = "segmenter_mismatch"
"""Reasons why a norm of another segmenter is not calibrated for a person."""

TAIL = 0.025
Z95 = 1.959964


@dataclass(frozen=True, slots=True)
class Control:
    """A healthy person of the site, one side: what the model measured, in mm³."""

    subject: Subject
    total_mm3: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Entry:
    """How this model differs from one norm on one side.

    Attributes
    ----------
    n
        Controls, each of another person.
    age_years, sexes
        For whom it is used: whole years about `AGES_PERCENT` of the controls, and each
        sex of `FEWEST_OF_SEX` or more.
    bias_mm3
        Mean of measured minus centre of the norm.
    sd_ratio
        Spread of the controls about the norm, over that of the norm.
    """

    norm: str
    norm_sha256: str
    side: str
    n: int
    age_years: tuple[float, float]
    sexes: tuple[str, ...]
    bias_mm3: Estimate
    sd_ratio: Estimate

    def covers(self, subject: Subject) -> bool:
        """Tell whether the controls were people like this one."""
        age = subject.age_years
        low, high = self.age_years
        return age is not None and low <= age <= high and subject.sex in self.sexes

    def score_margin(self, score: float) -> float:
        """Return half the 95 % interval that few controls leave about a z-score."""
        return Z95 * float(np.sqrt(1 / self.n + score**2 / (2 * (self.n - 1))))


@dataclass(frozen=True, slots=True)
class Calibration:
    """What ``pacs-node calibrate`` writes.

    Attributes
    ----------
    weights_sha256
        Of the weights that measured the controls.
    controls_sha256
        Of the file of the controls, of which nothing else is kept.
    """

    model: str
    model_version: str
    weights_sha256: str
    made: date
    controls_sha256: str
    entries: tuple[Entry, ...]

    @property
    def sha256(self) -> str:
        """SHA-256 over everything else."""
        plain = json.dumps(self._plain(), sort_keys=True)
        return hashlib.sha256(plain.encode()).hexdigest()

    def as_json(self) -> dict[str, Any]:
        """Return what `of` reads."""
        return self._plain() | {"sha256": self.sha256}

    def _plain(self) -> dict[str, Any]:
        plain = asdict(self) | {"format": FORMAT, "made": self.made.isoformat()}
        loaded: dict[str, Any] = json.loads(json.dumps(plain))
        return loaded

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Calibration:
        """Read what `as_json` returned.

        Raises
        ------
        ValueError
            It is no calibration, or was changed since it was made.
        """
        try:
            made = _calibration(cls, content)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"it is no calibration: {error}") from None
        if content.get("format") != FORMAT:
            raise ValueError("it is of another version of this program")
        if content.get("sha256") != made.sha256:
            raise ValueError("its content is not what its own SHA-256 says")
        return made

    def entry(self, norm: Norm, side: str | None) -> Entry | None:
        """Return what was found against a norm on a side; None without."""
        found = (e for e in self.entries if (e.norm, e.side) == (norm.name, side))
        return next(found, None)


def fit(controls: Sequence[Control], norms: Iterable[Norm]) -> tuple[Entry, ...]:
    """Return an entry for each norm and side with `FEWEST` controls or more.

    Controls outside the validity of a norm do not count for it, nor do those of a sex
    with fewer than `FEWEST_OF_SEX`. One bias is fitted for all ages and sexes: the norm
    has both, and how far the bias itself depends on them is not tested.
    """
    entries = []
    for norm in norms:
        by_side = usable(controls, norm)
        entries += [
            _entry(norm, side, found)
            for side, found in sorted(by_side.items())
            if len(found) >= FEWEST
        ]
    return tuple(entries)


def usable(controls: Sequence[Control], norm: Norm) -> Mapping[str, list[Control]]:
    """Return the controls for whom a norm holds, by side: of no sex with too few."""
    groups: dict[tuple[str, str | None], list[Control]] = defaultdict(list)
    for control in controls:
        if control.subject.side and not any(norm.refusals(control.subject)):
            groups[control.subject.side, control.subject.sex].append(control)
    by_side: dict[str, list[Control]] = defaultdict(list)
    for (side, _), found in groups.items():
        if len(found) >= FEWEST_OF_SEX:
            by_side[side] += found
    return by_side


def _entry(norm: Norm, side: str, controls: Sequence[Control]) -> Entry:
    spread = [norm.distribution(control.subject) for control in controls]
    measured = np.array([control.total_mm3 for control in controls])
    shift = measured - [each.centre_mm3 for each in spread]  # mm³
    scores = shift / [each.sd_mm3 for each in spread]
    ages = [float(control.subject.age_years or 0) for control in controls]
    youngest, oldest = np.percentile(ages, AGES_PERCENT)
    return Entry(
        norm=norm.name,
        norm_sha256=norm.digest,
        side=side,
        n=len(controls),
        age_years=(float(np.floor(youngest)), float(np.ceil(oldest))),
        sexes=tuple(sorted({str(control.subject.sex) for control in controls})),
        bias_mm3=_mean(shift),
        sd_ratio=_deviation(scores),
    )


def _mean(values: np.ndarray[Any, Any]) -> Estimate:
    """Return the mean with Student's interval."""
    n, mean = len(values), float(values.mean())
    t = float(special.stdtrit(n - 1, 1 - TAIL))
    margin = t * float(values.std(ddof=1)) / n**0.5
    return _rounded(mean, mean - margin, mean + margin, 1)


def _deviation(values: np.ndarray[Any, Any]) -> Estimate:
    """Return the standard deviation with the interval of normal values."""
    freedom = len(values) - 1
    deviation = float(values.std(ddof=1))
    if deviation <= 0:
        raise ValueError("all controls lie equally far from the norm")
    wide, narrow = (  # quantiles of chi square, from its upper tail
        float(special.chdtri(freedom, tail)) for tail in (1 - TAIL, TAIL)
    )
    low, high = ((freedom / chi) ** 0.5 * deviation for chi in (narrow, wide))
    return _rounded(deviation, low, high, 3)


def _rounded(value: float, low: float, high: float, decimals: int) -> Estimate:
    return Estimate(*(round(each, decimals) for each in (value, low, high)))


def _calibration(kind: type[Calibration], content: Mapping[str, Any]) -> Calibration:
    return kind(
        model=content["model"],
        model_version=content["model_version"],
        weights_sha256=content["weights_sha256"],
        made=date.fromisoformat(content["made"]),
        controls_sha256=content["controls_sha256"],
        entries=tuple(_read_entry(each) for each in content["entries"]),
    )


def _read_entry(content: Mapping[str, Any]) -> Entry:
    low, high = content["age_years"]
    return Entry(
        **{
            **content,
            "age_years": (low, high),
            "sexes": tuple(content["sexes"]),
            "bias_mm3": Estimate(**content["bias_mm3"]),
            "sd_ratio": Estimate(**content["sd_ratio"]),
        }
    )
