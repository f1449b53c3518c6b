"""What is reported of change over time, and when nothing is."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.hippocampus.interpretation.progression import (
    Noise,
    Response,
)
from models.history import CHANGE, RIGHT, Patient
from models.terms import grade
from tests.models.hippocampus.interpretation.progression.persons import (
    NOISE,
    READING,
    build_measurements,
    build_patient,
    build_prior,
    reasons,
    sentence,
    told,
)


def test_a_loss_is_said_with_interval_dates_and_volumes() -> None:
    """Two years, 3000 to 2707.5 mm³: 5 % per year, times exp(± 1.96·√2·0.01/2)."""
    result = told(build_patient(build_prior(730, 3000)), 2708)

    text = sentence(result, CHANGE, "Hippocampus")
    assert text == (
        "-5.0 % per year (95 % interval of noise alone, a lower bound: -6.3 to -3.7) "
        "since 2024-01-06 "
        "(2.00 years, own results): 3000 mm³ then, 2708 mm³ now."
    )


def test_formula_noise_and_published_rates_stand_beside_the_rate() -> None:
    """In exactly these words: what the noise is, and what it is not."""
    result = told(build_patient(build_prior(730)))

    assert "((V2/V1)^(1/Δt) - 1)" in sentence(result, "Formula")
    assert "perturbation-derived, a lower bound, not scan\u2013rescan" in sentence(
        result, "Noise"
    )
    assert "-1.41 % per year (-2.30 to -0.52)" in sentence(result, "Published rates")
    assert "-4.66 (-5.40 to -3.92)" in sentence(result, "Published rates")


@pytest.mark.parametrize(
    ("total", "raised"),
    [
        (3000, []),
        (2940, []),
        (3060, []),
        (2900, ["change_beyond_noise"]),
        (3200, ["change_beyond_noise"]),
    ],
)
def test_only_a_change_beyond_the_noise_is_flagged(
    total: float, raised: list[str]
) -> None:
    """± 1.39 % per year after two years, either way; no grade falls by it."""
    result = told(build_patient(build_prior(730)), total)

    assert [flag.code for flag in result.flags] == raised
    assert grade(result.flags) == "A"


@pytest.mark.parametrize(
    ("patient", "reason"),
    [
        (build_patient(build_prior(730), study_date=None), "study_date_missing"),
        (build_patient(), "no_prior"),
        (build_patient(build_prior(730), laterality=None), "side_unknown"),
        (build_patient(build_prior(730, laterality=None)), "side_unknown"),
        (build_patient(build_prior(730, laterality=RIGHT)), "other_side"),
        (build_patient(build_prior(183)), "interval_too_short"),
        (build_patient(build_prior(0)), "interval_too_short"),
        (build_patient(build_prior(-730)), "interval_too_short"),
        (
            build_patient(priors_withheld=("identity_conflict",)),
            "identity_conflict",
        ),
    ],
)
def test_what_is_not_proven_is_withheld_with_its_reason(
    patient: Patient, reason: str
) -> None:
    """No rate, no flag; one sentence says why."""
    result = told(patient)

    assert reasons(result) == [reason]
    assert [s.label for s in result.statements] == [CHANGE]
    assert result.flags == ()


@given(st.integers(0, 183))
def test_no_rate_below_half_a_year(days: int) -> None:
    """Whatever the volumes, to the day: 5 July to 4 January is too short."""
    result = told(build_patient(build_prior(days)), 2000)

    assert reasons(result) == ["interval_too_short"]


@pytest.mark.parametrize(
    ("then", "now"),
    [
        (date(2025, 7, 5), date(2026, 1, 5)),
        (date(2025, 9, 1), date(2026, 3, 1)),
        (date(2026, 1, 15), date(2026, 7, 15)),
        (date(2025, 8, 31), date(2026, 2, 28)),
    ],
)
def test_half_a_year_is_that_of_the_calendar(then: date, now: date) -> None:
    """Six months have 181 to 184 days."""
    patient = build_patient(build_prior(0, study_date=then), study_date=now)

    assert reasons(told(patient)) == []


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("identity_conflict", "Another earlier result was not used: it carries this "),
        ("archive_unavailable", "There may be other earlier results: the archive "),
        ("prior_rejections_unknown", "Earlier results are not confirmed: the archive"),
    ],
)
def test_beside_a_rate_nothing_is_called_undetermined(reason: str, words: str) -> None:
    """The reader learns that something was left out, and reads one rate."""
    patient = build_patient(build_prior(730), priors_withheld=(reason,))

    result = told(patient)

    assert reasons(result) == [reason]
    assert sentence(result, "Earlier").startswith(words)
    assert "Not determined" not in " ".join(s.text for s in result.statements)


def test_what_the_network_was_seen_to_follow_is_one_sentence() -> None:
    """Beside the method; no rate, interval or flag changes by it."""
    known = Response({"Hippocampus": 0.92, "Anterior hippocampus": 0.925}, 200, 144)
    patient = build_patient(build_prior(731), build_prior(366, 2850))

    silent = told(patient, 2715)
    result = told(patient, 2715, replace(READING, response=known))

    assert sentence(result, "Response") == (
        "On 200 synthetic pairs of visits (warped images, no patients) networks of "
        "this recipe followed so much of a true change: Hippocampus 92 %, Anterior "
        "hippocampus 92 %; a true change may be larger than the one that is printed."
    )
    others = tuple(s for s in result.statements if s.label != "Response")
    assert others == silent.statements
    assert result.flags == silent.flags


def test_a_network_that_overstates_is_not_said_to_understate() -> None:
    """A share above 1 is no share of it."""
    known = Response({"Hippocampus": 1.04}, 200, 144)

    result = told(
        build_patient(build_prior(731)), 2715, replace(READING, response=known)
    )

    assert sentence(result, "Response").endswith(
        "may differ from the one that is printed."
    )


@given(st.floats(1500, 6000), st.integers(184, 4000))
def test_the_flag_stands_where_the_interval_leaves_out_no_change(
    total: float, days: int
) -> None:
    """Both are of the noise alone: what is flagged has no interval that holds 0."""
    result = told(build_patient(build_prior(days, 3000)), total)

    text = sentence(result, CHANGE, "Hippocampus")
    ends = re.search(r"interval.* (\S+) to (\S+)\)", text)
    assert ends is not None
    low, high = map(float, ends.groups())
    assert bool(result.flags) == (not low <= 0 <= high)


def test_the_flag_says_what_noise_makes_of_no_change() -> None:
    """Three per cent per year after a year, and what is said of that number."""
    (flag,) = told(build_patient(build_prior(730)), 2700).flags

    assert flag.text == (
        "Hippocampus -5.1 % per year: more than the noise of reading alone makes of "
        "no change (-1.4 to +1.4, a lower bound)."
    )


def test_an_interval_of_noise_alone_says_so() -> None:
    """What a network leaves out of a change is in no interval."""
    text = sentence(told(build_patient(build_prior(730))), "Noise")

    assert text.endswith(" readings each. Intervals hold this noise alone.")


def test_no_interval_reaches_down_to_a_loss_of_everything() -> None:
    """Nothing shrinks by more than all of it: ends are as many times apart."""
    result = told(build_patient(build_prior(365, 6000)), 600)

    text = sentence(result, CHANGE, "Hippocampus")
    assert text.startswith("-90.0 % per year (95 % interval of noise alone")
    assert "-90.3 to -89.7)" in text


def test_a_rate_is_that_of_the_printed_volumes() -> None:
    """Who computes with what stands on the page comes to the same."""
    exact = told(build_patient(build_prior(184, 2999.6)), 2950.4)
    printed = told(build_patient(build_prior(184, 3000)), 2950)

    assert exact.statements == printed.statements
    assert [p.value for p in exact.trends[-1].points] == [3000, 2950]


def test_without_known_noise_a_rate_stands_alone() -> None:
    """No interval, no flag, no error bars, and a sentence that says so."""
    result = told(build_patient(build_prior(730)), 2000, replace(READING, noise=None))

    assert reasons(result) == ["noise_unknown"]
    assert "95 %" not in sentence(result, CHANGE, "Hippocampus")
    assert result.flags == ()
    assert all(p.margin is None for t in result.trends for p in t.points)


def test_three_visits_add_a_fit() -> None:
    """On one curve of -3 % per year it gives that rate, and two visits add none."""
    patient = build_patient(build_prior(731, 3000), build_prior(366, 2910))

    fit = sentence(told(patient, 2822.7), "Log-linear fit", "Hippocampus")

    assert fit.startswith("-3.0 % per year (95 % interval ")
    assert fit.endswith("least squares over 3 visits.")
    assert not [
        s for s in told(build_patient(build_prior(731))).statements if "fit" in s.label
    ]


def test_a_structure_without_volume_is_withheld_alone() -> None:
    """The others are still printed."""
    patient = build_patient(build_prior(730, measurements=build_measurements()[2:]))

    result = told(patient)

    assert reasons(result) == ["volume_missing"]
    assert sentence(result, CHANGE, "Hippocampus").startswith("0.0 %")


def test_the_noise_of_a_bundle_is_read_as_it_was_written() -> None:
    """And its absence is None."""
    assert Noise.of({"retest": NOISE.as_json()}) == NOISE
    assert Noise.of({}) is None
