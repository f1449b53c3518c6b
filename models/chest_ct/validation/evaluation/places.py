"""Whether the places that are told are where the disease is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from models.chest_ct.kinds import POSITIVE, Kind
from models.chest_ct.validation.evaluation.judged import Judged, ToldPlace
from models.training.classification.interval import Estimate, share
from models.training.classification.threshold import Threshold


def localisation(cases: Sequence[Judged], threshold: Threshold) -> dict[str, Any]:
    """Return how many of the told places are right, by kind and in all.

    Returns
    -------
    dict
        ``kinds``: told, right and on any disease of each; ``studies``: of those with
        disease that were called positive, in how many a place is on disease, and in
        how many the first one, the most dangerous, is.
    """
    known = [case for case in cases if case.places is not None]
    told = [(case.patient, place) for case in known for place in case.places or ()]
    found = [
        case
        for case in known
        if case.is_positive and threshold.calls(case.reading.scores["full"], POSITIVE)
    ]
    return {
        "kinds": {
            kind.name.lower(): _kind([(p, t) for p, t in told if t.kind == kind.name])
            for kind in Kind
        },
        "all": _kind(told),
        "studies": {
            "called": len(found),
            "any_on_disease": _studies(found, first_alone=False).plain(),
            "first_on_disease": _studies(found, first_alone=True).plain(),
        },
    }


def _kind(told: Sequence[tuple[str, ToldPlace]]) -> dict[str, Any]:
    patients = [patient for patient, _ in told]
    every = np.ones(len(told), np.bool_)
    right, on_disease = (
        share(np.array([*flags], np.bool_), every, patients).plain()
        for flags in (
            (place.right for _, place in told),
            (place.on_disease for _, place in told),
        )
    )
    return {"told": len(told), "right": right, "on_disease": on_disease}


def _studies(found: Sequence[Judged], *, first_alone: bool) -> Estimate:
    hits = [
        any(
            place.on_disease
            for place in (case.places or ())[: 1 if first_alone else None]
        )
        for case in found
    ]
    every = np.ones(len(found), np.bool_)
    return share(np.array(hits, np.bool_), every, [case.patient for case in found])
