"""Positions: given where a norm holds for who measured, else withheld by name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from models.hippocampus.findings import MM3, VOLUME
from models.hippocampus.interpretation.norms.position import Z_SCORE, interpret
from models.history import LEFT, POSITION, RIGHT, Interpretation, Patient
from models.terms import Measurement
from tests.models.hippocampus.interpretation.norms.site import calibrated, norm

OURS = "pacs-ai-node hippocampus"
WEIGHTS = calibrated().weights_sha256
WOMAN = Patient(60.4, "birth date", "F", laterality=RIGHT, laterality_source="declared")


def volume(mm3: float) -> tuple[Measurement, ...]:
    """Return the measurement of a whole hippocampus, and of a part of it."""
    return (
        Measurement("Anterior hippocampus", VOLUME, mm3 / 2, MM3, 0),
        Measurement("Hippocampus", VOLUME, mm3, MM3, 0),
    )


def of(
    patient: Patient, name: str, mm3: float = 3400.0, segmenter: str = OURS
) -> Interpretation:
    """Ask one norm."""
    return interpret(
        volume(mm3),
        patient,
        segmenter=segmenter,
        weights_sha256=WEIGHTS,
        norms=[norm(name)],
    )


def test_a_norm_of_the_same_segmenter_gives_step_and_score() -> None:
    """The z-score quotes title and DOI; sex, age, side and head size are said."""
    man = Patient(70.0, "", "M", laterality=LEFT, intracranial_mm3=1.6e6)

    said = of(man, "nomis2021", 3494.7, segmenter="FreeSurfer 6.0")

    (score,) = said.measurements
    assert (score.name, score.printed, score.unit.value) == (Z_SCORE, "-1.0", "1")
    assert score.reference == "NOMIS (Potvin 2021), doi 10.1101/2021.01.25.428063"
    assert score.interval is None
    (position,) = said.statements
    assert (position.label, position.reason) == (POSITION, "")
    assert position.text == (
        "10th to 25th percentile of healthy men of 70 years, left side, head size "
        "1.60 L; NOMIS (Potvin 2021), doi 10.1101/2021.01.25.428063."
    )


def test_without_a_calibration_a_norm_of_another_segmenter_is_withheld() -> None:
    """Even where all else is known."""
    said = of(WOMAN, "nobis2019")

    (position,) = said.statements
    assert (said.measurements, position.reason) == ((), "segmenter_mismatch")
    assert position.text == (
        "Not given by UK Biobank nomogram (Nobis 2019): its volumes are of FSL-FIRST, "
        "and this site has no calibration for it (30 controls)."
    )


def test_a_calibration_gives_the_step_with_its_own_numbers() -> None:
    """n, bias, SD ratio with intervals, and how far thirty people may be wrong.

    A table of percentiles has no z-score: none is made up for it.
    """
    patient = replace(WOMAN, calibration=calibrated().as_json())
    (entry,) = calibrated().entries
    centre = 3828.0 + entry.bias_mm3.value  # between 60 and 61 years

    said = of(patient, "nobis2019", centre)

    (position,) = said.statements
    assert (said.measurements, position.reason) == ((), "")
    assert position.text.startswith(
        "25th to 75th percentile of healthy women of 60 years, right side, not "
        "adjusted for head size; UK Biobank nomogram (Nobis 2019), doi "
        "10.1016/j.nicl.2019.101904. Calibrated with 40 controls of this site (women "
        "of 53 to 70 years): bias \N{MINUS SIGN}"
    )
    assert "SD ratio 0.95 (95 % interval 0.78 to 1.22)" in position.text
    assert position.text.endswith(
        "their number leaves the position within 25th to 75th percentile (95 %)."
    )


def test_near_a_border_the_calibration_says_that_it_cannot_tell() -> None:
    """Both steps that the position may lie on."""
    patient = replace(WOMAN, calibration=calibrated().as_json())
    (entry,) = calibrated().entries
    spread = norm("nobis2019").distribution(subject_of_woman())
    moved = spread.moved(entry.bias_mm3.value, entry.sd_ratio.value)

    (position,) = of(patient, "nobis2019", moved.bounds_mm3[3] - 1).statements

    assert position.text.startswith("10th to 25th percentile")
    assert "from 10th to 25th percentile to 25th to 75th percentile" in position.text


def subject_of_woman() -> Any:
    """Return the woman as a norm sees her."""
    from models.hippocampus.interpretation.norms.position import subject_of

    return subject_of(WOMAN)


CONTENT = calibrated().as_json()


@pytest.mark.parametrize(
    ("changes", "calibration", "reason"),
    [
        ({}, {"unreadable": "no file"}, "calibration_unreadable"),
        ({}, CONTENT | {"made": "2026-01-03"}, "calibration_unreadable"),
        (
            {},
            calibrated(weights_sha256="0" * 64).as_json(),
            "calibration_other_weights",
        ),
        ({}, calibrated(norm_sha256="0" * 64).as_json(), "calibration_other_norm"),
        ({"age_years": 52.0}, CONTENT, "outside_calibration"),
        ({"age_years": 80.0}, CONTENT, "age_outside_norm"),
        ({"age_years": None}, CONTENT, "age_unknown"),
        ({"sex": "M"}, CONTENT, "no_norm_for_side_and_sex"),
        ({"sex": None}, CONTENT, "sex_unknown"),
        ({"laterality": LEFT}, CONTENT, "no_norm_for_side_and_sex"),
        ({"laterality": None}, CONTENT, "side_unknown"),
    ],
)
def test_what_a_calibration_does_not_hold_for_is_withheld(
    changes: dict[str, Any], calibration: dict[str, Any], reason: str
) -> None:
    """One sentence, its code, and no number."""
    said = of(replace(WOMAN, **changes, calibration=calibration), "nobis2019")

    (position,) = said.statements
    assert (said.measurements, position.reason) == ((), reason)
    assert position.text.startswith("Not given by ")
    assert "{" not in position.text


def test_of_nobody_every_missing_thing_is_named_in_one_sentence() -> None:
    """Whoever mends one thing should not find the next the day after."""
    (position,) = of(Patient(), "nomis2021").statements

    assert position.reason == "sex_unknown"
    assert position.text == (
        "Not given by NOMIS (Potvin 2021): sex not known; side neither proven nor "
        "declared; age not known; head size not available (cropped input); its volumes "
        "are of FreeSurfer 6.0, and this site has no calibration for it (30 controls)."
    )


def test_what_nobody_can_mend_stands_alone() -> None:
    """A norm of women is no matter of calibration to a man."""
    (position,) = of(Patient(72.0, "", "M"), "nobis2019").statements

    assert position.reason == "no_norm_for_side_and_sex"
    assert position.text == (
        "Not given by UK Biobank nomogram (Nobis 2019): here it holds for women, right "
        "side, 52 to 71 years."
    )


def test_without_a_hippocampus_no_norm_is_asked() -> None:
    """An empty mask is not below the 2.5th percentile."""
    (position,) = of(WOMAN, "nobis2019", 0.0).statements

    assert position.reason == "volume_missing"


def test_the_parts_have_no_position() -> None:
    """Their border moves with age."""
    patient = replace(WOMAN, calibration=CONTENT)

    said = interpret(
        volume(3400.0), patient, segmenter="FSL-FIRST", weights_sha256=WEIGHTS
    )

    about = {s.structure for s in said.statements}
    assert about | {m.structure for m in said.measurements} == {"Hippocampus"}
