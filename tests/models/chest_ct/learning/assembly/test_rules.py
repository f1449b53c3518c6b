"""From scores of held-out cases to a rule and a threshold with its class."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
import pytest

from models.chest_ct.kinds import POSITIVE
from models.chest_ct.learning.assembly.rules import Witnessed, judgement
from models.chest_ct.settings import ThresholdSettings

CNN_AND_PROFILE = frozenset({"cnn_3d", "z_profile"})


def witnessed(count: int, *names: str) -> list[Witnessed]:
    """Return cases, every second one sick; the first score tells, the rest is noise."""
    rng = np.random.default_rng(0)
    cases = []
    for number in range(count):
        sick = bool(number % 2)
        scores = {name: float(rng.uniform(0.3, 0.7)) for name in names}
        scores[names[0]] = float(np.clip(0.5 + (sick - 0.5) * rng.uniform(0, 1), 0, 1))
        cases.append(
            Witnessed(
                f"study {number}", f"patient {number}", sick, MappingProxyType(scores)
            )
        )
    return cases


def test_what_tells_counts_most_and_the_threshold_has_its_class() -> None:
    """Every case is on its side of a threshold between 0 and 1."""
    found = judgement(
        witnessed(60, "cnn_3d", "z_profile"), CNN_AND_PROFILE, ThresholdSettings()
    )

    assert found.rule.weights["cnn_3d"] > 2 * found.rule.weights["z_profile"]
    assert found.threshold.positive == found.rule.positive == POSITIVE
    assert found.plain()["threshold"] == found.threshold.plain()
    called = [each.probability >= found.rule.threshold for each in found.cases]
    truth = [each.is_positive for each in found.cases]
    assert np.mean(np.array(called) == np.array(truth)) > 0.9


def test_a_wanted_sensitivity_is_reached() -> None:
    """On the cases that choose the threshold."""
    settings = ThresholdSettings(rule="sensitivity", sensitivity=1.0)
    found = judgement(witnessed(60, "cnn_3d", "z_profile"), CNN_AND_PROFILE, settings)
    assert found.figures()["sensitivity"]["value"] == 1.0
    assert found.threshold.rule == "sensitivity of at least 1"


def test_a_case_without_some_evidence_makes_no_rule_of_it() -> None:
    """What is absent is not 0."""
    cases = [*witnessed(40, "cnn_3d", "z_profile"), *witnessed(40, "cnn_3d")]
    found = judgement(cases, CNN_AND_PROFILE, ThresholdSettings())
    assert len(found.cases) == 40


def test_evidence_that_no_case_has_is_named() -> None:
    """The slice network was judged on nobody."""
    with pytest.raises(ValueError, match="no case has a score of cnn_3d and of slices"):
        judgement(
            witnessed(40, "cnn_3d"),
            frozenset({"cnn_3d", "slices"}),
            ThresholdSettings(),
        )
