"""Taking results back: a rejection note for each, kept and addressed in the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydicom import Dataset, dcmread
from pydicom.errors import InvalidDicomError

from models.terms import Code
from models.volume.bundle import sha256_file
from models.volume.headers import quiet
from node.config_reading import ReportSettings
from node.errors import NodeError
from node.jobs.job import ObjectFile
from node.jobs.ledger import Ledger
from node.jobs.ledger_retractions import Retraction, SentResult
from node.jobs.objects import write_objects
from node.lock import alone
from node.report.rejection import Rejected, build_rejection
from node.report.sop import ReportObject

LOCK_FILE = "retraction.lock"
"""Held while notes are written: two commands would write one note twice."""

IMAGES = frozenset({"SEG", "SC"})
"""Kinds of objects that a note references as images."""


@dataclass(frozen=True, slots=True)
class Why:
    """Why results are taken back: the title of the note, and words."""

    title: Code
    reason: str


def take_back(
    ledger: Ledger,
    results: Sequence[SentResult],
    why: Why,
    settings: ReportSettings,
    now: datetime,
) -> list[int]:
    """Make the notes, then take the results back in one transaction.

    A result of which no object can be read any more gets no note: nobody knows whose
    it is. What was taken back before is left as it was.

    Returns
    -------
    list of int
        The ``result_id`` of each that is taken back now.

    Raises
    ------
    NodeError
        A note cannot be written; nothing is taken back.
    """
    with alone(ledger.database.path.parent / LOCK_FILE):
        before = ledger.retractions.taken_back()  # by another command, just now
        recorded = [
            (
                result.result_id,
                Retraction(
                    why.title.value, why.reason, now, _note(result, why, settings, now)
                ),
            )
            for result in results
            if before.isdisjoint(made.sop_instance_uid for made in result.objects)
        ]
        return ledger.retractions.take_back(recorded, now)


@quiet()
def _note(
    result: SentResult, why: Why, settings: ReportSettings, now: datetime
) -> ObjectFile | None:
    """Write the note of a result beside its objects; None when none can be made."""
    source = next(_intact(result.objects), None)
    if source is None:
        return None
    rejected = [
        Rejected(
            made.sop_class_uid,
            made.sop_instance_uid,
            made.series_instance_uid,
            made.kind in IMAGES,
        )
        for made in result.objects
    ]
    note = build_rejection(source, rejected, why.title, why.reason, now, settings)
    folder = result.objects[0].path.parent
    try:
        (written,) = write_objects([ReportObject.of("KO", note)], folder)
    except OSError as error:
        raise NodeError(
            f"a rejection note cannot be written ({error.strerror}): nothing is taken "
            "back"
        ) from None
    return written


def _intact(objects: Sequence[ObjectFile]) -> Iterator[Dataset]:
    """Yield the headers of the objects whose files are what was written."""
    for made in objects:
        try:
            if sha256_file(made.path) == made.sha256:
                yield dcmread(made.path, stop_before_pixels=True)
        except (OSError, InvalidDicomError):
            continue
