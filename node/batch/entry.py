"""What became of one study under one model: a row of the spreadsheet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from node.jobs.answers import Classified
from node.jobs.job import FAST, SERIES_NOT_ACCEPTED, JobState, ObjectFile
from node.jobs.ledger_deliveries import Delivery
from node.jobs.ledger_jobs import JobRow
from node.jobs.reading import reading_of

NO_STUDY = "no_study"
"""Reason code of an input in which no study was found."""

UNREADABLE = "unreadable"
"""Reason code of what the disk or its rights do not give."""

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
    only_series
        The only series that the model was given; "" where it chose one.
    truth
        1 where pathology is known, 0 where there is known to be none.
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
    truth: int | None = None
    only_series: str = ""

    @property
    def reading(self) -> str:
        """What was to be read of the study, as the ledger names it."""
        return reading_of(self.model, self.only_series)

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
    def answer(self) -> Classified | None:
        """What a model that classifies has decided."""
        if self.job is None or not self.is_reported:
            return None
        return next(iter(self.job.answers.classified), None)

    @property
    def is_fast(self) -> bool:
        """Whether the model left out what takes long."""
        return self.job is not None and self.is_reported and FAST in self.job.made_with

    @property
    def reason_code(self) -> str:
        """Why there are no results; "" when there are."""
        if self.is_reported:
            return ""
        return self.job.reason if self.job else self.reason


def with_a_row(entries: Sequence[Entry]) -> Iterator[Entry]:
    """Yield the entries of a study that are told of.

    Of series that a model does not read one is told, and only where it reads none of
    the study: a study has a row, whatever became of it.
    """
    for model in dict.fromkeys(entry.model for entry in entries):
        of_model = [entry for entry in entries if entry.model == model]
        read = [e for e in of_model if e.reason_code != SERIES_NOT_ACCEPTED]
        yield from read or of_model[:1]
