"""From a volume and a person to a position in each norm, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from models.hippocampus.interpretation.norms import words
from models.hippocampus.interpretation.norms.calibration import (
    MISMATCH,
    OTHER_NORM,
    OTHER_WEIGHTS,
    OUTSIDE_CONTROLS,
    UNREADABLE,
    Calibration,
    Entry,
)
from models.hippocampus.interpretation.norms.distribution import Distribution
from models.hippocampus.interpretation.norms.norm import Norm, Subject, load_norms
from models.hippocampus.interpretation.volumes import WHOLE, volumes_mm3
from models.history import LEFT, RIGHT, Interpretation, Patient
from models.terms import Code, Measurement, Statement

Z_SCORE = Code("121416", "DCM", "Z-score of measurement")
NO_UNIT = Code("1", "UCUM", "no units")

SIDES = {LEFT: "left", RIGHT: "right"}


def subject_of(patient: Patient) -> Subject:
    """Return what a norm asks of a person."""
    side = SIDES.get(patient.laterality) if patient.laterality else None
    return Subject(patient.age_years, patient.sex, side, patient.intracranial_mm3)


def interpret(
    measurements: Sequence[Measurement],
    patient: Patient,
    *,
    segmenter: str,
    weights_sha256: str,
    norms: Sequence[Norm] | None = None,
) -> Interpretation:
    """Return the position of the whole hippocampus in every norm that holds.

    Its parts have none: their border moves with age.

    Parameters
    ----------
    segmenter
        What measured: a norm of another one needs a calibration of the site.
    weights_sha256
        Of the weights that measured: a calibration holds for equal ones only.
    norms
        Those to ask; else all that there are.
    """
    volume = volumes_mm3(measurements).get(WHOLE)
    if volume is None:
        return Interpretation(statements=(words.withheld(WHOLE, "volume_missing"),))
    measured: list[Measurement] = []
    said: list[Statement] = []
    subject = subject_of(patient)
    for norm in load_norms() if norms is None else norms:
        entry, refused = _entry(norm, subject, segmenter, weights_sha256, patient)
        reasons = [*norm.refusals(subject), *refused]
        if reasons:
            said.append(words.not_given(WHOLE, norm, reasons, entry))
            continue
        spread = norm.distribution(subject)
        if entry:
            spread = spread.moved(entry.bias_mm3.value, entry.sd_ratio.value)
        if spread.is_normal:
            measured.append(_score(norm, spread, volume, entry))
        said.append(_position(norm, subject, spread, volume, entry))
    return Interpretation(tuple(measured), tuple(said))


def _entry(
    norm: Norm,
    subject: Subject,
    segmenter: str,
    weights_sha256: str,
    patient: Patient,
) -> tuple[Entry | None, list[str]]:
    """Return the calibration of a norm, or the reason why it has none that counts."""
    if norm.segmenter == segmenter:
        return None, []
    if patient.calibration is None:
        return None, [MISMATCH]
    calibration = _read(patient.calibration)
    if calibration is None:
        return None, [UNREADABLE]
    if calibration.weights_sha256 != weights_sha256:
        return None, [OTHER_WEIGHTS]
    entry = calibration.entry(norm, subject.side)
    if entry is None:
        return None, [MISMATCH]
    if entry.norm_sha256 != norm.digest:
        return entry, [OTHER_NORM]
    return entry, [] if entry.covers(subject) else [OUTSIDE_CONTROLS]


def _read(content: Mapping[str, Any]) -> Calibration | None:
    try:
        return Calibration.of(content)
    except ValueError:
        return None


def _score(
    norm: Norm, spread: Distribution, volume: float, entry: Entry | None
) -> Measurement:
    score = spread.score(volume)
    margin = entry.score_margin(score) if entry else None
    return Measurement(
        WHOLE,
        Z_SCORE,
        score,
        NO_UNIT,
        decimals=1,
        interval=(score - margin, score + margin) if margin else None,
        reference=norm.reference,
    )


def _position(
    norm: Norm,
    subject: Subject,
    spread: Distribution,
    volume: float,
    entry: Entry | None,
) -> Statement:
    if entry is None:
        return words.position(WHOLE, norm, subject, spread.step(volume))
    margin = entry.score_margin(spread.score(volume)) * spread.sd_mm3
    ends = spread.step(volume - margin), spread.step(volume + margin)
    step = spread.step(volume)
    return words.position(WHOLE, norm, subject, step, words.calibrated(entry, ends))
