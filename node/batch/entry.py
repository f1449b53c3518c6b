"""What became of one study under one model: a row of the spreadsheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from node.jobs.job import JobState, ObjectFile
from node.jobs.ledger_deliveries import Delivery
from node.jobs.ledger_jobs import JobRow

NO_STUDY = "no_study"
"""Reason code of an input in which no study was found."""

INTERRUPTED = "interrupted"
"""Reason code of a study that was not read because the run was cut short."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One study and one model, or an input in which no study was found.

    Attributes
    ----------
    path
        Where the study lies, as the person named it; any script, any character.
    model
        Name of the model.
    job
        The job as it ended; None for an input without a study and for a study that
        was not come to.
    objects
        What the job made, in the last version that it reported.
    deliveries
        Of the objects of the job, when they were to be sent.
    reason, detail
        Reason code and its value, where there is no job to ask.
    seconds
        How long the reading took, in this run or in the one that did it; None when
        nothing was read.
    was_kept
        Whether an earlier run had finished it, so that it was not read again.
    """

    path: str
    model: str
    study_instance_uid: str = ""
    job: JobRow | None = None
    objects: Sequence[ObjectFile] = ()
    deliveries: Sequence[Delivery] = ()
    reason: str = ""
    detail: str = ""
    seconds: float | None = None
    was_kept: bool = False

    @property
    def is_reported(self) -> bool:
        """Whether there are results."""
        return self.job is not None and self.job.state in {
            JobState.REPORTED,
            JobState.SENT,
        }

    @property
    def is_not_applicable(self) -> bool:
        """Whether the model reads no series of the study."""
        return self.job is not None and self.job.state is JobState.NOT_APPLICABLE

    @property
    def reason_code(self) -> str:
        """Why there are no results; "" when there are."""
        if self.is_reported:
            return ""
        return self.job.reason if self.job else self.reason
