"""Does a model read this series? Judged from header values alone, by a rule."""

from __future__ import annotations

import re

from models.contract import Match, Refusal, SeriesInfo
from models.volume.bundle import Acceptance


def judge(rule: Acceptance, series: SeriesInfo) -> Match | Refusal:
    """Judge one series by a rule.

    Returns
    -------
    Match or Refusal
        A refusal carries the first broken rule: ``modality``, ``description``, the
        series' own ``geometry_problem``, ``slice_count``, ``matrix`` or ``spacing``.
    """
    for check in (_modality, _description, _geometry, _slices, _matrix, _spacing):
        if refusal := check(rule, series):
            return refusal
    return Match(
        f"{series.modality} {series.series_description!r}, {len(series.instances)} "
        f"slices of {series.rows} x {series.columns}"
    )


def _modality(rule: Acceptance, series: SeriesInfo) -> Refusal | None:
    if series.modality == rule.modality:
        return None
    return Refusal(
        "modality", f"modality is {series.modality!r}, not {rule.modality!r}"
    )


def _description(rule: Acceptance, series: SeriesInfo) -> Refusal | None:
    if re.search(rule.description, series.series_description, re.IGNORECASE):
        return None
    return Refusal(
        "description",
        f"series description {series.series_description!r} "
        f"does not match {rule.description!r}",
    )


def _geometry(_: Acceptance, series: SeriesInfo) -> Refusal | None:
    if series.geometry_problem is None:
        return None
    return Refusal(series.geometry_problem, series.geometry_detail)


def _slices(rule: Acceptance, series: SeriesInfo) -> Refusal | None:
    count = len(series.instances)
    if rule.min_slices <= count <= rule.max_slices:
        return None
    return Refusal(
        "slice_count", f"{count} slices, not {rule.min_slices} to {rule.max_slices}"
    )


def _matrix(rule: Acceptance, series: SeriesInfo) -> Refusal | None:
    sides = (series.rows, series.columns)
    if rule.min_matrix <= min(sides) and max(sides) <= rule.max_matrix:
        return None
    return Refusal(
        "matrix",
        f"{series.rows} x {series.columns} pixels, "
        f"not {rule.min_matrix} to {rule.max_matrix} a side",
    )


def _spacing(rule: Acceptance, series: SeriesInfo) -> Refusal | None:
    if series.spacing_mm is None:
        return Refusal("spacing", "the spacing is unknown")
    smallest, largest = min(series.spacing_mm), max(series.spacing_mm)
    if rule.min_spacing_mm <= smallest and largest <= rule.max_spacing_mm:
        return None
    shown = " x ".join(f"{length:.4g}" for length in series.spacing_mm)
    return Refusal(
        "spacing",
        f"spacing {shown} mm, not {rule.min_spacing_mm:g} to {rule.max_spacing_mm:g}",
    )
