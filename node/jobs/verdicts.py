"""Why each series of a study was read or not, as the ledger keeps it.

What a technologist typed as a description may hold the name of the patient. It is kept
for ``explain``, without any word that identifies somebody (docs/promises.md 9).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydicom import Dataset

from models.contract import SeriesInfo
from models.volume.headers import text
from models.volume.series import StudyHeaders
from node.jobs.job import Verdict
from node.predict.choose import NOT_ASKED, Choice

PERSON = (
    "PatientName",
    "OtherPatientNames",
    "PatientBirthName",
    "PatientMotherBirthName",
    "PatientID",
    "OtherPatientIDs",
    "PatientBirthDate",
    "PatientAddress",
    "PatientComments",
    "AccessionNumber",
    "ReferringPhysicianName",
    "PerformingPhysicianName",
    "OperatorsName",
    "InstitutionName",
)
"""Elements whose words identify somebody (after PS3.15 table E.1-1)."""

LEFT_OUT = "…"

SHORT = 4
"""A word of so many letters is left out where it stands alone: it may be part of
any other."""

_WORD = re.compile(r"[^\W_]+")
_SHORT_ASCII = re.compile(r"[A-Za-z0-9]{1,2}", re.ASCII)
"""Initials and numbers of two digits occur in every description."""


def verdicts(choice: Choice, study: StudyHeaders) -> tuple[Verdict, ...]:
    """Return the verdict on every series that was asked about, by series number."""
    return tuple(_verdict(choice, study, series) for series in asked(choice, study))


def asked(choice: Choice, study: StudyHeaders) -> Iterator[SeriesInfo]:
    """Yield the series of a study but those that have a job of their own."""
    for series in study.series:
        refusal = choice.refusals.get(series.series_instance_uid)
        if refusal is None or refusal.reason != NOT_ASKED:
            yield series


def _verdict(choice: Choice, study: StudyHeaders, series: SeriesInfo) -> Verdict:
    refusal = choice.refusals.get(series.series_instance_uid)
    detail = refusal.detail if refusal else choice.because
    words = person_words(study.datasets[series.instances[0].sop_instance_uid])
    return Verdict(
        series_instance_uid=series.series_instance_uid,
        series_number=series.series_number,
        description=without(words, series.series_description),
        images=len(series.instances),
        chosen=refusal is None,
        reason=refusal.reason if refusal else "",
        detail=without(words, detail),
    )


def person_words(header: Dataset) -> frozenset[str]:
    """Return the words, in lower case, by which a header identifies somebody."""
    return frozenset(
        word.lower()
        for keyword in PERSON
        for word in _WORD.findall(text(header, keyword))
        if not _SHORT_ASCII.fullmatch(word)
    )


def without(words: frozenset[str], said: str) -> str:
    """Return a text with each of these words left out, in any case.

    A longer one is left out inside another word too: a name is typed without a space
    as well.

    >>> without(frozenset({"ivanov"}), "T1 IVANOV2 crop")
    'T1 …2 crop'
    """
    if not words:
        return said
    names = sorted(words, key=len, reverse=True)
    either = "|".join(
        re.escape(name)
        if len(name) > SHORT or not name.isascii()
        else rf"(?<![^\W_]){re.escape(name)}(?![^\W_])"
        for name in names
    )
    return re.sub(either, LEFT_OUT, said, flags=re.IGNORECASE)
