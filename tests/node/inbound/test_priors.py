"""The thread that looks for priors: whatever it meets, the study is read in time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from node.errors import ArchiveSilentError, ParserError, ParserStartError
from node.inbound.archive import FoundSeries, SearchableArchive
from node.inbound.archive_dicom import DicomArchive
from node.inbound.heads import identities
from node.inbound.look import Ask, Look
from node.inbound.priors import LONGEST, Parser, Priors, wait_for_priors
from node.inbound.spool import received
from node.jobs.job import Completeness
from node.jobs.known_priors import KnownPriors
from node.jobs.ledger import Ledger
from node.jobs.ledger_jobs import JobRow
from tests.flow.readings import SETTINGS
from tests.flow.visits import RULES, Answer, Given, at_once, study_of, visit
from tests.node.jobs.pools import wait_until

NOW = datetime.now(UTC)
TIMEOUT_S = 1.0
HELD = wait_for_priors(TIMEOUT_S)


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


@dataclass
class AtOnce:
    """A parser in this process; ``starts`` are its starts."""

    ask: Ask = at_once
    stop: Callable[[], None] = lambda: None
    starts: int = 0

    def start(self) -> None:
        """Count."""
        self.starts += 1


def priors_of(
    ledger: Ledger,
    archive: SearchableArchive | None = None,
    parser: Parser | None = None,
    on_found: Callable[[], None] = lambda: None,
) -> Priors:
    """Return what looks for priors; it is not started."""
    return Priors(
        ledger,
        archive,
        parser=parser or AtOnce(),
        rules=RULES,
        timeout_s=TIMEOUT_S,
        on_found=on_found,
    )


def waiting(
    ledger: Ledger,
    folder: Path,
    number: int,
    held: timedelta,
    day: str = "20250301",
    **tags: str,
) -> JobRow:
    """Receive a study whose job waits for its priors; return the job."""
    files = visit(folder, day, PatientID=f"P{number}", **tags)
    study = study_of(files)
    told = identities(files, 1)
    ledger.studies.record([received(told[f], f.name, f, "") for f in files], NOW)
    complete(ledger, study, NOW, held)
    (job,) = ledger.jobs.listing(study)
    return job


def complete(ledger: Ledger, study: str, now: datetime, held: timedelta) -> None:
    """Call a study complete, whose job waits so long."""
    ledger.studies.complete(
        study,
        completeness=Completeness.CONFIRMED,
        reason="",
        archive_counts={},
        models=["hippocampus"],
        now=now,
        priors_until=now + held,
    )


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

    claimed = ledger.jobs.claim(datetime.now(UTC) + HELD)
    archive.answers.set()
    wait_until(lambda: not priors.tick(NOW))
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


def test_for_a_study_that_no_model_reads_nobody_is_asked(
    ledger: Ledger, tmp_path: Path
) -> None:
    """Neither the archive about the person, nor does the job know of any reason."""
    archive = HangingArchive()
    job = waiting(ledger, tmp_path, 1, HELD, Modality="CR")
    priors = priors_of(ledger, archive)

    priors.tick(NOW)
    wait_until(lambda: ledger.priors.known(job.job_id) is not None)
    priors.stop()

    assert archive.asked == []
    assert ledger.priors.known(job.job_id) == KnownPriors()


def test_of_two_visits_that_came_together_the_later_waits_for_the_earlier(
    ledger: Ledger, tmp_path: Path
) -> None:
    """Also when the archive sent the later first, as one does that sends priors."""
    later = waiting(ledger, tmp_path, 1, HELD, day="20260301")
    earlier = waiting(ledger, tmp_path, 1, HELD)
    priors = priors_of(ledger)

    priors.tick(NOW)
    wait_until(lambda: ledger.priors.known(earlier.job_id) is not None)
    priors.stop()  # nothing is under way any more

    assert ledger.priors.known(later.job_id) is None


def test_it_waits_longer_than_for_an_archive(ledger: Ledger, tmp_path: Path) -> None:
    """As long as the earlier stands in our own queue, but not for ever."""
    brief = timedelta(seconds=TIMEOUT_S)
    later = waiting(ledger, tmp_path, 1, brief, day="20260301")
    earlier = waiting(ledger, tmp_path, 1, brief)
    priors = priors_of(ledger)

    priors.tick(datetime.now(UTC))
    wait_until(lambda: ledger.priors.known(earlier.job_id) is not None)
    soon = datetime.now(UTC) + brief * 10
    claimed = ledger.jobs.claim(soon)
    assert claimed is not None
    assert claimed.job_id == earlier.job_id
    assert ledger.jobs.claim(soon) is None
    long_after = datetime.now(UTC) + LONGEST
    priors.tick(long_after)
    priors.stop()

    claimed = ledger.jobs.claim(long_after)
    assert claimed is not None
    assert claimed.job_id == later.job_id


def test_what_an_earlier_process_left_waits_anew(
    ledger: Ledger, tmp_path: Path
) -> None:
    """Its time went by while no node ran, or before the parser stood."""
    job = waiting(ledger, tmp_path, 1, timedelta(0))
    stands = threading.Event()

    def loading(
        question: Callable[Given, Answer], *given: Given.args, **named: Given.kwargs
    ) -> Answer:
        assert stands.wait(20)
        return question(*given, **named)

    parser = AtOnce(loading)
    priors = priors_of(ledger, parser=parser)
    priors.start()
    claimed = ledger.jobs.claim(datetime.now(UTC))
    stands.set()
    wait_until(lambda: not ledger.priors.unsought())
    priors.stop()

    assert parser.starts == 1
    assert claimed is None
    assert ledger.priors.known(job.job_id) is not None
    assert ledger.jobs.claim(datetime.now(UTC)) is not None


def test_slow_headers_of_one_study_do_not_cost_another_its_priors(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that were looked at are searched for; the others wait for their turn."""
    monkeypatch.setattr("node.inbound.priors.LOOKS_S", 0.05)

    def slow(
        question: Callable[Given, Answer], *given: Given.args, **named: Given.kwargs
    ) -> Answer:
        time.sleep(0.1)
        return question(*given, **named)

    first = waiting(ledger, tmp_path, 1, timedelta(0))
    second = waiting(ledger, tmp_path / "second", 2, timedelta(0))
    priors = priors_of(ledger, parser=AtOnce(slow))

    priors.tick(datetime.now(UTC))
    wait_until(lambda: ledger.priors.known(first.job_id) is not None)
    assert ledger.priors.known(second.job_id) is None
    assert ledger.jobs.claim(datetime.now(UTC)) is not None
    assert ledger.jobs.claim(datetime.now(UTC)) is None
    priors.tick(NOW)
    wait_until(lambda: ledger.priors.known(second.job_id) is not None)
    priors.stop()


def test_a_parser_that_does_not_start_says_nothing_of_a_study(
    ledger: Ledger, tmp_path: Path
) -> None:
    """It waits for the next look, which finds one that does; once, not for ever."""
    is_there: list[bool] = []

    def missing(
        question: Callable[Given, Answer], *given: Given.args, **named: Given.kwargs
    ) -> Answer:
        if not is_there:
            raise ParserStartError("it does not start")
        return question(*given, **named)

    job = waiting(ledger, tmp_path, 1, timedelta(seconds=TIMEOUT_S))
    priors = priors_of(ledger, parser=AtOnce(missing))

    for seconds in range(2):
        with pytest.raises(ParserStartError):
            priors.tick(NOW + timedelta(seconds=seconds))
    assert ledger.jobs.next_due() == NOW + HELD
    is_there.append(True)
    priors.tick(NOW)
    wait_until(lambda: ledger.priors.known(job.job_id) is not None)
    priors.stop()

    known = ledger.priors.known(job.job_id)
    assert known is not None
    assert known.withheld == ()


def test_what_a_stop_cut_short_is_sought_again(ledger: Ledger, tmp_path: Path) -> None:
    """Nothing is kept of it, and the stop waits for no question."""
    asked, ended = threading.Event(), threading.Event()

    def hang(*_: object, **__: object) -> Any:
        asked.set()
        assert ended.wait(20)
        raise ParserError("the node is stopping")

    job = waiting(ledger, tmp_path, 1, HELD)
    priors = priors_of(ledger, parser=AtOnce(hang, ended.set))
    priors.start()
    assert asked.wait(20)
    priors.stop()
    priors.search(job, Look(None, "priors_not_sought", frozenset(RULES)))

    assert [each.job_id for each in ledger.priors.unsought()] == [job.job_id]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ParserError("no answer in time"), "no answer in time"),
        (ValueError("Doe"), "ValueError"),
    ],
)
def test_a_study_that_is_not_looked_at_is_read_without(
    ledger: Ledger, tmp_path: Path, error: Exception, told: str
) -> None:
    """Whatever it does to a library: no other study waits for it, no name is told."""

    def fail(*_: object, **__: object) -> Any:
        raise error

    job = waiting(ledger, tmp_path, 1, HELD)
    priors = priors_of(ledger, parser=AtOnce(fail))

    with capture_logs() as lines:
        priors.tick(NOW)
        wait_until(lambda: ledger.priors.known(job.job_id) is not None)
    priors.stop()

    known = ledger.priors.known(job.job_id)
    assert known is not None
    assert known.withheld == ("priors_not_sought",)
    assert lines[0]["reason"] == told


def test_an_answer_that_comes_too_late_is_told_in_the_log(
    ledger: Ledger, tmp_path: Path
) -> None:
    """Otherwise nobody would know why no report ever knows of an earlier visit."""
    job = waiting(ledger, tmp_path, 1, HELD)
    priors = priors_of(ledger)
    look = Look(None, "patient_id_missing", frozenset(RULES))
    ledger.jobs.claim(NOW + HELD)

    with capture_logs() as lines:
        priors.search(job, look)
    priors.stop()

    assert [line["event"] for line in lines] == ["priors_too_late"]


def test_a_study_without_a_readable_file_is_read_without_priors(
    ledger: Ledger, tmp_path: Path
) -> None:
    """What is wrong with it, its own job will say."""
    job = waiting(ledger, tmp_path, 1, HELD)
    for file in ledger.studies.files(job.study_instance_uid):
        file.unlink()
    priors = priors_of(ledger)

    priors.tick(NOW)
    priors.stop()

    known = ledger.priors.known(job.job_id)
    assert known is not None
    assert known.withheld
