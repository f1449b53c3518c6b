"""Who was scanned before, by a hash; what was found is kept once, with the job."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from node.jobs.job import Completeness, Failed, NotApplicable
from node.jobs.known_priors import KnownPriors
from node.jobs.ledger import Ledger
from tests.node.earlier import PRIOR
from tests.node.jobs.ledger_stories import (
    T0,
    instance,
    queue,
    result,
    spooled,
)

DAY = date(2025, 3, 1)
BEFORE = date(2024, 3, 1)
KNOWN = KnownPriors((PRIOR,))


def held(ledger: Ledger, study: str = "1.1", now: datetime = T0) -> int:
    """Receive a study whose job waits ten seconds for its priors; return the job."""
    ledger.studies.record([spooled(ledger, instance(study))], now)
    ledger.studies.complete(
        study,
        completeness=Completeness.CONFIRMED,
        reason="",
        archive_counts={},
        models=["hippocampus"],
        now=now,
        priors_until=now + timedelta(seconds=10),
    )
    (job,) = ledger.jobs.listing(study)
    return job.job_id


def test_a_job_waits_for_its_priors_no_longer_than_it_may(ledger: Ledger) -> None:
    """The ledger itself lets it go, whoever died meanwhile."""
    held(ledger)

    assert ledger.jobs.claim(T0 + timedelta(seconds=9)) is None
    assert ledger.jobs.claim(T0 + timedelta(seconds=10)) is not None


def test_what_is_found_makes_a_job_due_and_is_kept_once(ledger: Ledger) -> None:
    """A second answer comes too late, as one does for a job that runs."""
    job = held(ledger)

    assert [each.job_id for each in ledger.priors.unsought()] == [job]
    assert ledger.priors.keep(job, KNOWN, T0)
    assert not ledger.priors.keep(job, KnownPriors(), T0)
    assert ledger.priors.unsought() == []
    assert ledger.jobs.claim(T0) is not None
    assert ledger.priors.known(job) == KNOWN


def test_a_study_that_changed_while_it_was_read_waits_for_its_priors_again(
    ledger: Ledger,
) -> None:
    """The images may be of another person now; the wait began with the change."""
    job = held(ledger)
    ledger.priors.keep(job, KNOWN, T0)
    ledger.jobs.claim(T0)
    held(ledger, now=T0 + timedelta(seconds=5))
    ended = T0 + timedelta(seconds=6)

    ledger.jobs.refuse(job, NotApplicable("no_series_accepted", ""), ended)

    assert [each.job_id for each in ledger.priors.unsought()] == [job]
    assert ledger.jobs.claim(ended) is None
    assert ledger.jobs.claim(T0 + timedelta(seconds=15)) is not None


def test_so_it_does_when_the_attempt_was_lost(ledger: Ledger) -> None:
    """What was known before the change is forgotten, and sought again."""
    job = held(ledger)
    ledger.priors.keep(job, KNOWN, T0)
    ledger.jobs.claim(T0)
    held(ledger, now=T0 + timedelta(seconds=5))
    lost, ended = Failed("worker_died", "", permanent=False), T0 + timedelta(seconds=6)

    ledger.jobs.try_again(job, lost, ended, ended)

    assert [each.job_id for each in ledger.priors.unsought()] == [job]
    assert ledger.jobs.claim(T0 + timedelta(seconds=14)) is None
    assert ledger.jobs.claim(T0 + timedelta(seconds=15)) is not None


def test_a_postponed_attempt_waits_on_with_its_priors(ledger: Ledger) -> None:
    """Being found brings nothing forward that waits for something else."""
    job = held(ledger)
    ledger.priors.keep(job, KNOWN, T0)
    ledger.jobs.claim(T0)
    later = T0 + timedelta(minutes=5)
    ledger.jobs.try_again(job, Failed("worker_died", "", permanent=False), later, T0)

    assert not ledger.priors.keep(job, KnownPriors(), T0)
    assert ledger.jobs.claim(T0 + timedelta(minutes=4)) is None


def test_nor_does_what_is_found_when_an_attempt_was_lost_before(
    ledger: Ledger,
) -> None:
    """Of a study that lacked a file nobody had noted whether there are priors."""
    job = held(ledger)
    begun = T0 + timedelta(seconds=10)
    ledger.jobs.claim(begun)
    later = begun + timedelta(minutes=5)
    lost = Failed("file_missing", "", permanent=False)
    ledger.jobs.try_again(job, lost, later, begun)

    assert ledger.priors.keep(job, KNOWN, begun)

    assert ledger.jobs.next_due() == later


def test_what_was_sought_for_a_study_before_it_changed_is_not_kept(
    ledger: Ledger,
) -> None:
    """It came whole again while somebody searched: it may be another person's."""
    job = held(ledger)
    (sought,) = ledger.priors.unsought()
    held_again(ledger, T0 + timedelta(seconds=5))
    of = sought.study_completed_at

    assert not ledger.priors.keep(job, KNOWN, T0 + timedelta(seconds=6), of)

    (sought,) = ledger.priors.unsought()
    of = sought.study_completed_at
    assert ledger.priors.keep(job, KNOWN, T0 + timedelta(seconds=6), of)


def test_a_study_that_changes_while_its_next_attempt_waits_is_a_new_one(
    ledger: Ledger,
) -> None:
    """As soon as its priors are found it is due: in a run over a folder as well."""
    job = held(ledger)
    ledger.priors.keep(job, KNOWN, T0)
    ledger.jobs.claim(T0)
    later = T0 + timedelta(minutes=5)
    ledger.jobs.try_again(job, Failed("worker_died", "", permanent=False), later, T0)
    held(ledger, now=T0 + timedelta(seconds=5))

    assert ledger.priors.keep(job, KNOWN, T0 + timedelta(seconds=8))

    claimed = ledger.jobs.claim(T0 + timedelta(seconds=8))
    assert claimed is not None
    assert claimed.attempts == 1


def test_so_is_one_that_changed_in_an_attempt_that_was_cut_short(
    ledger: Ledger,
) -> None:
    """The attempt counts neither for it nor against it."""
    job = held(ledger)
    ledger.jobs.claim(T0 + timedelta(seconds=10))
    held(ledger, now=T0 + timedelta(seconds=11))
    ledger.jobs.give_back(job, "stopped", T0 + timedelta(seconds=12))

    assert ledger.priors.keep(job, KNOWN, T0 + timedelta(seconds=13))

    claimed = ledger.jobs.claim(T0 + timedelta(seconds=13))
    assert claimed is not None
    assert claimed.attempts == 1


def test_a_job_that_waits_for_its_priors_is_held_and_no_other(ledger: Ledger) -> None:
    """Neither one that has them, nor one that was begun; nor does it wait shorter."""
    waiting, sought = held(ledger), held(ledger, "1.2")
    ledger.priors.keep(sought, KNOWN, T0)
    until = T0 + timedelta(minutes=1)

    ledger.priors.hold([waiting, sought], until)
    ledger.priors.hold([waiting], T0)

    claimed = ledger.jobs.claim(T0)
    assert claimed is not None
    assert claimed.job_id == sought
    assert ledger.jobs.next_due() == until
    ledger.jobs.claim(until)
    ledger.jobs.try_again(waiting, Failed("x", "", permanent=False), until, until)
    ledger.priors.hold([waiting], until + timedelta(minutes=1))
    assert ledger.jobs.next_due() == until


def test_for_a_job_that_was_claimed_without_nobody_looks_any_more(
    ledger: Ledger,
) -> None:
    """An answer that comes then neither counts, nor brings its next attempt forward."""
    job = held(ledger)
    begun = T0 + timedelta(seconds=10)
    ledger.jobs.claim(begun)
    later = begun + timedelta(minutes=30)

    assert ledger.priors.give_up(job) == KnownPriors(withheld=("priors_not_sought",))
    failed = Failed("worker_died", "", permanent=False)
    ledger.jobs.try_again(job, failed, later, begun)

    assert ledger.priors.unsought() == []
    assert not ledger.priors.keep(job, KNOWN, begun)
    assert ledger.jobs.next_due() == later
    assert ledger.priors.known(job) == KnownPriors(withheld=("priors_not_sought",))


def test_what_was_found_is_not_given_up(ledger: Ledger) -> None:
    """Who claims a job that knows of earlier results takes nothing from it."""
    job = held(ledger)
    ledger.priors.keep(job, KNOWN, T0)

    ledger.priors.give_up(job)

    assert ledger.priors.known(job) == KNOWN


def test_a_study_is_looked_at_by_the_last_file_of_each_series(ledger: Ledger) -> None:
    """Beside it stands how many images the series has."""
    files = [instance("1.1", number=number) for number in (1, 2)]
    ledger.studies.record([spooled(ledger, each) for each in files], T0)
    first, last = ledger.studies.files("1.1")

    assert ledger.priors.series("1.1") == {last: 2}
    ledger.studies.forget_files([last])
    assert ledger.priors.series("1.1") == {first: 1}


def test_an_earlier_study_is_found_by_patient_model_and_day(
    ledger: Ledger, tmp_path: Path
) -> None:
    """While it is being read, and its report when it was."""
    (job,) = queue(ledger)
    ledger.priors.note_person("1.1", "A-1", BEFORE)
    asked = ("A-1", "hippocampus", DAY)

    assert ledger.priors.being_read(*asked)
    assert not ledger.priors.being_read("A-2", "hippocampus", DAY)
    assert not ledger.priors.being_read("A-1", "other", DAY)
    assert not ledger.priors.being_read("A-1", "hippocampus", BEFORE)
    ledger.jobs.claim(T0)
    ledger.jobs.report(job.job_id, result(), [], T0)
    assert not ledger.priors.being_read(*asked)
    (report,) = ledger.priors.reports(*asked)
    assert report.sr_instance_uid == "2.25.2.1"
    assert ledger.priors.reports("A-1", "hippocampus", BEFORE) == []


def test_a_study_that_was_not_read_has_no_report(ledger: Ledger) -> None:
    """And nobody waits for it."""
    (job,) = queue(ledger)
    ledger.priors.note_person("1.1", "A-1", BEFORE)
    ledger.jobs.claim(T0)
    ledger.jobs.refuse(job.job_id, NotApplicable("no_series", ""), T0)

    assert not ledger.priors.being_read("A-1", "hippocampus", DAY)
    assert ledger.priors.reports("A-1", "hippocampus", DAY) == []


def test_a_study_that_changes_is_asked_about_again(ledger: Ledger) -> None:
    """It may be another person's now: what was told of the first would be wrong."""
    job = held(ledger)
    ledger.priors.keep(job, KNOWN, T0)
    ledger.jobs.claim(T0)
    ledger.jobs.refuse(job, NotApplicable("no_series", ""), T0)

    assert held_again(ledger) == job

    assert ledger.priors.known(job) is None
    assert [each.job_id for each in ledger.priors.unsought()] == [job]


def test_a_queued_job_whose_study_changes_is_asked_about_again(ledger: Ledger) -> None:
    """Also when nobody has read it yet."""
    job = held(ledger)
    ledger.priors.keep(job, KNOWN, T0)

    assert held_again(ledger) == job

    assert ledger.priors.known(job) is None


def told(ledger: Ledger, known: KnownPriors) -> int:
    """Report a study that was told something; return its job."""
    job = held(ledger)
    ledger.priors.keep(job, known, T0)
    ledger.jobs.claim(T0)
    made = replace(result(), priors=known.priors, priors_withheld=known.withheld)
    ledger.jobs.report(job, made, [], T0)
    return job


def told_of_another(ledger: Ledger) -> tuple[int, int]:
    """Report a study, and keep it as what is known for a later one; return both."""
    earlier = told(ledger, KnownPriors())
    later = held(ledger, "1.2")
    (report,) = (o for o in ledger.jobs.objects(earlier) if o.kind == "SR")
    prior = replace(PRIOR, sr_instance_uid=report.sop_instance_uid)
    ledger.priors.keep(later, KnownPriors((prior,), person="0a1b"), T0)
    return earlier, later


def test_what_was_corrected_before_it_is_told_is_not_told(ledger: Ledger) -> None:
    """It was found, and the job waited in the queue: nobody looks a second time."""
    earlier, later = told_of_another(ledger)
    held_again(ledger, T0 + timedelta(seconds=1))

    of_now = KnownPriors((), ("prior_not_renewed",), (), "0a1b")
    assert ledger.priors.known(later) == of_now
    ledger.priors.keep(earlier, KnownPriors(), T0)
    ledger.jobs.claim(T0 + timedelta(seconds=1))
    ledger.jobs.claim(T0 + timedelta(seconds=1))
    ledger.jobs.report(earlier, result("2"), [], T0)
    replaced = replace(of_now, withheld=("prior_retracted",))
    assert ledger.priors.known(later) == replaced


def test_what_is_only_read_again_is_told(ledger: Ledger) -> None:
    """Nothing of its study changed since its report, which stands until another."""
    earlier, later = told_of_another(ledger)

    ledger.repeats.queue_again([earlier], T0)

    known = ledger.priors.known(later)
    assert known is not None
    assert len(known.priors) == 1


def test_who_was_told_of_a_report_is_known(ledger: Ledger) -> None:
    """As long as the result that tells of it is the last one."""
    job = told(ledger, KNOWN)

    assert ledger.priors.tell_of([PRIOR.sr_instance_uid, "2.25.9"]) == ["1.1"]
    assert ledger.priors.tell_of(["2.25.9"]) == []
    held_again(ledger)
    ledger.priors.keep(job, KnownPriors(), T0)
    ledger.jobs.claim(T0)
    ledger.jobs.report(job, result("2"), [], T0)
    assert ledger.priors.tell_of([PRIOR.sr_instance_uid]) == []


def test_a_change_on_a_day_without_an_archive_forgets_nothing(ledger: Ledger) -> None:
    """What the last result was told is told again, if it is about the same person."""
    job = told(ledger, replace(KNOWN, person="0a1b"))
    held_again(ledger)

    away = KnownPriors(withheld=("archive_unavailable",), person="0a1b")
    assert ledger.priors.keep(job, away, T0)

    assert ledger.priors.known(job) == replace(away, priors=KNOWN.priors)


def test_nor_does_one_for_which_nobody_looked_in_time(ledger: Ledger) -> None:
    """The worker compares whom the study names now."""
    job = told(ledger, replace(KNOWN, person="0a1b"))
    held_again(ledger)

    known = ledger.priors.give_up(job)

    assert (known.priors, known.person) == (KNOWN.priors, "0a1b")


AWAY = KnownPriors(withheld=("archive_unavailable",))


@pytest.mark.parametrize(
    ("known", "sought"), [(AWAY, True), (KNOWN, False), (KnownPriors(), False)]
)
def test_a_retry_has_sought_what_nobody_could_find(
    ledger: Ledger, known: KnownPriors, sought: bool
) -> None:
    """It waits for the answer, no longer than it is given; what was found stands."""
    job, until = told(ledger, known), T0 + timedelta(seconds=10)

    ledger.repeats.queue_again([job], T0, until)

    assert bool(ledger.priors.unsought()) is sought
    assert (ledger.jobs.claim(T0) is None) is sought
    assert sought is False or ledger.jobs.claim(until) is not None


def held_again(ledger: Ledger, now: datetime = T0) -> int:
    """Receive another image of the study, which is complete again."""
    ledger.studies.record([spooled(ledger, instance("1.1", number=2))], now)
    return held(ledger, now=now)
