"""What a job must look like, kept beside the ledger by the test of its lifecycle."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from node.jobs.job import JobEvent, JobState, advance
from tests.node.jobs.ledger_stories import T0


@dataclass
class Expected:
    """What a job must look like in the ledger.

    Attributes
    ----------
    deliveries
        States of the deliveries of each version, by destination and kind.
    """

    state: JobState = JobState.QUEUED
    attempts: int = 0
    changed: bool = False
    due: datetime = T0
    deliveries: list[dict[tuple[str, str], str]] = field(default_factory=list)

    @property
    def version(self) -> int:
        """The version of its last result, 0 without one."""
        return len(self.deliveries)

    def queue(self, now: datetime) -> None:
        """Be wanted, for the first time or again."""
        if self.state is JobState.RUNNING:
            self.changed = True
        elif self.state is JobState.QUEUED:
            self.attempts = 0
        else:
            self.begin_anew(now)

    def begin_anew(self, now: datetime, event: JobEvent = JobEvent.CHANGE) -> None:
        """Be queued by a change of the study, or another event."""
        self.state = advance(self.state, event)
        self.attempts, self.changed, self.due = 0, False, now

    def end(self, event: JobEvent, now: datetime) -> None:
        """Let the running attempt end."""
        self.state = advance(self.state, event)
        if self.changed:
            self.queue(now)

    def offer(self, version: int, place: tuple[str, str]) -> None:
        """Have an object on its way again; what was sent is not, until it is there."""
        self.deliveries[version][place] = "pending"
        if self.state is JobState.SENT:
            self.state = advance(self.state, JobEvent.RESEND)

    def settle(self) -> None:
        """Be sent when everything is that counts."""
        if self.state is not JobState.REPORTED or not self.deliveries:
            return
        earlier = [s for v in self.deliveries[:-1] for s in v.values()]
        last = list(self.deliveries[-1].values())
        counts = [*last, *(s for s in earlier if s == "pending")]
        if counts and set(counts) == {"sent"}:
            self.state = advance(self.state, JobEvent.DELIVER)
