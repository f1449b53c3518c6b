"""How studies arrive, second by second, and what the node decides about them.

A scenario is a row of a table: what happens when, and the decisions that follow. It
is played with the real watcher, ledger and spool; only the clock and the archive's
answers are the story's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from node.jobs.job import Completeness, NotApplicable, Unchanged
from node.jobs.ledger_jobs import JobRow
from tests.node.inbound.objects import as_file, build_instance
from tests.node.inbound.story import (
    MAX_WAIT_S,
    QUIET_S,
    SERIES,
    STUDY,
    Story,
    archive_of,
)
from tests.node.inbound.story import knows as set_count
from tests.node.jobs.ledger_stories import result

Happening = Callable[[Story], None]


@dataclass(frozen=True)
class Decision:
    """A study was called complete: seconds after the start, how sure, and why."""

    at_s: int
    completeness: Completeness
    reason: str
    study: str = STUDY


@dataclass(frozen=True)
class Scenario:
    """One arrival pattern and what must follow.

    Attributes
    ----------
    happenings
        ``(second, what)``, in order.
    decisions
        Every decision, in the order in which it falls.
    versions
        Results that each study has in the end.
    """

    pattern: str
    happenings: tuple[tuple[int, Happening], ...]
    decisions: tuple[Decision, ...]
    versions: int = 1


@dataclass(frozen=True)
class Played:
    """What was decided, and how many results each study has in the end."""

    decisions: tuple[Decision, ...]
    versions: dict[str, int]


def comes(
    first: int,
    last: int,
    *,
    by: int | None = 1,
    study: str = STUDY,
    series: str = SERIES,
    patient: str = "Secret^Patient",
) -> Happening:
    """Let slices ``first`` to ``last`` of a series arrive over association ``by``."""

    def happen(story: Story) -> None:
        for number in range(first, last + 1):
            uid = f"{series}.{number}"
            ds = build_instance(study, series, SOPInstanceUID=uid, PatientName=patient)
            if by is None:
                (story.spool.drop / f"{uid}.dcm").write_bytes(as_file(ds))
            else:
                story.sends(ds, by)

    return happen


def releases(by: int = 1) -> Happening:
    """Release association ``by``."""
    return lambda story: story.watcher.released(by, False)


def aborts(by: int = 1) -> Happening:
    """Abort association ``by``, as a lost connection does."""
    return lambda story: story.watcher.released(by, True)


def archive_counts(
    number: int, *, study: str = STUDY, series: str = SERIES
) -> Happening:
    """Let the archive count so many images in a series from now on."""
    return lambda story: set_count(story, number, study, series)


def archive_fails(error: str = "the archive does not answer") -> Happening:
    """Let every question to the archive fail from now on; "": no more."""
    return lambda story: setattr(archive_of(story), "error", error)


def node_is_killed() -> Happening:
    """Let the node end without a word, and start again."""
    return lambda story: story.restart()


def play(scenario: Scenario, story: Story) -> Played:
    """Let a scenario happen, second by second, until nothing more can follow."""
    start, decisions = story.now, list[Decision]()
    waiting = list(scenario.happenings)
    since = last = 0
    while waiting or since < QUIET_S or _undecided(story):
        second = int((story.now - start).total_seconds())
        assert second < last + MAX_WAIT_S + QUIET_S, "a study waits for ever"
        while waiting and waiting[0][0] == second:
            waiting.pop(0)[1](story)
            last, since = second, 0
        story.watcher.tick(story.now)
        decisions += _decided_now(story, second)
        _read_what_is_queued(story)
        story.now += timedelta(seconds=1)
        since += 1
    jobs = story.ledger.jobs.listing()
    return Played(
        tuple(decisions), {job.study_instance_uid: job.version for job in jobs}
    )


def _undecided(story: Story) -> bool:
    return bool(story.ledger.studies.receiving())


def _decided_now(story: Story, second: int) -> list[Decision]:
    """Return the decisions of this tick, in the words that the ledger keeps."""
    studies = {job.study_instance_uid: None for job in story.ledger.jobs.listing()}
    rows = [story.study(uid) for uid in studies]
    return [
        Decision(
            second, row.completeness, row.completeness_reason, row.study_instance_uid
        )
        for row in rows
        if row.completed_at == story.now and row.completeness is not None
    ]


def _read_what_is_queued(story: Story) -> None:
    """Do what pool and worker do: a result for every new set of read images."""
    jobs = story.ledger.jobs
    while (job := jobs.claim(story.now)) is not None:
        identity = _identity(job, story)
        if identity is None:
            jobs.refuse(job.job_id, NotApplicable("no_series", ""), story.now)
        elif identity == job.identity:
            jobs.unchanged(job.job_id, Unchanged(identity), story.now)
        else:
            made = result(f"{job.job_id}.{job.version + 1}")
            made = replace(made, identity=identity)
            jobs.report(job.job_id, made, [], story.now)


def _identity(job: JobRow, story: Story) -> str | None:
    """Hash the images of the one series that is read: its UID ends in ``.1``."""
    files = story.ledger.studies.files(job.study_instance_uid)
    read = sorted(path for path in files if path.parent.name.endswith(".1"))
    if not read:
        return None
    digest = hashlib.sha256()
    for path in read:
        digest.update(path.read_bytes())
    return digest.hexdigest()
