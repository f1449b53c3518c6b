"""What one patient's archive costs the others, and what is kept of half an answer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from node.errors import ArchiveError, ArchiveSilentError
from node.inbound.archive import SearchableArchive
from node.inbound.look import Look
from node.inbound.prior_images import PriorImages
from node.inbound.prior_search import PriorSearch
from node.inbound.visits import Visit
from node.jobs.job import JobState
from node.jobs.known_priors import KnownPriors
from node.jobs.ledger import Ledger
from node.jobs.ledger_jobs import JobRow
from node.person import Person
from tests.flow.visits import RULES, at_once
from tests.node.inbound.filing import Filing, note
from tests.node.inbound.objects import build_instance
from tests.node.inbound.strict import StrictArchive, running

MODEL = "hippocampus"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
JANE = Person("SECRET-1", "", date(1950, 1, 2), "F")
LOOK = Look(Visit("1.9", JANE, date(2026, 1, 1)), "", frozenset({MODEL}))
JOB = JobRow(
    7, "1.9", MODEL, JobState.QUEUED, 0, NOW, None, "", "", 0, None, {}, {}, ""
)


@dataclass
class Failing(Filing):
    """Raises ``error_now`` when it is asked what it holds."""

    error_now: ArchiveError | None = None
    asked_times: int = 0

    def echo(self) -> None:
        """Fail, if it is to."""
        self.asked_times += 1
        if self.error_now:
            raise self.error_now


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Return an empty ledger."""
    opened = Ledger(tmp_path)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("error", "is_asked_again"),
    [(ArchiveError("refused"), True), (ArchiveSilentError("not a word"), False)],
)
def test_only_an_archive_that_nobody_reaches_is_left_alone(
    ledger: Ledger, error: ArchiveError, is_asked_again: bool
) -> None:
    """What it refuses for one patient, it may answer for the next."""
    archive = Failing(error_now=error)
    search = PriorSearch(ledger, archive, ask=at_once, rules=RULES, timeout_s=9)

    first = search.search(JOB, LOOK, NOW)
    archive.error_now = None
    second = search.search(JOB, LOOK, NOW)

    assert withheld(first) == ("archive_unavailable",)
    assert withheld(second) == (() if is_asked_again else ("archive_unavailable",))


def withheld(known: KnownPriors | None) -> tuple[str, ...]:
    """Return the reasons of what is known."""
    assert known is not None
    return known.withheld


def test_reports_that_do_not_come_cost_their_study_alone(
    ledger: Ledger, tmp_path: Path
) -> None:
    """Its images are left where they are as well: they may have been rejected."""
    archive = Filing()
    tags = {"StudyDate": "20200101", "PatientBirthDate": "19500102"}
    said = {"Modality": "MR", "SeriesDescription": "crop", "PatientSex": "F", **tags}
    for study in ("1.2", "1.3"):
        archive.takes([note(study, "1.7")])
        archive.takes([build_instance(study, f"{study}.5", **said) for _ in range(4)])
    archive.withheld = {"1.2"}
    images = PriorImages(archive, tmp_path / "priors", at_once, RULES)
    search = PriorSearch(
        ledger, archive, ask=at_once, rules=RULES, timeout_s=9, images=images
    )

    known = search.search(JOB, LOOK, NOW)

    assert known is not None
    assert [each.study_instance_uid for each in known.images] == ["1.3"]
    assert known.withheld == ("prior_reports_not_fetched",)


def test_a_slow_archive_is_not_asked_after_the_time(ledger: Ledger) -> None:
    """Thirty answers of a third of a second each are more than one second."""
    strict = StrictArchive(pause_s=0.3)
    strict.images = [
        build_instance(f"1.2.{number}", Modality="SR", StudyDate="20200101")
        for number in range(30)
    ]
    with running(strict) as archive:
        search = PriorSearch(ledger, archive, ask=at_once, rules=RULES, timeout_s=1)
        began = time.monotonic()

        known = search.search(JOB, LOOK, NOW)

    assert withheld(known) == ("priors_not_sought",)
    assert time.monotonic() - began < 4


def test_a_stop_waits_for_one_answer(ledger: Ledger) -> None:
    """However much time the search had left."""
    strict = StrictArchive()
    strict.images = [
        build_instance(f"1.2.{number}", Modality="SR", StudyDate="20200101")
        for number in range(9)
    ]
    with running(strict) as archive:
        search = PriorSearch(
            ledger,
            archive,
            ask=at_once,
            rules=RULES,
            timeout_s=600,
            is_stopping=lambda: len(strict.queries) >= 2,
        )

        assert withheld(search.search(JOB, LOOK, NOW)) == ("priors_not_sought",)

    assert len(strict.queries) == 2


def sought_for(patient_id: str, archive: SearchableArchive, ledger: Ledger) -> object:
    """Return why nothing was found of a patient."""
    search = PriorSearch(ledger, archive, ask=at_once, rules=RULES, timeout_s=5)
    person = replace(JANE, patient_id=patient_id)
    look = replace(LOOK, visit=Visit("1.9", person, date(2026, 1, 1)))
    return withheld(search.search(JOB, look, NOW))


def test_an_id_of_another_alphabet_is_asked_for_as_it_is(ledger: Ledger) -> None:
    """In UTF-8, in whatever the archive answers; one letter may be lost on its way."""
    strict = StrictArchive()
    answered = {"1.2": "\u0410-17", "1.3": "\u0411-17", "1.4": "-17", "1.5": "-18"}
    strict.images = [
        build_instance(study, study, PatientID=patient, Modality="SR", **CYRILLIC)
        for study, patient in answered.items()
    ]
    with running(strict) as archive:
        assert sought_for("\u0410-17", archive, ledger) == ()

    query = strict.queries[0]
    assert (query.PatientID, query.SpecificCharacterSet) == ("\u0410-17", "ISO_IR 192")
    further = {each.get("StudyInstanceUID") for each in strict.queries[1:]}
    assert further == {"1.2", "1.4"}


CYRILLIC = {"SpecificCharacterSet": "ISO_IR 144", "StudyDate": "20200101"}


@pytest.mark.parametrize("patient", ["A*", "A?7", "A\\B"])
def test_an_id_that_stands_for_others_is_not_asked_for(
    ledger: Ledger, patient: str
) -> None:
    """An archive would hand out their reports; the reason says so."""
    strict = StrictArchive()
    with running(strict) as archive:
        assert sought_for(patient, archive, ledger) == ("patient_id_not_asked",)

    assert strict.queries == []
