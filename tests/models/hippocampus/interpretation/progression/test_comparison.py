"""Which earlier visits are compared, and what is held against them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from models.history import CHANGE, RIGHT
from tests.models.hippocampus.interpretation.progression.persons import (
    PROTOCOL,
    TODAY,
    build_patient,
    build_prior,
    sentence,
    told,
)


def test_the_earliest_comparable_visit_is_the_reference() -> None:
    """The longest time divides the noise most."""
    patient = build_patient(build_prior(400), build_prior(800), build_prior(1200))

    text = sentence(told(patient), CHANGE, "Hippocampus")

    assert (TODAY - timedelta(days=1200)).isoformat() in text


def test_a_visit_without_caution_comes_before_an_older_one_with() -> None:
    """Other weights add an error that time does not divide away."""
    patient = build_patient(build_prior(400), build_prior(1200, device_uid="2.25.2"))

    result = told(patient)

    assert (TODAY - timedelta(days=400)).isoformat() in sentence(
        result, CHANGE, "Hippocampus"
    )
    assert result.flags == ()


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"device_uid": "2.25.2"}, "other_weights", "read by version 0.1.0"),
        (
            {"protocol": {"Manufacturer": "Other", "MagneticFieldStrength": "3"}},
            "other_protocol",
            "Manufacturer Other then, Phantom now",
        ),
        (
            {"protocol": {"Manufacturer": "Phantom"}},
            "other_protocol",
            "MagneticFieldStrength absent then, 3 now",
        ),
        ({"protocol": {}}, "protocol_unknown", "not known"),
        ({"cautions": ("name_differs",)}, "name_differs", "the name differs"),
        ({"cautions": ("thick_slices",)}, "prior_reservations", "(thick slices)"),
    ],
)
def test_what_differs_between_visits_is_named_and_costs_the_interval(
    changes: Mapping[str, Any], code: str, words: str
) -> None:
    """The noise was measured for equal weights and protocol; so is the flag."""
    result = told(build_patient(build_prior(730, **changes)), 2000)

    [flag] = result.flags
    text = sentence(result, CHANGE, "Hippocampus")
    assert flag.code == code
    assert words in flag.text
    assert "interval is withheld" in text
    assert "95 % interval" not in text


@pytest.mark.parametrize(
    ("keyword", "then", "now", "is_equal"),
    [
        ("EchoTime", "2.96", "2.98", True),
        ("RepetitionTime", "2300", "2500", False),
        ("InversionTime", "", "900", False),
        ("DeviceSerialNumber", "4711", "4711", True),
        ("DeviceSerialNumber", "4711", "4712", False),
        ("DeviceSerialNumber", "", "4711", True),
        ("ContrastBolusAgent", "", "Gd", False),
    ],
)
def test_times_are_equal_within_a_tolerance_and_scanners_where_both_are_named(
    keyword: str, then: str, now: str, is_equal: bool
) -> None:
    """A console fits times to the field of view; contrast is there or it is not."""
    stated = [PROTOCOL | ({keyword: value} if value else {}) for value in (then, now)]
    patient = build_patient(build_prior(730, protocol=stated[0]), protocol=stated[1])

    codes = {flag.code for flag in told(patient).flags}

    assert codes == (set() if is_equal else {"other_protocol"})


def test_what_the_side_demands_of_every_visit_is_no_caution() -> None:
    """Both were mirrored to be read: the interval stands."""
    prior = build_prior(730, laterality=RIGHT, cautions=("mirrored",))

    result = told(build_patient(prior, laterality=RIGHT))

    assert result.flags == ()
    assert "a lower bound: -1.4 to +1.4)" in sentence(result, CHANGE, "Hippocampus")
