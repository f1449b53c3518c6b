"""Does a model read this series? Judged from header values alone, by a rule."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from pydicom.datadict import tag_for_keyword
from pydicom.tag import Tag

from models.contract import Match, Refusal, SeriesInfo
from models.volume.rule import PLANES, Acceptance

PLACE = ("ImagePositionPatient", "ImageOrientationPatient")

EVIDENCE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "not_an_image": ("Rows", "Columns"),
        "multi_frame_unsupported": ("NumberOfFrames",),
        "several_acquisitions": (
            "EchoNumbers",
            "AcquisitionNumber",
            "FrameOfReferenceUID",
            "StackID",
            "TemporalPositionIndex",
            "KVP",
        ),
        "missing_position": PLACE,
        "missing_spacing": ("PixelSpacing",),
        "single_slice": ("ImagePositionPatient",),
        "mixed_matrix": ("Rows", "Columns"),
        "mixed_spacing": ("PixelSpacing",),
        "invalid_orientation": ("ImageOrientationPatient",),
        "mixed_orientation": ("ImageOrientationPatient",),
        "duplicate_position": ("ImagePositionPatient",),
        "gantry_tilt": PLACE,
        "slice_gap": ("ImagePositionPatient",),
    }
)
"""Why slices form no regular grid → the keywords of the values that say so."""


@dataclass(frozen=True, slots=True)
class Check:
    """One condition of a rule, held against one series.

    Attributes
    ----------
    reason
        Reason code of the refusal when it is broken.
    keywords
        DICOM keywords of the values that were looked at.
    found, wanted
        What the series says and what the rule asks for, in words.
    """

    reason: str
    keywords: tuple[str, ...]
    found: str
    wanted: str
    holds: bool

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags of ``keywords``, written as in the standard: ``(0008,103E)``."""
        numbers = (Tag(tag_for_keyword(keyword) or 0) for keyword in self.keywords)
        return tuple(f"({tag.group:04X},{tag.element:04X})" for tag in numbers)

    @property
    def detail(self) -> str:
        """What was found beside what is wanted, for the person who is refused."""
        return f"{self.found}, wanted {self.wanted}"


def checks(rule: Acceptance, series: SeriesInfo) -> tuple[Check, ...]:
    """Hold every condition of a rule against a series, whether or not one is broken.

    They are in the order in which they decide: what the series is comes before how
    it lies, and that before its size. Of Image Type and plane only a rule that says
    something has a condition.
    """
    return tuple(condition(rule, series) for condition in _conditions(rule))


def _conditions(
    rule: Acceptance,
) -> Iterator[Callable[[Acceptance, SeriesInfo], Check]]:
    yield from (_modality, _description)
    if rule.image_types_refused:
        yield _image_type
    yield _geometry
    if rule.planes:
        yield _plane
    yield from (_slices, _matrix, _spacing)


def judge(rule: Acceptance, series: SeriesInfo) -> Match | Refusal:
    """Judge one series by a rule.

    Returns
    -------
    Match or Refusal
        A refusal carries the first broken check: ``modality``, ``description``,
        ``image_type``, the series' own ``geometry_problem``, ``plane``,
        ``slice_count``, ``matrix`` or ``spacing``.
    """
    for check in checks(rule, series):
        if not check.holds:
            return Refusal(check.reason, check.detail)
    named = series.series_description
    return Match(
        f"{series.modality} {repr(named) if named else 'without a name'}, "
        f"{len(series.instances)} slices of {series.rows} x {series.columns}"
    )


def _modality(rule: Acceptance, series: SeriesInfo) -> Check:
    return Check(
        reason="modality",
        keywords=("Modality",),
        found=repr(series.modality),
        wanted=repr(rule.modality),
        holds=series.modality == rule.modality,
    )


def _description(rule: Acceptance, series: SeriesInfo) -> Check:
    match = re.search(rule.description, series.series_description, re.IGNORECASE)
    return Check(
        reason="description",
        keywords=("SeriesDescription",),
        found=repr(series.series_description),
        wanted=f"a match of {rule.description!r}" if rule.description else "any",
        holds=match is not None,
    )


def _image_type(rule: Acceptance, series: SeriesInfo) -> Check:
    kinds = series.tags.get("ImageType", "")
    found = {kind.strip().upper() for kind in kinds.split("\\")}
    return Check(
        reason="image_type",
        keywords=("ImageType",),
        found=kinds or "not stated",
        wanted="none of " + ", ".join(rule.image_types_refused),
        holds=found.isdisjoint(kind.upper() for kind in rule.image_types_refused),
    )


def _plane(rule: Acceptance, series: SeriesInfo) -> Check:
    plane = plane_of(series)
    return Check(
        reason="plane",
        keywords=("ImageOrientationPatient",),
        found=plane or "unknown",
        wanted=" or ".join(rule.planes),
        holds=plane in rule.planes,
    )


def plane_of(series: SeriesInfo) -> str:
    """Return the plane of ``PLANES`` that is nearest to that of the slices.

    "" where the headers do not say how the slices lie.
    """
    if series.orientation is None:
        return ""
    normal = np.abs(np.cross(series.orientation[:3], series.orientation[3:]))
    return PLANES[2 - int(np.argmax(normal))]


def _geometry(_: Acceptance, series: SeriesInfo) -> Check:
    problem = series.geometry_problem
    return Check(
        reason=problem or "geometry",
        keywords=EVIDENCE.get(problem or "", PLACE),
        found="regular grid" if problem is None else series.geometry_detail,
        wanted="a regular grid",
        holds=problem is None,
    )


def _slices(rule: Acceptance, series: SeriesInfo) -> Check:
    count = len(series.instances)
    return Check(
        reason="slice_count",
        keywords=("SOPInstanceUID",),
        found="1 slice" if count == 1 else f"{count} slices",
        wanted=f"{rule.min_slices} to {rule.max_slices}",
        holds=rule.min_slices <= count <= rule.max_slices,
    )


def _matrix(rule: Acceptance, series: SeriesInfo) -> Check:
    sides = (series.rows, series.columns)
    return Check(
        reason="matrix",
        keywords=("Rows", "Columns"),
        found=f"{series.rows} x {series.columns}",
        wanted=f"{rule.min_matrix} to {rule.max_matrix} a side",
        holds=rule.min_matrix <= min(sides) and max(sides) <= rule.max_matrix,
    )


def _spacing(rule: Acceptance, series: SeriesInfo) -> Check:
    lengths = series.spacing_mm or ()
    return Check(
        reason="spacing",
        keywords=("ImagePositionPatient", "PixelSpacing"),
        found=" x ".join(f"{length:.4g}" for length in lengths) + " mm"
        if lengths
        else "unknown",
        wanted=f"{rule.min_spacing_mm:g} to {rule.max_spacing_mm:g} mm",
        holds=bool(lengths)
        and rule.min_spacing_mm <= min(lengths)
        and max(lengths) <= rule.max_spacing_mm,
    )
