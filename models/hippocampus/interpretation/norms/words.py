"""What is said of a position in a norm, in exactly these words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from models.hippocampus.interpretation.norms.calibration import (
    FEWEST,
    MISMATCH,
    OTHER_NORM,
    OTHER_WEIGHTS,
    OUTSIDE_CONTROLS,
    UNREADABLE,
    Entry,
    Estimate,
)
from models.hippocampus.interpretation.norms.norm import (
    AGE_OUTSIDE,
    AGE_UNKNOWN,
    HEAD_SIZE_OUTSIDE,
    HEAD_SIZE_UNKNOWN,
    NO_NORM,
    SEX_UNKNOWN,
    SIDE_UNKNOWN,
    Norm,
    Subject,
)
from models.history import POSITION
from models.terms import Statement

MINUS = "\N{MINUS SIGN}"
SEXES = {"F": "women", "M": "men"}

HOLDS_FOR = "here it holds for {groups}, {youngest:g} to {oldest:g} years"
FINAL = frozenset({AGE_OUTSIDE, NO_NORM, HEAD_SIZE_OUTSIDE})
"""Beside these nothing else is worth saying: nobody can mend them."""

WITHHELD: Mapping[str, str] = MappingProxyType(
    {
        AGE_UNKNOWN: "age not known",
        AGE_OUTSIDE: HOLDS_FOR,
        SEX_UNKNOWN: "sex not known",
        SIDE_UNKNOWN: "side neither proven nor declared",
        NO_NORM: HOLDS_FOR,
        HEAD_SIZE_UNKNOWN: "head size not available (cropped input)",
        HEAD_SIZE_OUTSIDE: "head size outside what it was made for",
        MISMATCH: f"its volumes are of {{segmenter}}, and this site has no calibration "
        f"for it ({FEWEST} controls)",
        UNREADABLE: "the calibration of this site cannot be read",
        OTHER_WEIGHTS: "the calibration of this site was made with other weights",
        OTHER_NORM: "the calibration of this site was made with another edition of it",
        OUTSIDE_CONTROLS: "the controls of this site are {controls}",
    }
)
"""Reason code → why a norm is not applied."""

WHOLLY: Mapping[str, str] = MappingProxyType(
    {
        "grade_c": "Not given: the measurement is of grade C.",
        "volume_missing": "Not given: no hippocampus was measured.",
    }
)
"""Reason code → why no norm is asked at all."""


def withheld(structure: str, reason: str) -> Statement:
    """Return the sentence that no norm was asked, and why."""
    return Statement(POSITION, WHOLLY[reason], structure, reason)


def not_given(
    structure: str, norm: Norm, reasons: Sequence[str], entry: Entry | None = None
) -> Statement:
    """Return the sentence that a norm is not applied, and all that keeps it.

    Its code is that of the first reason that is told.
    """
    youngest, oldest = norm.age_years
    facts = {
        "youngest": youngest,
        "oldest": oldest,
        "groups": _groups(norm),
        "segmenter": norm.segmenter,
        "controls": controls_of(entry) if entry else "",
    }
    told = [reason for reason in reasons if reason in FINAL] or reasons
    whys = dict.fromkeys(WITHHELD[reason].format(**facts) for reason in told)
    why = "; ".join(whys)
    return Statement(POSITION, f"Not given by {norm.title}: {why}.", structure, told[0])


def position(
    structure: str, norm: Norm, subject: Subject, step: str, calibration: str = ""
) -> Statement:
    """Return the step between percentiles, for whom it holds, and its norm."""
    text = f"{step[0].upper()}{step[1:]} of {_whom(subject, norm)}; {norm.reference}."
    return Statement(POSITION, " ".join(filter(None, (text, calibration))), structure)


def calibrated(entry: Entry, ends: tuple[str, str]) -> str:
    """Return what the calibration is worth, and how far its error may reach."""
    low, high = ends
    reach = f"from {low} to {high}" if low != high else f"within {low}"
    return (
        f"Calibrated with {entry.n} controls of this site ({controls_of(entry)}): "
        f"bias {estimate(entry.bias_mm3, 0, ' mm³')}, "
        f"SD ratio {estimate(entry.sd_ratio, 2)}; "
        f"their number leaves the position {reach} (95 %)."
    )


def estimate(number: Estimate, decimals: int, unit: str = "") -> str:
    """Return a number with its unit and its 95 % interval."""
    value, low, high = (
        f"{each:.{decimals}f}".replace("-", MINUS)
        for each in (number.value, number.low, number.high)
    )
    return f"{value}{unit} (95 % interval {low} to {high})"


def _whom(subject: Subject, norm: Norm) -> str:
    """Return what the position is adjusted for, and what not."""
    sex = SEXES[str(subject.sex)]
    whom = f"healthy {sex} of {int(subject.age_years or 0)} years, {subject.side} side"
    if norm.head_size_mm3 is None:
        return f"{whom}, not adjusted for head size"
    return f"{whom}, head size {(subject.head_size_mm3 or 0) / 1e6:.2f} L"


def _groups(norm: Norm) -> str:
    """Return for whom a norm holds.

    >>> from models.hippocampus.interpretation.norms.norm import load_norms
    >>> [_groups(norm) for norm in load_norms()]
    ['women, right side', 'men and women, both sides']
    """
    sides = {
        sex: sorted(side for each, side in norm.groups if each == sex)
        for sex in sorted(dict(norm.groups), reverse=True)
    }
    if len(norm.groups) == len(SEXES) * 2:
        return "men and women, both sides"
    return ", ".join(
        f"{SEXES[sex]}, {' and '.join(found)} side" for sex, found in sides.items()
    )


def controls_of(entry: Entry) -> str:
    """Return who the controls were."""
    low, high = entry.age_years
    sexes = " and ".join(SEXES[sex] for sex in entry.sexes)
    return f"{sexes} of {low:.0f} to {high:.0f} years"
