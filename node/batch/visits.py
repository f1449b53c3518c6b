"""Whose the studies of a folder are, so that each visit is read before the next."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from models.volume.person import real_date
from node.batch.found import Found, StudyFiles


def whose(study: StudyFiles) -> tuple[str, date | None]:
    """Return Patient ID and day of a study, as the beginnings of its files say.

    The ID is "" where they name none, or several.
    """
    identities = [identity for _, identity in study.files]
    patients = {identity.patient_id for identity in identities} - {""}
    days = {real_date(identity.study_date) for identity in identities} - {None}
    patient = patients.pop() if len(patients) == 1 else ""
    return patient, days.pop() if len(days) == 1 else None


def in_order_of_visits(found: Sequence[Found]) -> list[Found]:
    """Return the studies with those of one patient in the order of their days.

    Only these change places, among themselves; all else stays where it was.
    """
    ordered = list(found)
    places: dict[str, list[tuple[int, date]]] = defaultdict(list)
    for place, each in enumerate(found):
        patient, day = whose(each) if isinstance(each, StudyFiles) else ("", None)
        if patient and day:
            places[patient].append((place, day))
    for visits in places.values():
        by_day = sorted(visits, key=lambda visit: visit[1])
        for (place, _), (origin, _) in zip(visits, by_day, strict=True):
            ordered[place] = found[origin]
    return ordered
