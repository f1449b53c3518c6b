"""Of several series that fit, which is read: ranked by evidence, explained in words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from models.contract import SeriesInfo
from models.volume.rule import Acceptance

DERIVED = "DERIVED"
"""Value 1 of Image Type of an image made from others (DICOM PS3.3 C.7.6.1.1.2)."""

ALL_OF_IT = 0.9
"""Share of the longest extent from which a series covers as much as any: another
start or end of the scan, by a slice or two, does not outweigh thinner slices."""

STEP_MM = 0.01
"""Slice spacings closer than this are equal."""


@dataclass(frozen=True, slots=True)
class _Preference:
    """One thing that a series can have before another.

    Attributes
    ----------
    rank
        Of one series, given the rule and the longest extent of all in mm; the
        smallest comes first.
    words
        What the series is in this respect.
    """

    rank: Callable[[Acceptance, SeriesInfo, float], float]
    words: Callable[[SeriesInfo], str]


def ranked(rule: Acceptance, series: Sequence[SeriesInfo]) -> list[SeriesInfo]:
    """Return the series in the order in which the rule would have them read.

    What the rule prefers decides, then the lower series number, of which none comes
    last, then the lower UID: the order in which they are given never does.
    """
    longest = _longest(series)
    return sorted(series, key=lambda each: (*_ranks(rule, each, longest), _named(each)))


def precedence(
    rule: Acceptance,
    first: SeriesInfo,
    other: SeriesInfo,
    among: Sequence[SeriesInfo],
) -> str:
    """Say why ``first`` comes before ``other``, both of ``among``."""
    named = "without a number" if first.series_number is None else first.series_number
    longest = _longest(among)
    pairs = zip(
        rule.prefer,
        _ranks(rule, first, longest),
        _ranks(rule, other, longest),
        strict=True,
    )
    for name, one, two in pairs:
        if one != two:
            words = PREFERRED[name].words
            return f"after series {named}: {words(first)} there, {words(other)} here"
    which = (
        "series number"
        if first.series_number != other.series_number
        else "Series Instance UID"
    )
    return f"after series {named}, as good: the lower {which} comes first"


def extent_mm(series: SeriesInfo) -> float:
    """Return how far a series reaches across its slices, in mm; 0 when unknown."""
    if series.spacing_mm is None:
        return 0.0
    return len(series.instances) * series.spacing_mm[0]


def _longest(series: Sequence[SeriesInfo]) -> float:
    return max(map(extent_mm, series), default=0.0)


def _ranks(
    rule: Acceptance, series: SeriesInfo, longest_mm: float
) -> tuple[float, ...]:
    return tuple(PREFERRED[name].rank(rule, series, longest_mm) for name in rule.prefer)


def _named(series: SeriesInfo) -> tuple[bool, int, str]:
    number = series.series_number
    return number is None, number or 0, series.series_instance_uid


def _fewer_slices(_: Acceptance, series: SeriesInfo, __: float) -> float:
    return -len(series.instances)


def _slices(series: SeriesInfo) -> str:
    return f"{len(series.instances)} slices"


def _is_derived(_: Acceptance, series: SeriesInfo, __: float) -> float:
    kind = series.tags.get("ImageType", "").split("\\")[0]
    return float(kind.strip().upper() == DERIVED)


def _origin(series: SeriesInfo) -> str:
    kind = series.tags.get("ImageType", "")
    return f"Image Type {kind}" if kind else "no Image Type"


def _covers_less(_: Acceptance, series: SeriesInfo, longest_mm: float) -> float:
    share = extent_mm(series) / longest_mm if longest_mm else 1.0
    return 0.0 if share >= ALL_OF_IT else 1.0 - share


def _extent(series: SeriesInfo) -> str:
    return f"{extent_mm(series):.0f} mm long"


def _thickness(rule: Acceptance, series: SeriesInfo, _: float) -> float:
    spacing = series.spacing_mm[0] if series.spacing_mm else float("inf")
    steps = max(spacing, rule.thin_enough_mm) / STEP_MM
    return steps if steps == float("inf") else round(steps)


def _spacing(series: SeriesInfo) -> str:
    if series.spacing_mm is None:
        return "unknown spacing"
    return f"a slice every {series.spacing_mm[0]:.4g} mm"


def _kernel_place(rule: Acceptance, series: SeriesInfo, _: float) -> float:
    kernel = series.tags.get("ConvolutionKernel", "")
    places = (
        place
        for place, pattern in enumerate(rule.kernels)
        if re.search(pattern, kernel, re.IGNORECASE)
    )
    return next(places, len(rule.kernels)) if kernel else len(rule.kernels)


def _kernel(series: SeriesInfo) -> str:
    kernel = series.tags.get("ConvolutionKernel", "")
    return f"kernel {kernel!r}" if kernel else "no kernel"


PREFERRED: Mapping[str, _Preference] = MappingProxyType(
    {
        "slices": _Preference(_fewer_slices, _slices),
        "original": _Preference(_is_derived, _origin),
        "coverage": _Preference(_covers_less, _extent),
        "thin": _Preference(_thickness, _spacing),
        "kernel": _Preference(_kernel_place, _kernel),
    }
)
"""Name in a rule → what it means. The names are those of ``rule.PREFERENCES``."""
