"""What is kept of each series holds nobody's name."""

from __future__ import annotations

import pytest
from pydicom import Dataset

from node.jobs.verdicts import person_words, without


@pytest.mark.parametrize(
    ("description", "kept"),
    [
        ("HippoCrop", "HippoCrop"),
        ("T1 Ivanov_pyotr MPRAGE", "T1 …_… MPRAGE"),
        ("crop 4711 of IVANOV-SMITH", "crop … of …-SMITH"),
        ("born 19310713", "born …"),
        ("IvanovPyotr T1", "…… T1"),
        ("crop74711a", "crop74711a"),
        ("MR T1 3D", "MR T1 3D"),
        ("Иванов Пётр, crop", "… …, crop"),
        ("王明 crop", "… crop"),
    ],
)
def test_words_that_identify_somebody_are_left_out(description: str, kept: str) -> None:
    """In any case and any script; what else stands there stays."""
    header = Dataset()
    header.SpecificCharacterSet = "ISO_IR 192"
    header.PatientName = "Ivanov^Pyotr^^MR=王^明=Иванов^Пётр"
    header.OtherPatientNames = "王明"
    header.PatientID = "4711"
    header.PatientBirthDate = "19310713"

    assert without(person_words(header), description) == kept


def test_a_header_without_a_person_leaves_everything() -> None:
    """Nothing is known of whom it shows."""
    assert without(person_words(Dataset()), "T1 Ivanov") == "T1 Ivanov"
