"""The thread that looks for priors: whatever it meets, the study is read in time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from node.errors import ArchiveSilentError
from node.inbound.archive import FoundSeries, SearchableArchive
from node.inbound.archive_dicom import DicomArchive
from node.inbound.heads import identities
from node.inbound.look import Ask
from node.inbound.priors import Priors
from node.inbound.spool import received
from node.jobs.job import Completeness
from node.jobs.ledger import Ledger
from node.jobs.ledger_jobs import JobRow
from tests.flow.readings import SETTINGS
from tests.flow.visits import RULES, at_once, study_of, visit
from tests.node.jobs.pools import wait_until

NOW = datetime.now(UTC)
HELD = timedelta(seconds=30)


class HangingArchive(DicomArchive):
    """An archive that answers when the test lets it."""

    def __init__(self) -> None:
        super().__init__(SETTINGS.archive, "NODE")
        self.answers = threading.Event()
        self.asked: list[str] = []

    def earlier_series(
        self, patient_id: str, before: date, modalities: Collection[str]
    ) -> list[FoundSeries]:
        """Wait, and fail."""
        self.asked.append(patient_id)
        self.answers.wait(20)
        raise ArchiveSilentError("it never answered")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Return an empty ledger."""
    opened = Ledger(tmp_path)
    yield opened
    opened.close()


def priors_of(
    ledger: Ledger,
    archive: SearchableArchive | None = None,
    ask: Ask = at_once,
    on_found: Callable[[], None] = lambda: None,
) -> Priors:
    """Return what looks for priors; it is not started."""
    return Priors(ledger, archive, ask=ask, rules=RULES, timeout_s=1, on_found=on_found)


def waiting(ledger: Ledger, folder: Path, number: int, held: timedelta) -> JobRow:
    """Receive a study whose job waits for its priors; return the job."""
    files = visit(folder, "20250301", PatientID=f"P{number}")
    study = study_of(files)
    told = identities(files, 1)
    ledger.studies.record([received(told[f], f.name, f, "") for f in files], NOW)
    ledger.studies.complete(
        study,
        completeness=Completeness.CONFIRMED,
        reason="",
        archive_counts={},
        models=["hippocampus"],
        now=NOW,
        priors_until=NOW + held,
    )
    (job,) = ledger.jobs.listing(study)
    return job


def test_a_job_waits_for_its_priors_and_then_no_longer(
    ledger: Ledger, tmp_path: Path
) -> None:
    """What was found is kept with it, and the pool is woken."""
    job = waiting(ledger, tmp_path, 1, HELD)
    woken = threading.Event()
    priors = priors_of(ledger, on_found=woken.set)

    assert ledger.jobs.claim(NOW) is None
    priors.start()
    assert woken.wait(20)
    priors.stop()

    assert ledger.priors.known(job.job_id) is not None
    assert ledger.jobs.claim(datetime.now(UTC)) is not None


def test_an_archive_that_hangs_holds_up_neither_its_study_nor_another(
    ledger: Ledger, tmp_path: Path
) -> None:
    """The ledger lets the first go when its time is over; the archive is left alone."""
    archive = HangingArchive()
    slow = waiting(ledger, tmp_path, 1, HELD)
    priors = priors_of(ledger, archive)
    priors.start()
    wait_until(lambda: archive.asked == ["P1"])

    claimed = ledger.jobs.claim(NOW + HELD)
    archive.answers.set()
    wait_until(lambda: not priors.tick())
    other = waiting(ledger, tmp_path / "other", 2, HELD)
    priors.wake()
    wait_until(lambda: ledger.priors.known(other.job_id) is not None)
    priors.stop()

    assert claimed is not None
    assert ledger.priors.known(slow.job_id) is None  # it was too late for it
    known = ledger.priors.known(other.job_id)
    assert known is not None
    assert known.withheld == ("archive_unavailable",)
    assert archive.asked == ["P1"]


def test_a_study_without_a_readable_file_is_read_without_priors(
    ledger: Ledger, tmp_path: Path
) -> None:
    """What is wrong with it, its own job will say."""
    job = waiting(ledger, tmp_path, 1, HELD)
    for file in ledger.studies.files(job.study_instance_uid):
        file.unlink()
    priors = priors_of(ledger)

    priors.tick()
    priors.stop()

    known = ledger.priors.known(job.job_id)
    assert known is not None
    assert known.withheld
