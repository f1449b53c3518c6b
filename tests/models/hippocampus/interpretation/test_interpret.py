"""The reading: all that the volumes say of a person, and how far they may."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import models
from models.hippocampus.findings import MM3, STRUCTURES, VOLUME
from models.hippocampus.interpretation.interpret import interpret, known_of, on_side
from models.hippocampus.interpretation.progression import Reading
from models.history import LEFT, RIGHT, Interpretation, Patient, Prior
from models.terms import Flag, Grade, Measurement
from models.volume.bundle import load_bundle
from models.volume.device import device_uid

READING = Reading.of(load_bundle(models.bundle_folder("hippocampus")), "2.25.1")
VOLUMES = (Measurement("Hippocampus", VOLUME, 3400.0, MM3, 0),)


def reasons(said: Interpretation) -> set[tuple[str, str]]:
    """Return label and code of all that is withheld."""
    return {(s.label, s.reason) for s in said.statements if s.reason}


def test_of_nobody_nothing_is_said_but_why() -> None:
    """Position, asymmetry and change, each with its code."""
    said = interpret(VOLUMES, (), Patient(), READING)

    assert (said.measurements, said.flags, said.trends) == ((), (), ())
    assert {label for label, _ in reasons(said)} >= {
        "Position in the norm",
        "Asymmetry",
    }
    assert all(statement.reason for statement in said.statements)


def test_a_result_of_grade_c_has_no_position() -> None:
    """A failed segmentation is not a small hippocampus."""
    failed = (Flag("volume_implausible", "No hippocampus.", Grade.C),)

    said = interpret(VOLUMES, failed, Patient(60.0, "", "F"), READING)

    assert ("Position in the norm", "grade_c") in reasons(said)
    assert ("Asymmetry", "grade_c") in reasons(said)
    assert ("Change over time", "grade_c") in reasons(said)
    assert not said.trends


def test_an_impossible_earlier_volume_makes_no_change() -> None:
    """A damaged report is not the strongest finding of the page."""
    prior = Prior(
        "2.25.2",
        "2.25.3",
        date(2024, 1, 2),
        "report in the archive",
        "1",
        READING.device_uid,
        (Measurement("Hippocampus", VOLUME, 1e9, MM3, 0),),
        laterality=LEFT,
    )
    patient = Patient(study_date=date(2026, 1, 2), laterality=LEFT, priors=(prior,))

    said = interpret(VOLUMES, (), patient, READING)

    assert ("Change over time", "prior_implausible") in reasons(said)
    assert (said.flags, said.trends) == ((), ())


def test_a_declared_side_is_said_to_be_declared() -> None:
    """And a right one to be mirrored, at grade B."""
    left = Patient(laterality=LEFT, laterality_source="declared")

    codes = [flag.code for flag in known_of(left)]
    assert codes == ["side_declared", "no_head_size"]
    right = list(known_of(replace(left, laterality=RIGHT)))
    assert right[1].code == "mirrored"
    assert right[1].caps_grade is Grade.B


def test_a_proven_side_and_a_known_head_leave_no_note() -> None:
    """What is known needs no words."""
    patient = Patient(laterality=LEFT, laterality_source="geometry")

    assert not list(known_of(replace(patient, intracranial_mm3=1.5e6)))


def test_structures_have_the_side_of_the_person_or_none() -> None:
    """It makes their finding site, and their identity over time."""
    assert {s.laterality for s in on_side(STRUCTURES, Patient())} == {None}
    sided = on_side(STRUCTURES, Patient(laterality=LEFT))
    assert {s.laterality for s in sided} == {LEFT}


def test_the_device_is_the_one_that_reports_name() -> None:
    """Models and node hash the weights alike: the result is pinned."""
    assert device_uid("e" * 64) == "2.25.284981626482647146764194583907870578053"
