"""Rules refuse by name, and name the value that decided."""

from __future__ import annotations

import inspect
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models.contract import Instance, Match, Refusal, SeriesInfo
from models.volume import acquisitions, geometry, study
from models.volume.acceptance import EVIDENCE, checks, judge
from models.volume.rule import Acceptance
from models.volume.series import read_study

RULE = Acceptance(
    modality="MR",
    description="hippocrop",
    min_slices=10,
    max_slices=20,
    min_matrix=32,
    max_matrix=64,
    min_spacing_mm=0.5,
    max_spacing_mm=1.5,
)


def build_series(**changes: Any) -> SeriesInfo:
    """Return a series that the rule accepts, with changes."""
    count = changes.pop("slices", 15)
    series = SeriesInfo(
        study_instance_uid="1.2",
        series_instance_uid="1.2.3",
        modality="MR",
        instances=tuple(Instance(f"1.{n}", "1", Path("a")) for n in range(count)),
        series_description="T1 HippoCrop left",
        rows=64,
        columns=32,
        spacing_mm=(1.5, 0.5, 1.0),
    )
    return replace(series, **changes)


def test_a_series_inside_every_bound_is_matched() -> None:
    """The description is searched and its case ignored."""
    answer = judge(RULE, build_series())

    assert isinstance(answer, Match)
    assert "HippoCrop" in answer.because
    assert "15 slices" in answer.because


@pytest.mark.parametrize(
    "changes",
    [
        {"slices": 10},
        {"slices": 20},
        {"rows": 32, "columns": 64},
        {"spacing_mm": (0.5, 1.5, 1.5)},
    ],
)
def test_bounds_are_inclusive(changes: dict[str, Any]) -> None:
    """The smallest and the largest allowed value are allowed."""
    assert isinstance(judge(RULE, build_series(**changes)), Match)


@pytest.mark.parametrize(
    ("changes", "reason", "evidence"),
    [
        ({"modality": "CT"}, "modality", "'CT'"),
        ({"series_description": "FLAIR"}, "description", "'FLAIR'"),
        (
            {"geometry_problem": "slice_gap", "geometry_detail": "2 to 4 mm"},
            "slice_gap",
            "2 to 4 mm",
        ),
        ({"slices": 9}, "slice_count", "9 slices"),
        ({"slices": 21}, "slice_count", "21 slices"),
        ({"rows": 65}, "matrix", "65 x 32"),
        ({"columns": 31}, "matrix", "64 x 31"),
        ({"spacing_mm": (1.6, 1.0, 1.0)}, "spacing", "1.6 x 1 x 1"),
        ({"spacing_mm": (1.0, 1.0, 0.4)}, "spacing", "1 x 1 x 0.4"),
        ({"spacing_mm": None}, "spacing", "unknown"),
    ],
)
def test_each_broken_rule_refuses_with_its_evidence(
    changes: dict[str, Any], reason: str, evidence: str
) -> None:
    """The reason is stable for machines, the detail holds the deciding value."""
    answer = judge(RULE, build_series(**changes))

    assert isinstance(answer, Refusal)
    assert answer.reason == reason
    assert evidence in answer.detail


def test_what_the_series_is_comes_before_how_it_lies() -> None:
    """An irregular localiser is refused for what it is, not for its geometry."""
    series = build_series(series_description="localizer", geometry_problem="slice_gap")

    answer = judge(RULE, series)

    assert isinstance(answer, Refusal)
    assert answer.reason == "description"


def test_every_check_is_listed_with_the_tags_that_it_looked_at() -> None:
    """Also those behind the one that decided."""
    found = checks(RULE, build_series(modality="CT", rows=65))

    assert [(check.reason, check.holds, check.tags) for check in found] == [
        ("modality", False, ("(0008,0060)",)),
        ("description", True, ("(0008,103E)",)),
        ("geometry", True, ("(0020,0032)", "(0020,0037)")),
        ("slice_count", True, ("(0008,0018)",)),
        ("matrix", False, ("(0028,0010)", "(0028,0011)")),
        ("spacing", True, ("(0020,0032)", "(0028,0030)")),
    ]
    assert (found[0].found, found[0].wanted) == ("'CT'", "'MR'")
    assert (found[3].found, found[3].wanted) == ("15 slices", "10 to 20")


CHEST = Acceptance(
    "CT", planes=("axial",), image_types_refused=("LOCALIZER", "Mip", "MPR")
)
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


@pytest.mark.parametrize(
    ("changes", "reason", "detail"),
    [
        (
            {"tags": {"ImageType": "ORIGINAL\\PRIMARY\\LOCALIZER\\CT_SOM5 TOP"}},
            "image_type",
            "wanted none of LOCALIZER, Mip, MPR",
        ),
        ({"tags": {"ImageType": "DERIVED\\SECONDARY\\ MIP"}}, "image_type", "MIP"),
        (
            {"orientation": (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)},
            "plane",
            "coronal, wanted axial",
        ),
        (
            {"orientation": (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)},
            "plane",
            "sagittal, wanted axial",
        ),
        ({"orientation": None}, "plane", "unknown, wanted axial"),
    ],
)
def test_reformats_and_scouts_are_refused_by_what_they_say(
    changes: dict[str, Any], reason: str, detail: str
) -> None:
    """Each names what was found and what is wanted."""
    answer = judge(
        CHEST, build_series(**({"modality": "CT", "orientation": AXIAL} | changes))
    )

    assert isinstance(answer, Refusal)
    assert answer.reason == reason
    assert detail in answer.detail


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"tags": {"ImageType": "DERIVED\\SECONDARY\\MPRAGE"}},
        {"orientation": (0.9, 0.1, 0.43, -0.2, 0.97, 0.14)},
    ],
)
def test_what_is_not_stated_refuses_no_axial_series(changes: dict[str, Any]) -> None:
    """No Image Type, another value that only begins alike, slices that lean."""
    series = build_series(**({"modality": "CT", "orientation": AXIAL} | changes))

    assert isinstance(judge(CHEST, series), Match)


def test_every_problem_of_the_geometry_names_its_evidence() -> None:
    """A new one needs a row: which header values say so; each keyword has a tag."""
    sources = "".join(map(inspect.getsource, (geometry, acquisitions, study)))

    raised = set(re.findall(r'GeometryError\(\s*"(\w+)"', sources))

    assert raised == set(EVIDENCE)
    for reason in raised:
        (broken,) = [
            check
            for check in checks(RULE, build_series(geometry_problem=reason))
            if not check.holds
        ]
        assert (broken.reason, broken.keywords) == (reason, EVIDENCE[reason])
        assert "(0000,0000)" not in broken.tags


@pytest.mark.data
@pytest.mark.parametrize("study", ["Study1", "Study3"])
def test_of_a_real_study_only_the_crop_is_accepted(
    shared_data: Path, study: str
) -> None:
    """Five series; four are refused by their description."""
    files = sorted((shared_data / "mr_studies" / study).rglob("*.dcm"))
    rule = Acceptance(modality="MR", description="HippoCrop")

    answers = {s.series_description: judge(rule, s) for s in read_study(files).series}

    accepted = [name for name, answer in answers.items() if isinstance(answer, Match)]
    assert accepted == ["HippoCrop"]
    refusals = [answer for answer in answers.values() if isinstance(answer, Refusal)]
    assert [refusal.reason for refusal in refusals] == ["description"] * 4
