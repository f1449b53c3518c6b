"""The kinds of disease that the model tells apart, and their order of danger."""

from __future__ import annotations

from enum import IntEnum

POSITIVE = "pathology"
"""The class of labels, probabilities and thresholds alike."""


class Kind(IntEnum):
    """A kind of disease; the value is its label wherever kinds are drawn."""

    NODULE = 1
    CONSOLIDATION = 2
    GROUND_GLASS = 3
    EFFUSION = 4
    PNEUMOTHORAX = 5
    EMPHYSEMA = 6


MOST_DANGEROUS_FIRST = (
    Kind.PNEUMOTHORAX,
    Kind.NODULE,
    Kind.CONSOLIDATION,
    Kind.EFFUSION,
    Kind.GROUND_GLASS,
    Kind.EMPHYSEMA,
)
"""A reading order for triage and no grading of a patient: what may not wait for
minutes, then what may be cancer, then what is acute, then what is of long standing."""
