"""Judged studies with made-up scores: who is right can be counted by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from models.chest_ct.cases.case import Case
from models.chest_ct.validation.evaluation.judged import (
    SCORES,
    Judged,
    Lesion,
    Reading,
)
from models.training.classification.threshold import Threshold

THRESHOLDS = {mode: Threshold(0.5, "pathology") for mode in ("full", "fast")}


def reading(score: float, sharpness: float = 0.0, **changes: Any) -> Reading:
    """Return a reading in which everything says the same."""
    made = Reading(
        kernel="B70f" if sharpness else "B30f",
        sharpness=sharpness,
        thickness_mm=2.0,
        scores=dict.fromkeys(SCORES, score),
        mean_hu=-850.0,
        seconds=1.5,
    )
    return replace(made, **changes)


def judged(number: int, score: float, *kinds: str, **changes: Any) -> Judged:
    """Return a study of a patient of its own; without kinds there is no disease."""
    made = Judged(
        study=f"study {number}",
        patient=f"patient {number}",
        is_positive=bool(kinds),
        reading=reading(score),
        lesions=tuple(Lesion(kind, 8.0, 0.01) for kind in kinds),
        places=(),
    )
    return replace(made, **changes)


def as_labelled(case: Case, bundle: Path) -> Judged:
    """Return a study that is judged as its label says, whatever the bundle is."""
    made = judged(0, 0.0, *(["NODULE"] if case.is_positive else []))
    said = reading(0.8 if case.is_positive else 0.2)
    return replace(made, study=case.name, patient=case.patient, reading=said)
