"""A rule that exists can be met, and says by name what stands against it."""

from __future__ import annotations

from typing import Any

import pytest

from models.volume.rule import Acceptance


def test_lists_of_json_become_part_of_a_rule_that_cannot_change() -> None:
    """Two rules of the same words are equal, whatever they were read from."""
    planes: Any = ["axial"]

    assert Acceptance("CT", planes=planes) == Acceptance("CT", planes=("axial",))


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("planes", ["oblique"], "planes: 'oblique' is none of axial, coronal"),
        ("planes", "axial", "planes must be a list of texts"),
        ("image_types_refused", [1], "image_types_refused must be a list of texts"),
        ("prefer", ["luck"], "prefer: 'luck' is none of slices, original"),
        ("kernels", ["("], r"kernels '\(' is no regular expression"),
        ("thin_enough_mm", -1, "thin_enough_mm must be a number of at least 0"),
        ("thin_enough_mm", "1", "thin_enough_mm must be a number of at least 0"),
        ("thin_enough_mm", float("inf"), "thin_enough_mm must be a number"),
    ],
)
def test_what_no_series_could_meet_is_refused_by_name(
    field: str, value: object, complaint: str
) -> None:
    """When the bundle is read, and not at night by a job."""
    wrong: dict[str, Any] = {field: value}

    with pytest.raises(ValueError, match=complaint):
        Acceptance("CT", **wrong)
