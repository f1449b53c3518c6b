"""How the images were taken, written into a report and read out of it again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset

from models.volume.series import read_study
from node.prior_content import protocol_in
from node.prior_report import report_in
from node.protocol import protocol_of
from node.report.sr_library import image_library
from tests.dicom_series import write_series
from tests.flow.readings import bright
from tests.node.report.inputs import build_case

LENGTH = st.floats(0.01, 20.0)
WORD = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters="\\")
)
KIND = st.sampled_from(["SE", "IR", "GR", "EP", "RM"])
SCANNER: dict[str, Any] = {"Manufacturer": "Maker", "ManufacturerModelName": "Model 7"}
OPTIONAL = ("DeviceSerialNumber", "ContrastBolusAgent")
NUMBERS = ("MagneticFieldStrength", "RepetitionTime", "EchoTime", "InversionTime")


@pytest.fixture(scope="module")
def header(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Return the header of a slice."""
    files = write_series(tmp_path_factory.mktemp("crop"), bright())
    return next(iter(read_study(files).datasets.values()))


def scanned(**changes: Any) -> Dataset:
    """Return what a header says of how it was taken."""
    acquired = {
        "MagneticFieldStrength": "3",
        "ScanningSequence": "GR",
        "SequenceVariant": "SP",
        "RepetitionTime": "8",
        "EchoTime": "3",
    }
    dataset = Dataset()
    for keyword, value in (SCANNER | acquired | changes).items():
        setattr(dataset, keyword, value)
    return dataset


def said(header: Dataset, spacing_mm: tuple[float, float, float]) -> dict[str, str]:
    """Return what a report with such images alone says of them."""
    document = Dataset()
    document.ContentSequence = [image_library([header], spacing_mm)]
    return protocol_in(document)


@settings(max_examples=40)
@given(
    words=st.tuples(*[WORD] * 4),
    kinds=st.lists(KIND, min_size=1, max_size=3),
    numbers=st.tuples(*[st.floats(0.01, 9e4)] * 4),
    spacing=st.tuples(*[LENGTH] * 3),
)
def test_what_two_visits_must_agree_in_comes_back_out_of_a_report(
    header: Dataset,
    words: tuple[str, ...],
    kinds: list[str],
    numbers: tuple[float, ...],
    spacing: tuple[float, float, float],
) -> None:
    """Word for word and digit for digit: else an equal protocol would seem another."""
    for keyword, word in zip((*SCANNER, *OPTIONAL), words, strict=True):
        setattr(header, keyword, word)
    for keyword, number in zip(NUMBERS, numbers, strict=True):
        setattr(header, keyword, f"{number:.4g}")
    header.ScanningSequence = kinds

    assert said(header, spacing) == protocol_of(header, spacing)


def test_a_field_strength_is_one_number_however_it_is_written(header: Dataset) -> None:
    """Of two exports of one scanner; and with what is no number nothing is known."""
    found = []
    for written in ("3", "3.0", "0"):
        header.update(scanned(MagneticFieldStrength=written))
        found.append(said(header, (1.0, 1.0, 1.0)).get("MagneticFieldStrength"))

    assert found == ["3", "3", None]


@pytest.mark.parametrize(
    "keyword", [*SCANNER, "MagneticFieldStrength", "EchoTime", "SequenceVariant"]
)
def test_images_of_which_something_is_unknown_have_no_protocol(
    header: Dataset, keyword: str
) -> None:
    """Absent twice is not equal; neither have reports of before a protocol."""
    header.update(scanned(**{keyword: None}))

    assert said(header, (1.0, 1.0, 1.0)) == {}
    assert protocol_in(Dataset()) == {}


def test_a_whole_report_says_how_its_images_were_taken(tmp_path: Path) -> None:
    """As the grid has it that was measured in, whatever else the headers state."""
    acquired = {
        "MagneticFieldStrength": "1.5",
        "ScanningSequence": "GR\\IR",
        "InversionTime": "900",
        "DeviceSerialNumber": "4711",
        "ContrastBolusAgent": "Gd",
    }
    stated = SCANNER | acquired | {"SpacingBetweenSlices": "9"}
    case = build_case(tmp_path / "study", (3, 16, 16), **stated)

    report = report_in(case.compose()["SR"].dataset, "report in the archive")

    assert report is not None
    assert report.prior.protocol == SCANNER | acquired | {
        "SequenceVariant": "SP",
        "RepetitionTime": "8",
        "EchoTime": "3",
        "VoxelSize": "1.50 x 1.00 x 0.80 mm",
    }
