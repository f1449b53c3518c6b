"""Judged studies with made-up scores: who is right can be counted by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

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
