"""What the headers of a study say before anybody looks for earlier results."""

from __future__ import annotations

import pickle
from datetime import date
from pathlib import Path

import pytest

from models.volume.rule import Acceptance
from node.inbound.look import look_at
from tests.dicom_series import write_series
from tests.flow.readings import bright
from tests.flow.visits import study_of, visit

CROPS = Acceptance("MR", "^crop", min_slices=2, max_slices=40)
CHESTS = Acceptance("CT")
RULES = {"crops": CROPS, "chests": CHESTS}


def test_a_look_tells_whose_study_it_is_and_who_reads_it(tmp_path: Path) -> None:
    """One file of the series is enough; plain values come back."""
    files = visit(tmp_path, "20250301", PatientID="P-1")

    look = look_at({files[0]: len(files)}, RULES)

    assert look.visit is not None
    assert look.visit.study_instance_uid == study_of(files)
    assert look.visit.person.patient_id == "P-1"
    assert look.visit.day == date(2025, 3, 1)
    assert look.models == {"crops"}
    assert pickle.loads(pickle.dumps(look)) == look  # noqa: S301 - our own bytes


@pytest.mark.parametrize(
    ("tags", "images"),
    [({"Modality": "CR"}, 4), ({"SeriesDescription": "T2"}, 4), ({}, 1), ({}, 41)],
)
def test_a_study_that_no_model_reads_has_no_reader(
    tmp_path: Path, tags: dict[str, str], images: int
) -> None:
    """By modality, description and number of images, as a series of an archive."""
    (first, *_) = visit(tmp_path, "20250301", **tags)

    assert look_at({first: images}, RULES).models == set()


def test_what_cannot_be_opened_may_be_of_any_kind(tmp_path: Path) -> None:
    """Its job says what is wrong with it; until then nobody knows who reads it."""
    (tmp_path / "gone").write_bytes(b"no image")

    look = look_at({tmp_path / "gone": 4}, RULES)

    assert (look.visit, look.reason) == (None, "patient_id_missing")
    assert look.models == set(RULES)


def test_series_of_two_days_are_no_visit(tmp_path: Path) -> None:
    """Nobody guesses on which of them the person was scanned."""
    first = visit(tmp_path, "20250301")
    (again, *_) = write_series(
        tmp_path / "again",
        bright(),
        description="crop again",
        study_uid=study_of(first),
        StudyDate="20250302",
    )

    look = look_at({first[0]: 4, again: 4}, RULES)

    assert (look.visit, look.reason) == (None, "study_dates_differ")
