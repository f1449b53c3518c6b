"""How far the two sides of one person differ; only where both are proven.

The share by which the smaller is smaller, as the Dallas Heart Study measured it in
2082 people of the population with two segmenters, neither of which is this model:
its percentiles are quoted, and none is given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from models.hippocampus.findings import MIRRORED
from models.hippocampus.interpretation.volumes import WHOLE, volumes_mm3
from models.history import LEFT, RIGHT, Interpretation, Patient, Prior
from models.terms import Code, Measurement, Statement

LABEL = "Asymmetry"
SIDE_UNKNOWN = "side_unknown"
OTHER_SIDE_MISSING = "other_side_missing"
GRADE_C = "grade_c"

SOURCE = (
    "Dallas Heart Study (n = 2082; doi 10.3174/ajnr.A3308, PMC7964497): 90th "
    "percentile of the population 8.5 % by FreeSurfer (8.3 to 9.0), 17.9 % by "
    "FSL-FIRST (17.0 to 19.1); this model is neither"
)
FORMULA = "100·|L \N{MINUS SIGN} R| / larger"

WHY: Mapping[str, str] = {
    SIDE_UNKNOWN: "Not determined: the side is neither proven nor declared.",
    OTHER_SIDE_MISSING: "Not determined: the images that were read show one side only.",
    GRADE_C: "Not determined: the measurement is of grade C.",
}


@dataclass(frozen=True, slots=True)
class BothSides:
    """Volumes of both hippocampi of one person, of one day, in mm³."""

    left_mm3: float
    right_mm3: float

    def __post_init__(self) -> None:
        if min(self.left_mm3, self.right_mm3) <= 0:
            raise ValueError("a hippocampus has a volume above 0")

    @property
    def percent(self) -> float:
        """The difference as a share of the larger side.

        >>> BothSides(3000.0, 4000.0).percent
        25.0
        """
        larger = max(self.left_mm3, self.right_mm3)
        return 100 * abs(self.left_mm3 - self.right_mm3) / larger


def interpret(
    measurements: Sequence[Measurement], patient: Patient, device_uid: str
) -> Interpretation:
    """Return the asymmetry, or why there is none.

    A job reads one side; the other one is taken from a result of the same day, the
    same weights and a proven other side, against which nothing is known. The node
    tells of earlier days alone: until whole heads are read there is none.

    Parameters
    ----------
    device_uid
        Device UID (0018,1002) of the weights that measured.
    """
    volume = volumes_mm3(measurements).get(WHOLE)
    if volume is None or patient.laterality not in {LEFT, RIGHT}:
        return withheld(SIDE_UNKNOWN)
    others = [
        other
        for prior in _other_side(patient, patient.laterality, device_uid)
        if (other := volumes_mm3(prior.measurements).get(WHOLE)) is not None
    ]
    if not others:
        return withheld(OTHER_SIDE_MISSING)
    left, right = (
        (volume, others[-1]) if patient.laterality == LEFT else (others[-1], volume)
    )
    return Interpretation(statements=(_statement(BothSides(left, right)),))


def withheld(reason: str) -> Interpretation:
    """Return the sentence that no asymmetry is given, and why."""
    return Interpretation(statements=(Statement(LABEL, WHY[reason], WHOLE, reason),))


def _statement(sides: BothSides) -> Statement:
    smaller = "left" if sides.left_mm3 < sides.right_mm3 else "right"
    which = f"; {smaller} smaller" if sides.left_mm3 != sides.right_mm3 else ""
    return Statement(
        LABEL,
        f"{sides.percent:.1f} % (left {sides.left_mm3:.0f}, right "
        f"{sides.right_mm3:.0f} mm³{which}), {FORMULA}. {SOURCE}.",
        WHOLE,
    )


def _other_side(patient: Patient, side: Code, device_uid: str) -> Iterator[Prior]:
    other = RIGHT if side == LEFT else LEFT
    for prior in patient.priors:
        if (
            prior.study_date == patient.study_date
            and prior.laterality == other
            and prior.device_uid == device_uid != ""
            and not set(prior.cautions) - {MIRRORED}
        ):
            yield prior
