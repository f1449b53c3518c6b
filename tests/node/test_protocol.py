"""How images were taken, in words that compare."""

from __future__ import annotations

import pytest

from node.protocol import (
    NEEDED,
    acquisition_in,
    acquisition_text,
    known,
    stated_protocol,
)

STATED = {
    "Manufacturer": "Maker",
    "ManufacturerModelName": "Model 7",
    "DeviceSerialNumber": "4711",
    "ContrastBolusAgent": "Gd",
    "MagneticFieldStrength": "3",
    "ScanningSequence": "GR\\IR",
    "SequenceVariant": "SK\\SP\\MP",
    "RepetitionTime": "2300",
    "EchoTime": "2.98",
    "InversionTime": "900",
}
MM = (1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    "changes",
    [
        {"RepetitionTime": "2300.0", "EchoTime": "2.980"},
        {"ScanningSequence": "IR\\GR", "SequenceVariant": "sp\\MP\\SK"},
        {"Manufacturer": " Maker "},
    ],
)
def test_two_exports_of_one_protocol_are_equal(changes: dict[str, str]) -> None:
    """Order, digits and blanks are those of the writer."""
    found = stated_protocol(STATED | changes, MM)

    assert found == stated_protocol(STATED, MM)
    assert found["SequenceVariant"] == "MP\\SK\\SP"


@pytest.mark.parametrize("keyword", sorted(STATED))
def test_what_is_not_stated_is_not_known_or_was_not_there(keyword: str) -> None:
    """An inversion time may be absent; without an echo time nothing is known."""
    found = stated_protocol(STATED | {keyword: ""}, MM)
    whole = stated_protocol(STATED, MM)

    del whole[keyword]
    assert found == ({} if keyword in NEEDED else whole)


def test_without_a_grid_no_protocol_is_known() -> None:
    """The size of a voxel is part of it."""
    assert stated_protocol(STATED, None) == {}


def test_what_an_older_ledger_kept_is_no_whole_protocol() -> None:
    """It knew of scanner, field and voxel alone."""
    whole = stated_protocol(STATED, MM)
    of_before = {k: whole[k] for k in ("Manufacturer", "VoxelSize")}

    assert known(whole) == whole
    assert known(of_before) == {}


@pytest.mark.parametrize(
    "sentence", ["", "Grade: A", "Acquisition: ", "Acquisition: Anything else; 7"]
)
def test_another_sentence_says_nothing_about_the_acquisition(sentence: str) -> None:
    """A comment may be anybody's."""
    assert acquisition_in(sentence) == {}


def test_what_has_no_code_is_said_in_one_sentence() -> None:
    """And read out of it again."""
    whole = stated_protocol(STATED, MM)

    assert acquisition_in(acquisition_text(whole)).items() <= whole.items()
    assert acquisition_text({}) == ""
