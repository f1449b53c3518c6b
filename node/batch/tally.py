"""How the entries of a run ended, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean, median

from node.batch.entry import INTERRUPTED, NO_STUDY, Entry
from node.batch.zip_contents import DUPLICATE
from node.jobs.job import JobState


class Ending(StrEnum):
    """How one entry ended."""

    REPORTED = "reported"
    NOT_APPLICABLE = "not_applicable"
    FAILED = "failed"
    NO_STUDY = "no_study"
    NOT_READ = "not_read"
    """The run was interrupted before it, or in the middle of it."""


FAULTS = frozenset({Ending.FAILED, Ending.NO_STUDY, Ending.NOT_READ})
"""Endings that somebody has to look at."""

COLOURS = {
    Ending.REPORTED: "green",
    Ending.NOT_APPLICABLE: "yellow",
    Ending.FAILED: "red",
    Ending.NO_STUDY: "red",
    Ending.NOT_READ: "red",
}


def ending_of(entry: Entry) -> Ending:
    """Return how an entry ended."""
    if entry.is_reported:
        return Ending.REPORTED
    if entry.is_not_applicable:
        return Ending.NOT_APPLICABLE
    if entry.reason_code == NO_STUDY:
        return Ending.NO_STUDY
    unended = entry.job is not None and entry.job.state is not JobState.FAILED
    if unended or (entry.reason_code == INTERRUPTED and entry.job is None):
        return Ending.NOT_READ
    return Ending.FAILED


def is_copy(entry: Entry) -> bool:
    """Tell a ZIP of which every study is read under another name.

    Nobody has to look at it, and it is no study without a result.
    """
    return entry.reason_code == NO_STUDY and entry.detail == DUPLICATE


@dataclass(frozen=True, slots=True)
class Counts:
    """How many entries ended how; with two models a study has two entries.

    Attributes
    ----------
    studies
        Different studies that were found.
    kept
        Entries that an earlier run had finished; they count in another number too.
    """

    studies: int
    reported: int
    not_applicable: int
    failed: int
    no_study: int
    not_read: int
    kept: int


def count(entries: Iterable[Entry]) -> Counts:
    """Count how the entries ended."""
    told = list(entries)
    endings = Counter(ending_of(entry) for entry in told)
    studies = {entry.study_instance_uid for entry in told} - {""}
    return Counts(
        studies=len(studies),
        kept=sum(entry.was_kept for entry in told),
        **{ending.value: endings[ending] for ending in Ending},
    )


def of_models_meant(entries: Sequence[Entry]) -> list[Entry]:
    """Leave out the models that a study is not for, where it is for another one.

    That a chest model reads no head is nothing to tell who asked about a head.
    """
    read = {e.study_instance_uid for e in entries if not e.is_not_applicable}
    return [
        each
        for each in entries
        if not (each.is_not_applicable and each.study_instance_uid in read)
    ]


def for_others(entries: Iterable[Entry]) -> frozenset[str]:
    """Return the models whose studies are all for another model, which is told of them.

    A study that no model reads keeps its reasons, of each model.
    """
    told = [entry for entry in entries if ending_of(entry) is not Ending.NO_STUDY]
    meant = {entry.model for entry in of_models_meant(told)}
    return frozenset({entry.model for entry in told} - meant)


@dataclass(frozen=True, slots=True)
class Totals:
    """What a model decided about the studies of a run, and how long a study took.

    Attributes
    ----------
    positive
        Class of the answers; "" where none was given.
    suspected, below_threshold
        Results whose answer is positive, and the others.
    mean_seconds, median_seconds
        Of the studies with a result; None without one.
    """

    positive: str
    suspected: int
    below_threshold: int
    mean_seconds: float | None
    median_seconds: float | None


def totals_of(entries: Iterable[Entry]) -> Totals:
    """Sum up the entries of one model."""
    reported = [entry for entry in entries if entry.is_reported]
    answers = [entry.answer for entry in reported if entry.answer]
    seconds = [entry.seconds for entry in reported if entry.seconds is not None]
    suspected = sum(answer.is_positive for answer in answers)
    return Totals(
        positive=answers[0].positive if answers else "",
        suspected=suspected,
        below_threshold=len(answers) - suspected,
        mean_seconds=fmean(seconds) if seconds else None,
        median_seconds=median(seconds) if seconds else None,
    )
