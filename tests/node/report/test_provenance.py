"""UIDs that are valid and distinct, and objects that are known as our own."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset

from node.report.provenance import (
    device_uid,
    equipment,
    frame_of_reference_uid,
    is_own,
    result_uid,
    series_uid,
    tracking_uid,
)
from node.report.sources import source_headers
from tests.node.report.inputs import Case

WORDS = st.text(max_size=12)


@given(WORDS, WORDS, WORDS, WORDS)
def test_result_uids_are_valid_and_distinct(
    kind: str, named: str, other_kind: str, other: str
) -> None:
    """One for each kind and edition, in the form of PS3.5 9.1 and B.2."""
    uid = result_uid(kind, named)

    assert_valid(uid)
    assert (uid == result_uid(other_kind, other)) == (
        (kind, named) == (other_kind, other)
    )
    assert uid != series_uid(named)
    assert uid != device_uid(named)


@given(WORDS)
def test_every_uid_that_is_made_is_valid(words: str) -> None:
    """Whatever it is hashed from."""
    assert_valid(series_uid(words))
    assert_valid(device_uid(words))
    assert_valid(frame_of_reference_uid(words))
    assert_valid(tracking_uid(words, source(PatientID="P"), "", words))


def assert_valid(uid: str) -> None:
    """Check the rules of PS3.5 9.1: length, digits, no component with a zero first."""
    assert len(uid) <= 64
    assert all(part.isascii() and part.isdigit() for part in uid.split("."))
    assert all(part == "0" or not part.startswith("0") for part in uid.split("."))
    root, arc, number = uid.split(".")
    assert (root, arc) == ("2", "25")
    assert int(number) < 1 << 128


def test_the_device_changes_with_the_weights_only(case: Case) -> None:
    """Device UID is that of the algorithm as trained."""
    retrained = replace(case.provenance, weights_digest="0" * 64)
    released = replace(case.provenance, package_version="9")
    uid = equipment(case.provenance).DeviceUID

    assert equipment(retrained).DeviceUID != uid
    assert equipment(released).DeviceUID == uid == device_uid("b3" * 32)


def source(**values: str) -> Dataset:
    """Return a header."""
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def test_tracking_follows_a_structure_of_a_patient() -> None:
    """Equal over time; another salt, patient, issuer, side, structure is another."""
    first = source(PatientID="P1", IssuerOfPatientID="H", StudyInstanceUID="1.1")
    later = source(PatientID="P1", IssuerOfPatientID="H", StudyInstanceUID="1.2")
    another = source(PatientID="P2", IssuerOfPatientID="H", StudyInstanceUID="1.1")
    clinic = source(PatientID="P1", IssuerOfPatientID="C", StudyInstanceUID="1.1")
    uids = [
        tracking_uid("salt", first, "", "Hippocampus"),
        tracking_uid("other", first, "", "Hippocampus"),
        tracking_uid("salt", another, "", "Hippocampus"),
        tracking_uid("salt", clinic, "", "Hippocampus"),
        tracking_uid("salt", first, "L", "Hippocampus"),
        tracking_uid("salt", first, "", "Lung"),
    ]

    assert len(set(uids)) == len(uids)
    assert tracking_uid("salt", later, "", "Hippocampus") == uids[0]


@pytest.mark.parametrize("unknown", [{}, {"PatientID": ""}, {"PatientID": " "}])
def test_all_who_have_no_id_are_not_one_patient(unknown: dict[str, str]) -> None:
    """Their structures are followed within one study, which is all that is known."""
    first, again, other = (
        tracking_uid("salt", source(StudyInstanceUID=study, **unknown), "", "Lung")
        for study in ("1.1", "1.1", "1.2")
    )

    assert first == again != other


def test_own_objects_are_known_by_their_equipment(case: Case) -> None:
    """Not by UID root, which is everybody's, nor by the source's equipment."""
    own, other = Dataset(), Dataset()
    own.ContributingEquipmentSequence = [equipment(case.provenance)]
    foreign = equipment(case.provenance)
    foreign.Manufacturer = "Somebody"
    other.ContributingEquipmentSequence = [foreign]

    assert is_own(own)
    assert not is_own(other)
    assert not is_own(Dataset())
    assert not any(is_own(h) for h in source_headers(case.study, case.volume))


def test_every_object_is_known_as_own(case: Case) -> None:
    """The node never works on its output (docs/promises.md 4)."""
    assert all(is_own(made.dataset) for made in case.compose().values())


def test_the_series_of_a_predecessor_follows_from_its_uid(case: Case) -> None:
    """No look into the archive is needed to name it."""
    sr = case.compose()["SR"]

    assert series_uid(sr.sop_instance_uid) == sr.series_instance_uid


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"completed_at": datetime(2026, 1, 1)}, "aware"),  # noqa: DTZ001 - the fault
        ({"completeness": "perhaps"}, "completeness"),
        ({"version": 2}, "replace"),
        ({"replaces": "2.25.1"}, "replace"),
        ({"version": 0}, "replace"),
    ],
)
def test_an_impossible_provenance_is_refused(
    case: Case, changes: dict[str, Any], words: str
) -> None:
    """An object that exists is valid."""
    with pytest.raises(ValueError, match=words):
        replace(case.provenance, **changes)
