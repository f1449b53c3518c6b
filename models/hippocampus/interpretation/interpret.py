"""What the numbers say of this person: side, position in norms, asymmetry, change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from models.hippocampus.findings import MIRRORED, NO_HEAD_SIZE
from models.hippocampus.interpretation import asymmetry, norms, progression
from models.hippocampus.interpretation.norms import words
from models.hippocampus.interpretation.progression import words as change_words
from models.hippocampus.interpretation.volumes import WHOLE, believable
from models.history import RIGHT, Interpretation, Patient
from models.terms import Flag, Grade, Measurement, Structure, grade

SEGMENTER = "pacs-ai-node hippocampus"
"""Who draws: no published norm is of it, each needs a calibration of the site."""


def interpret(
    measurements: Sequence[Measurement],
    flags: Sequence[Flag],
    patient: Patient,
    reading: progression.Reading,
) -> Interpretation:
    """Return all that the volumes say once the person is known.

    A result of grade C is no ground for more: position, asymmetry and change are
    withheld.

    Parameters
    ----------
    measurements
        Volumes of this study.
    flags
        What limits the trust in them.
    """
    if grade(tuple(flags)) is Grade.C:
        return _merged(_refused())
    patient = believable(patient)
    position = norms.interpret(
        measurements,
        patient,
        segmenter=SEGMENTER,
        weights_sha256=reading.weights_sha256,
    )
    return _merged(
        (
            position,
            asymmetry.interpret(measurements, patient, reading.device_uid),
            progression.interpret(measurements, patient, reading),
        )
    )


def known_of(patient: Patient) -> Iterator[Flag]:
    """Yield what is not known of the person, or was declared and not seen."""
    if patient.laterality is None:
        yield Flag(
            "side_not_determinable", "Side not determinable from a cropped series."
        )
    elif patient.laterality_source == "declared":
        side = patient.laterality.meaning.lower()
        yield Flag(
            "side_declared", f"Side {side}: declared by the site, not seen in the crop."
        )
    if patient.laterality == RIGHT:
        yield Flag(
            MIRRORED,
            "The right hippocampus was mirrored to be read: all training crops show "
            "the left hand, and accuracy was measured on such crops alone.",
            Grade.B,
        )
    if patient.intracranial_mm3 is None:
        yield Flag("no_head_size", NO_HEAD_SIZE)


def on_side(structures: Iterable[Structure], patient: Patient) -> tuple[Structure, ...]:
    """Return structures with the side of the person's series, if it is known."""
    return tuple(replace(s, laterality=patient.laterality) for s in structures)


def _refused() -> tuple[Interpretation, ...]:
    position = words.withheld(WHOLE, "grade_c")
    return (
        Interpretation(statements=(position,)),
        asymmetry.withheld(asymmetry.GRADE_C),
        Interpretation(statements=(change_words.withheld("grade_c"),)),
    )


def _merged(parts: Sequence[Interpretation]) -> Interpretation:
    return Interpretation(
        measurements=tuple(m for part in parts for m in part.measurements),
        statements=tuple(s for part in parts for s in part.statements),
        flags=tuple(flag for part in parts for flag in part.flags),
        trends=tuple(trend for part in parts for trend in part.trends),
    )
