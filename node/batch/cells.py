"""What stands in the columns that a bundle names, of one result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

from models.volume.columns import Column, Shows
from node.batch.words import Words
from node.jobs.answers import Classified, Located
from node.jobs.job import Measured
from node.jobs.ledger_jobs import JobRow

Cell = str | int | Decimal | None
"""A Decimal has the digits that are printed; None is an empty cell."""

NOT_APPLICABLE = "N/A"
"""Stands where a result has nothing to say; an empty cell is of no result."""


def cells(
    columns: Mapping[str, Column], job: JobRow | None, words: Words
) -> dict[str, Cell]:
    """Return the cells of the columns that a bundle names, by name.

    Parameters
    ----------
    job
        With its result; None where there is none: then every cell is empty.
    """
    if job is None:
        return dict.fromkeys(columns)
    return {name: _cell(column, job, words) for name, column in columns.items()}


def _cell(column: Column, job: JobRow, words: Words) -> Cell:
    if column.shows is Shows.MEASUREMENT:
        return _number(column, job.measurements)
    if column.shows in _OF_ANSWER:
        first = next(iter(job.answers.classified), None)
        return None if first is None else _OF_ANSWER[column.shows](first, words)
    return _of_place(column.shows, job)


def _number(column: Column, measurements: Iterable[Measured]) -> Decimal | None:
    """Return the number of a column, with the digits of the report."""
    found = (
        Decimal(each.printed)
        for each in measurements
        if (each.structure, each.unit) == (column.structure, column.unit)
        and column.measurement in {"", each.name}
    )
    return next(found, None)


_OF_ANSWER: Mapping[Shows, Callable[[Classified, Words], Cell]] = {
    Shows.PROBABILITY: lambda answer, _: Decimal(answer.printed),
    Shows.THRESHOLD: lambda answer, _: Decimal(answer.printed_threshold),
    Shows.DECISION: lambda answer, _: int(answer.is_positive),
    Shows.ANSWER: lambda answer, words: words.answer(answer),
    Shows.DECIDED_BY: lambda answer, _: answer.decided_by or None,
}


def _of_place(shows: Shows, job: JobRow) -> str:
    """Return what the most dangerous finding is, or where.

    There is none where nothing is suspected: a box would gainsay the 0 beside it.
    """
    place = suspected(job)
    if place is None:
        return NOT_APPLICABLE
    if shows is Shows.TYPE:
        return place.structure
    if shows is Shows.BOX:
        return ",".join(map(str, place.xyz))
    if shows is Shows.IMAGES:
        return NOT_APPLICABLE if place.images is None else spanned(*place.images)
    return ",".join(f"{edge:z.1f}" for edge in place.box_mm)


def spanned(first: int, last: int) -> str:
    """Return a range as one number, or as two.

    >>> spanned(72, 83), spanned(5, 5)
    ('72-83', '5')
    """
    return str(first) if first == last else f"{first}-{last}"


def suspected(job: JobRow) -> Located | None:
    """Return the most dangerous finding of a positive answer, if it was located."""
    answers: Iterable[Classified] = job.answers.classified[:1]
    if not all(answer.is_positive for answer in answers):
        return None
    return next(iter(job.answers.located), None)
