"""Any sequence of events leaves studies and jobs as the table says, and none stuck.

Hypothesis plays scanner, archive, worker, outbox and power cut against a real ledger.
Beside it stands what must be true of each job (``expected_job``).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from node.config import JobsSettings
from node.errors import LedgerError
from node.jobs.job import (
    Failed,
    JobEvent,
    JobState,
    NotApplicable,
    Unchanged,
    advance,
)
from node.jobs.ledger import Ledger
from node.jobs.ledger_deliveries import Delivery
from node.jobs.ledger_retention import RetentionRecords
from node.jobs.pool import Pool
from tests.node.jobs.expected_job import Expected
from tests.node.jobs.ledger_stories import T0, complete, instance, request, result

STUDIES = ("1.1", "1.2")
MODELS = ("a", "b")
DESTINATIONS = ("ARCHIVE@127.0.0.1:4242", "WORKSTATION@127.0.0.1:104")
SETTINGS = JobsSettings(attempts=3, workers=1, backoff_s=5.0)
LOST = Failed("worker_died", "the worker process died", permanent=False)
WEEK = timedelta(days=7)
OVER = {
    JobState.REPORTED,
    JobState.SENT,
    JobState.NOT_APPLICABLE,
    JobState.FAILED,
}


class Lifecycle(RuleBasedStateMachine):
    """A ledger, and beside it what must be true of it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)
        self.ledger = Ledger(self.path)
        self.now = T0
        self.receiving: dict[str, bool] = {}
        self.images: set[tuple[str, int]] = set()
        self.jobs: dict[int, Expected] = {}

    def teardown(self) -> None:
        """Let everybody do their work: then nothing may be left undone."""
        try:
            self.let_all_work_be_done()
            left = [job for job in self.ledger.jobs.listing() if job.state not in OVER]
            assert left == []
            self.the_ledger_says_what_is_expected()
            assert not self.ledger.studies.receiving()
            assert self.pending() == []
        finally:
            self.ledger.close()
            self.folder.cleanup()

    # What happens ------------------------------------------------------------------

    @rule(
        study=st.sampled_from(STUDIES), number=st.integers(1, 9), is_all=st.booleans()
    )
    def an_image_arrives(self, study: str, number: int, is_all: bool) -> None:
        """Open its study (again) if it is new, or is sent again after a failure."""
        self.ledger.studies.record([instance(study, number=number)], self.now)
        if (study, number) not in self.images or self.has_failed(study):
            self.images.add((study, number))
            self.receiving[study] = True
        if is_all:
            self.the_archive_confirms()

    @rule()
    def a_worker_is_free(self) -> None:
        """Get a job exactly when one is due and its study complete."""
        ready = self.ready()
        claimed = self.claim()
        assert claimed in ready if ready else claimed is None

    @precondition(lambda self: bool(self.running()))
    @rule(data=st.data(), destinations=st.sets(st.sampled_from(DESTINATIONS)))
    def a_result_is_there(self, data: st.DataObject, destinations: set[str]) -> None:
        """Make a new version, with one delivery per object and destination."""
        job_id = data.draw(st.sampled_from(self.running()))
        self.report(job_id, sorted(destinations))

    @precondition(lambda self: bool(self.running()))
    @rule(data=st.data())
    def nothing_that_is_read_has_changed(self, data: st.DataObject) -> None:
        """Let the earlier result stand: it is sent at once if it was."""
        job_id = data.draw(st.sampled_from(self.running()))
        expected = self.jobs[job_id]
        if expected.version:
            self.ledger.jobs.unchanged(job_id, Unchanged("identity"), self.now)
            expected.end(JobEvent.REPORT, self.now)
            expected.settle()

    @precondition(lambda self: bool(self.running()))
    @rule(
        data=st.data(),
        ending=st.sampled_from(["refuse", "fail", "lose", "stop"]),
        wait_s=st.integers(0, 20),
    )
    def an_attempt_ends_without_a_result(
        self, data: st.DataObject, ending: str, wait_s: int
    ) -> None:
        """Refused, failed, lost, or cut short by a stop, which counts for nothing."""
        jobs, now = self.ledger.jobs, self.now
        job_id = data.draw(st.sampled_from(self.running()))
        expected = self.jobs[job_id]
        if ending == "refuse":
            jobs.refuse(job_id, NotApplicable("no_series_accepted", ""), now)
            expected.end(JobEvent.REFUSE, now)
        elif ending == "fail":
            jobs.fail(job_id, LOST, now)
            expected.end(JobEvent.FAIL, now)
        elif ending == "lose":
            expected.due = now + timedelta(seconds=wait_s)
            jobs.try_again(job_id, LOST, expected.due, now)
            expected.end(JobEvent.TRY_AGAIN, now)
        else:
            jobs.give_back(job_id, "stopped", now)
            expected.end(JobEvent.TRY_AGAIN, now)
            expected.attempts = max(expected.attempts - 1, 0)

    @precondition(lambda self: bool(self.pending()))
    @rule(
        destination=st.sampled_from(DESTINATIONS),
        outcome=st.sampled_from(["sent", "sent", "sent", "failed", "later"]),
        number=st.integers(1, 9),
    )
    def a_destination_answers(
        self, destination: str, outcome: str, number: int
    ) -> None:
        """Only when each counts as sent is the job."""
        due = self.ledger.deliveries.due(destination, self.now)[:number]
        if outcome == "later":
            until = self.now + timedelta(seconds=30)
            self.ledger.deliveries.postpone(due, 0xA700, "no space", until)
            return
        for delivery in due:
            self.answer(delivery, outcome)

    @rule(data=st.data())
    def somebody_wants_jobs_done_again(self, data: st.DataObject) -> None:
        """Queue those that ended and whose study is complete; leave the others."""
        wanted = data.draw(st.sets(st.sampled_from(sorted(self.jobs) or [0])))
        may = [i for i in sorted(wanted & set(self.jobs)) if self.may_be_retried(i)]
        assert self.ledger.repeats.queue_again(sorted(wanted), self.now) == may
        for job_id in may:
            self.jobs[job_id].begin_anew(self.now, JobEvent.RETRY)

    @rule(destination=st.sampled_from(DESTINATIONS), again=st.booleans())
    def somebody_wants_results_sent_again(self, destination: str, again: bool) -> None:
        """Offer what failed, or everything; what was sent is so no more until then."""
        states = {"failed", "sent"} if again else {"failed"}
        wanted = [
            delivery
            for job_id in self.jobs
            for delivery in self.ledger.deliveries.of_job(job_id)
            if delivery.destination == destination and delivery.state in states
        ]
        numbers = [delivery.delivery_id for delivery in wanted]
        assert sorted(self.ledger.repeats.offer_again(numbers, self.now)) == sorted(
            numbers
        )
        for delivery in wanted:
            self.jobs[delivery.job_id].offer(*self.key(delivery))

    @rule()
    def a_quiet_week_passes(self) -> None:
        """Everything ends; what comes later meets old results."""
        self.let_all_work_be_done()

    @rule()
    def the_node_dies_and_starts_again(self) -> None:
        """Count a lost attempt for what ran; fail it when that was the last."""
        self.ledger.close()
        self.ledger = Ledger(self.path)
        pool = Pool(
            SETTINGS,
            self.ledger,
            make_request=lambda job: request(job, self.ledger, self.path),
        )
        pool.recover(self.now)
        for job_id in self.running():
            expected = self.jobs[job_id]
            if expected.attempts >= SETTINGS.attempts:
                expected.end(JobEvent.FAIL, self.now)
            else:
                expected.end(JobEvent.TRY_AGAIN, self.now)
                expected.due = self.now

    @rule(seconds=st.integers(1, 60))
    def time_passes(self, seconds: int) -> None:
        """Let what was postponed come due."""
        self.now += timedelta(seconds=seconds)

    @rule()
    def retention_looks(self) -> None:
        """Take nothing of a study that anybody still needs."""
        retention, later = RetentionRecords(self.ledger.database), self.now + WEEK
        for study in retention.removable(later):
            jobs = self.ledger.jobs.listing(study)
            assert not self.receiving[study]
            assert all(job.state in OVER for job in jobs)
            assert not any(d.study_instance_uid == study for d in self.pending())
            assert retention.forget(study, later)

    @precondition(lambda self: bool(self.idle()))
    @rule(data=st.data())
    def somebody_ends_a_job_that_does_not_run(self, data: st.DataObject) -> None:
        """Be refused, and change nothing at all."""
        job_id = data.draw(st.sampled_from(self.idle()))
        jobs, now = self.ledger.jobs, self.now
        endings: dict[str, Callable[[], object]] = {
            "report": lambda: self.report(job_id, DESTINATIONS),
            "same": lambda: jobs.unchanged(job_id, Unchanged("identity"), now),
            "refuse": lambda: jobs.refuse(job_id, NotApplicable("", ""), now),
            "fail": lambda: jobs.fail(job_id, LOST, now),
            "lose": lambda: jobs.try_again(job_id, LOST, now, now),
            "stop": lambda: jobs.give_back(job_id, "stopped", now),
        }
        before = self.dump()
        with pytest.raises(LedgerError, match="cannot"):
            endings[data.draw(st.sampled_from(sorted(endings)))]()
        assert self.dump() == before

    # What must be true -------------------------------------------------------------

    @invariant()
    def the_ledger_says_what_is_expected(self) -> None:
        """State, attempts and version of every job; one open attempt where it runs."""
        found = {job.job_id: job for job in self.ledger.jobs.listing()}
        assert set(found) == set(self.jobs)
        for job_id, expected in self.jobs.items():
            job = found[job_id]
            assert (job.state, job.attempts, job.version) == (
                expected.state,
                expected.attempts,
                expected.version,
            )
            open_attempts = [
                attempt
                for attempt in self.ledger.jobs.attempts(job_id)
                if attempt["ended_at"] is None
            ]
            assert len(open_attempts) == (job.state is JobState.RUNNING)
            assert (job.ended_at is not None) == (job.state in OVER)

    @invariant()
    def a_study_is_open_or_has_its_jobs(self) -> None:
        """One per model, never two, whatever came in between."""
        for study, is_open in self.receiving.items():
            row = self.ledger.studies.get(study)
            assert row is not None
            assert row.state == ("receiving" if is_open else "complete")
            models = [job.model for job in self.ledger.jobs.listing(study)]
            assert models == list(MODELS) or (is_open and not models)

    # ------------------------------------------------------------------------------

    def running(self) -> list[int]:
        """Return the jobs that run."""
        return [i for i, e in self.jobs.items() if e.state is JobState.RUNNING]

    def has_failed(self, study: str) -> bool:
        """Return whether a job of the study has failed."""
        jobs = self.ledger.jobs.listing(study)
        return any(self.jobs[job.job_id].state is JobState.FAILED for job in jobs)

    def idle(self) -> list[int]:
        """Return the jobs that do not run."""
        return sorted(set(self.jobs) - set(self.running()))

    def ready(self) -> set[int]:
        """Return the jobs that a free worker may get."""
        return {
            job.job_id
            for job in self.ledger.jobs.listing()
            if not self.receiving[job.study_instance_uid]
            and self.jobs[job.job_id].state is JobState.QUEUED
            and self.jobs[job.job_id].due <= self.now
        }

    def pending(self) -> list[Delivery]:
        """Return the deliveries that wait, due or not."""
        return [
            delivery
            for job_id in self.jobs
            for delivery in self.ledger.deliveries.of_job(job_id)
            if delivery.state == "pending"
        ]

    def the_archive_confirms(self) -> None:
        """Complete what is open: every model has one job, queued unless it runs."""
        for study in [uid for uid, is_open in self.receiving.items() if is_open]:
            self.complete(study)

    def complete(self, study: str) -> None:
        """Call a study complete."""
        complete(self.ledger, study, MODELS, self.now)
        self.receiving[study] = False
        for job in self.ledger.jobs.listing(study):
            if job.job_id in self.jobs:
                self.jobs[job.job_id].queue(self.now)
            else:
                self.jobs[job.job_id] = Expected(due=self.now)

    def claim(self) -> int | None:
        """Claim the next job; return its id."""
        job = self.ledger.jobs.claim(self.now)
        if job is None:
            return None
        expected = self.jobs[job.job_id]
        expected.state = advance(expected.state, JobEvent.CLAIM)
        expected.attempts, expected.changed = expected.attempts + 1, False
        return job.job_id

    def report(self, job_id: int, destinations: Sequence[str]) -> None:
        """Record a result whose objects' UIDs end in job and version."""
        expected = self.jobs[job_id]
        made = result(f"{job_id}.{expected.version + 1}")
        made = replace(made, identity="identity")
        self.ledger.jobs.report(job_id, made, destinations, self.now)
        keys = product(destinations, (one.kind for one in made.objects))
        expected.deliveries.append(dict.fromkeys(keys, "pending"))
        expected.end(JobEvent.REPORT, self.now)

    def answer(self, delivery: Delivery, outcome: str) -> None:
        """Record that a destination has an object, or refuses it for good."""
        if outcome == "sent":
            self.ledger.deliveries.sent(delivery, 0x0000, self.now)
        else:
            self.ledger.deliveries.failed(delivery, 0xA900, "refused", self.now)
        expected = self.jobs[delivery.job_id]
        version, place = self.key(delivery)
        expected.deliveries[version][place] = outcome
        expected.settle()

    def key(self, delivery: Delivery) -> tuple[int, tuple[str, str]]:
        """Return where a delivery stands in what is expected of its job."""
        version = int(delivery.sop_instance_uid.rsplit(".", 1)[1])
        return version - 1, (delivery.destination, delivery.kind)

    def may_be_retried(self, job_id: int) -> bool:
        """Return whether a job ended, and its study is complete."""
        study = self.ledger.jobs.get(job_id).study_instance_uid
        return self.jobs[job_id].state in OVER and not self.receiving[study]

    def dump(self) -> list[str]:
        """Return everything that the ledger holds."""
        with self.ledger.database.write(durable=False) as connection:
            return list(connection.iterdump())

    def let_all_work_be_done(self) -> None:
        """Complete what is open, read what is queued, deliver what is pending."""
        self.now += WEEK
        self.the_node_dies_and_starts_again()
        self.the_archive_confirms()
        while (job_id := self.claim()) is not None:
            self.report(job_id, DESTINATIONS)
        for destination in DESTINATIONS:
            while due := self.ledger.deliveries.due(destination, self.now):
                for delivery in due:
                    self.answer(delivery, "sent")


def test_no_sequence_of_events_leaves_the_table_or_anything_stuck() -> None:
    """Legal events go where the table says, illegal ones nowhere, all work ends."""
    run_state_machine_as_test(
        Lifecycle,
        settings=settings(max_examples=80, stateful_step_count=40),
    )
