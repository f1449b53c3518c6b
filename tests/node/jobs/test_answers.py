"""Answers on their way from a model to a row: the same on every stage."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.evidence import Classification, Location
from models.terms import Code
from node.jobs.answers import Answers, Classified, Located
from node.jobs.ledger import Ledger
from tests.node.jobs.ledger_stories import T0, queue, result

QUESTION = Code("1", "99TEST", "Pathology of the lungs")
AFFINE = np.array(  # rows d, h, w → x, y, z: 2 mm slices, 0.5 mm pixels
    [[0, 0, 0.5, -100], [0, 0.5, 0, -90], [2, 0, 0, 7], [0, 0, 0, 1]], float
)

numbers = st.floats(0, 1)


def classified(probability: float, threshold: float = 0.5) -> Classified:
    """Return what is kept of an answer."""
    return Classified.of(
        Classification(
            "Lungs",
            QUESTION,
            "pathology",
            probability,
            threshold,
            "cnn_3d",
            {"cnn_3d": probability},
        )
    )


def test_a_box_is_told_in_voxels_and_in_millimetres() -> None:
    """Columns count columns to the left of the patient, slices to the head."""
    place = Location("Nodule", (1, 10, 20), (2, 13, 29), 0.5, "cnn_3d")

    kept = Located.of(place, AFFINE, (72, 73))

    assert kept.xyz == (20, 29, 10, 13, 1, 2)
    assert kept.images == (72, 73)
    assert kept.box_mm == (-90.25, -85.25, -85.25, -83.25, 8.0, 12.0)


@given(numbers, numbers, st.integers(0, 500))
def test_what_the_ledger_keeps_is_what_was_answered(
    probability: float, threshold: float, edge: int
) -> None:
    """To the last digit, evidence and box included."""
    place = Location("Nodule", (0, edge, 0), (3, edge + 2, 1), probability)
    answers = Answers(
        (classified(probability, threshold),),
        (Located.of(place, AFFINE), Located.of(place, AFFINE, (edge, edge + 2))),
    )

    assert Answers.of_text(answers.text()) == answers


def test_an_older_ledger_answered_nothing() -> None:
    """It knew no models that classify."""
    assert Answers.of_text(None) == Answers()


def test_nothing_is_ever_called_normal() -> None:
    """What is below the threshold is below the threshold."""
    assert classified(0.2).told.startswith("below threshold, 0.200 (threshold 0.500)")
    assert classified(0.5).told.startswith("pathology suspected, 0.500 (")


def test_a_result_keeps_its_answers_in_the_ledger(tmp_path: Path) -> None:
    """For the job as it stands, and for its history."""
    ledger = Ledger(tmp_path)
    answers = Answers((classified(0.873),))
    (job,) = queue(ledger)
    ledger.jobs.claim(T0 + timedelta(minutes=1))
    ledger.jobs.report(job.job_id, replace(result(), answers=answers), [], T0)

    assert ledger.jobs.get(job.job_id).answers == answers
    assert ledger.history.results(job.job_id)[0].answers == answers
    ledger.close()
