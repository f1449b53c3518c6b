"""Of several series that fit, evidence decides which is read, and says so."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from models.contract import SeriesInfo
from models.volume.preference import PREFERRED, precedence, ranked
from models.volume.rule import PREFERENCES, Acceptance
from tests.node.predict.headers import series

SOFT, LUNG = r"^(B|Br|I)[234]\d|STANDARD", r"^(B|Bl|I)[567]\d|LUNG"
RULE = Acceptance(
    "CT",
    prefer=("coverage", "original", "thin", "kernel"),
    thin_enough_mm=1.0,
    kernels=(SOFT, LUNG),
)


def ct(
    uid: str,
    *,
    extent_mm: float = 300.0,
    step_mm: float = 1.0,
    kernel: str = "B40f",
    image_type: str = "ORIGINAL\\PRIMARY\\AXIAL",
    **changes: Any,
) -> SeriesInfo:
    """Return a chest CT as long and as thin as is asked for."""
    tags = {"ConvolutionKernel": kernel, "ImageType": image_type}
    return series(
        uid,
        modality="CT",
        slices=round(extent_mm / step_mm),
        spacing_mm=(step_mm, 0.7, 0.7),
        tags={keyword: value for keyword, value in tags.items() if value},
        **changes,
    )


@pytest.mark.parametrize(
    ("better", "worse", "why"),
    [
        (
            {"extent_mm": 300, "step_mm": 5.0},
            {"extent_mm": 200},
            "300 mm long there, 200 mm long here",
        ),
        (
            {"step_mm": 5.0},
            {"image_type": "DERIVED\\SECONDARY"},
            "AXIAL there, Image Type DERIVED\\SECONDARY here",
        ),
        (
            {"step_mm": 1.25, "kernel": "B70f"},
            {"step_mm": 5.0},
            "a slice every 1.25 mm there, a slice every 5 mm here",
        ),
        ({}, {"kernel": "B70f"}, "kernel 'B40f' there, kernel 'B70f' here"),
        ({"kernel": "B70f"}, {"kernel": ""}, "kernel 'B70f' there, no kernel here"),
        ({"kernel": "B70f"}, {"kernel": "B99"}, "kernel 'B70f' there"),
    ],
)
def test_what_the_rule_prefers_comes_first_in_words(
    better: dict[str, Any], worse: dict[str, Any], why: str
) -> None:
    """Longer, then original, thinner, and of the kernel that stands first."""
    first, other = ct("1.9", number=9, **better), ct("1.1", number=1, **worse)

    assert ranked(RULE, [other, first]) == [first, other]
    assert why in precedence(RULE, first, other, [first, other])


@pytest.mark.parametrize(
    "other",
    [
        {"extent_mm": 275},
        {"step_mm": 0.5},
        {"image_type": ""},
        {"kernel": "I30f"},
        {"kernel": "b31S"},
        {"extent_mm": 330},
    ],
)
def test_what_is_as_good_is_left_to_the_series_number(other: dict[str, Any]) -> None:
    """A slice less, thinner than thin enough, an Image Type that is not stated."""
    first, second = ct("1.9", number=1), ct("1.1", number=2, **other)

    assert ranked(RULE, [second, first]) == [first, second]
    assert "as good" in precedence(RULE, first, second, [first, second])


def test_the_order_of_the_files_never_decides() -> None:
    """Equal studies are read alike, however they arrive."""
    members = [
        ct("1.1", step_mm=5.0),
        ct("1.2", kernel="B70f"),
        ct("1.3", extent_mm=280),
        ct("1.4", number=None),
        ct("1.5", image_type="DERIVED\\PRIMARY"),
    ]
    orders = {
        tuple(s.series_instance_uid for s in ranked(RULE, some))
        for some in permutations(members)
    }

    assert orders == {("1.3", "1.4", "1.2", "1.1", "1.5")}


def test_every_preference_of_a_rule_has_a_meaning() -> None:
    """The two tables name the same."""
    assert tuple(PREFERRED) == PREFERENCES


def test_series_without_geometry_can_be_ranked() -> None:
    """The rule of a site may accept them; nothing divides by their extent."""
    first, other = (series(f"1.{n}", number=n, spacing_mm=None) for n in (1, 2))

    assert ranked(RULE, [other, first]) == [first, other]
    assert "as good" in precedence(RULE, first, other, [first, other])
