"""One patient in two kernels, with made-up scores."""

from __future__ import annotations

import pytest

from models.chest_ct.validation.evaluation.judged import Reading
from models.chest_ct.validation.evaluation.pairs import in_kernel, kernel_pairs
from tests.models.chest_ct.validation.evaluation.made import (
    THRESHOLDS,
    judged,
    reading,
)

SHARP = 1.0


def test_pairs_are_compared_by_distance_and_decision() -> None:
    """One near, one that crosses the threshold by little, one far on one side."""
    cases = [
        judged(0, 0.20, twin=reading(0.22, SHARP)),
        judged(1, 0.48, "NODULE", twin=reading(0.52, SHARP)),
        judged(2, 0.60, "NODULE", twin=reading(0.80, SHARP)),
        judged(3, 0.60, "NODULE"),
        judged(4, 0.60, twin=Reading(refused="not_a_chest")),
    ]

    found = kernel_pairs(cases, THRESHOLDS)

    assert found["pairs"] == 3
    assert found["modes"]["full"] == {
        "median": 0.04,
        "largest": 0.2,
        "within": pytest.approx(2 / 3, abs=1e-3),
        "same_decision": pytest.approx(2 / 3, abs=1e-3),
    }


def test_every_patient_counts_in_either_kernel() -> None:
    """The scan or its twin, whichever is in that kernel."""
    case = judged(0, 0.2, reading=reading(0.2, SHARP), twin=reading(0.3))

    sharp, soft = (in_kernel(case, is_sharp=is_sharp) for is_sharp in (True, False))

    assert sharp is case.reading
    assert soft is case.twin
    assert in_kernel(judged(1, 0.2), is_sharp=True) is None


def test_diffuse_disease_is_told_from_none_in_each_kernel() -> None:
    """Right in soft kernels, wrong way round in sharp ones; small disease is not it."""
    cases = [
        judged(0, 0.9, "EMPHYSEMA", diffuse=True, twin=reading(0.1, SHARP)),
        judged(1, 0.2, twin=reading(0.3, SHARP)),
        judged(2, 0.1, "NODULE", small=True, twin=reading(0.1, SHARP)),
    ]

    found = kernel_pairs(cases, THRESHOLDS)["diffuse"]

    assert (found["soft"]["positive"], found["soft"]["negative"]) == (1, 1)
    assert found["soft"]["auc"]["z_profile"]["value"] == 1.0
    assert found["sharp"]["auc"]["z_profile"]["value"] == 0.0


def test_without_pairs_nothing_is_said() -> None:
    """Of studies that nobody simulated."""
    found = kernel_pairs(
        [judged(0, 0.2, reading=reading(0.2, sharpness=0.0))], THRESHOLDS
    )

    assert found["pairs"] == 0
    assert found["modes"] == {"full": None, "fast": None}
    assert found["diffuse"]["sharp"]["auc"]["full"] is None
