"""What an archive has of earlier exams beside their images: whole, or not at all."""

from __future__ import annotations

from datetime import date

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import Comprehensive3DSRStorage

from node.equipment import MANUFACTURER, PROCESSING_EQUIPMENT
from node.errors import ArchiveError
from node.inbound.prior_reports import fetch_reports
from node.inbound.visits import Visit
from node.person import Person
from tests.flow.visits import at_once, refused
from tests.node.inbound.filing import Filing, note
from tests.node.inbound.objects import build_instance

VISIT = Visit("1.9", Person("SECRET-1"), date(2026, 1, 1))
FIRST, SECOND, THIRD = "1.2", "1.3", "1.4"


def in_time() -> bool:
    """Tell that there is time."""
    return False


@pytest.fixture
def archive() -> Filing:
    """Return an archive with one note about each of three studies."""
    filing = Filing()
    filing.takes([note(study, f"{study}.1.1") for study in (FIRST, SECOND, THIRD)])
    return filing


def test_what_every_document_says_is_known(archive: Filing) -> None:
    """With the series in which lies what is rejected; images are not asked for."""
    archive.takes([build_instance(FIRST, "1.2.1", Modality="MR")])

    archived = fetch_reports(archive, VISIT, in_time, at_once)

    rejected = {f"{s}.1" for s in (FIRST, SECOND, THIRD)}
    assert archived.rejected == rejected | {f"{series}.1" for series in rejected}
    assert archived.unknown == set()
    assert archive.wanted == [["1.2.9"], ["1.3.9"], ["1.4.9"]]


def test_a_study_whose_documents_do_not_come_hides_no_other(archive: Filing) -> None:
    """What was said of it nobody knows: a note may be among them."""
    archive.withheld = {SECOND}

    archived = fetch_reports(archive, VISIT, in_time, at_once)

    assert archived.unknown == {SECOND}
    assert {"1.2.1.1", "1.4.1.1"} <= archived.rejected
    assert "1.3.1.1" not in archived.rejected


def test_fewer_documents_than_the_archive_counts_are_not_all(archive: Filing) -> None:
    """Of a study of which one document is missing, nothing is believed."""
    archive.counts_more = 1

    archived = fetch_reports(archive, VISIT, in_time, at_once)

    assert archived.unknown == {FIRST, SECOND, THIRD}
    assert archived.rejected == set()


def test_an_archive_that_falls_silent_is_asked_no_more(archive: Filing) -> None:
    """Each further question would wait as long; what came is kept."""
    archive.silent = {SECOND}

    archived = fetch_reports(archive, VISIT, in_time, at_once)

    assert archive.fetched == [FIRST, SECOND]
    assert archived.unknown == {SECOND, THIRD}
    assert "1.2.1.1" in archived.rejected


def test_when_the_time_is_over_nothing_more_is_asked(archive: Filing) -> None:
    """The study that failed is the last."""
    archive.withheld = {FIRST, SECOND, THIRD}

    archived = fetch_reports(archive, VISIT, lambda: True, at_once)

    assert archive.fetched == [FIRST]
    assert archived.unknown == {FIRST, SECOND, THIRD}


def test_a_report_of_ours_that_is_not_understood_leaves_its_study_unknown(
    archive: Filing,
) -> None:
    """It may replace another, which would be told in its place."""
    mark, purpose = Dataset(), Dataset()
    purpose.CodeValue = PROCESSING_EQUIPMENT
    mark.Manufacturer = MANUFACTURER
    mark.PurposeOfReferenceCodeSequence = [purpose]
    odd = build_instance(
        FIRST,
        "1.2.8",
        Modality="SR",
        SOPClassUID=Comprehensive3DSRStorage,
        ContributingEquipmentSequence=[mark],
        StudyDate="",
    )
    archive.takes([odd])

    archived = fetch_reports(archive, VISIT, in_time, at_once)

    assert archived.unknown == {FIRST}


def test_of_very_many_studies_both_ends_are_asked_for() -> None:
    """Of the others nobody knows what was said."""
    studies = [f"1.{number}" for number in range(2, 42)]
    filing = Filing()
    for year, study in enumerate(studies, start=1980):
        filing.takes([note(study, "1.7", StudyDate=f"{year}0101")])

    archived = fetch_reports(filing, VISIT, in_time, at_once)

    assert filing.fetched == [*studies[:16], *studies[-16:]]
    assert archived.unknown == set(studies[16:-16])


def test_an_archive_that_cannot_say_what_it_holds_is_an_error(archive: Filing) -> None:
    """Nobody knows what is rejected: images are no way out."""
    archive.error = "refused"

    with pytest.raises(ArchiveError, match="refused"):
        fetch_reports(archive, VISIT, in_time, at_once)


def test_a_document_that_is_not_opened_leaves_its_study_unknown(
    archive: Filing,
) -> None:
    """It may be the note that takes the others back."""
    archived = fetch_reports(archive, VISIT, in_time, refused)

    assert archived.unknown == {FIRST, SECOND, THIRD}
