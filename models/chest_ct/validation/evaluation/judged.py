"""What was found out about one held-out study: a line of the journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from models.chest_ct.aggregate import CNN, SLICES, Z_PROFILE

MEAN_HU = "mean_hu"
"""Mean density of the lungs, the plainest measure of all: shown beside every figure."""

MODES = ("full", "fast")
ALONE = (CNN, SLICES, Z_PROFILE, MEAN_HU)
SCORES = (*MODES, *ALONE)
"""Names of everything that gives a study a number from 0 to 1."""

AIR_HU = -1000.0


@dataclass(frozen=True, slots=True)
class Reading:
    """What was said of a study, seen by one scanner.

    Attributes
    ----------
    kernel, sharpness, thickness_mm
        Of the acquisition; "", None and None where it is not known.
    scores
        `SCORES` → 0 to 1; empty where the study was refused.
    mean_hu
        Of the lungs.
    refused
        Reason code; "" where it was read.
    seconds
        To read it.
    """

    kernel: str = ""
    sharpness: float | None = None
    thickness_mm: float | None = None
    scores: Mapping[str, float] = field(default_factory=dict)
    mean_hu: float | None = None
    refused: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Lesion:
    """A lesion that is there.

    Attributes
    ----------
    kind
        Name of a `models.chest_ct.kinds.Kind`.
    """

    kind: str
    diameter_mm: float
    lung_share: float


@dataclass(frozen=True, slots=True)
class ToldPlace:
    """A place that was told, and whether it is right.

    Attributes
    ----------
    right
        It reaches disease of its kind.
    on_disease
        It reaches disease of any kind.
    """

    kind: str
    score: float
    right: bool
    on_disease: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """A study with its truth and everything that was said of it.

    Attributes
    ----------
    lesions, small, diffuse
        As the simulator drew it; empty and False elsewhere.
    twin
        The same patient in the same moment in another kernel; None without.
    places
        None where nobody knows what is where.
    """

    study: str
    patient: str
    is_positive: bool
    reading: Reading
    twin: Reading | None = None
    lesions: tuple[Lesion, ...] = ()
    small: bool = False
    diffuse: bool = False
    places: tuple[ToldPlace, ...] | None = None

    @property
    def kinds(self) -> frozenset[str]:
        """Names of the kinds that are there."""
        return frozenset(lesion.kind for lesion in self.lesions)

    def plain(self) -> dict[str, Any]:
        """Return it for JSON."""
        content = asdict(self)
        del content["study"]  # the journal has it
        return content

    @classmethod
    def of(cls, study: str, content: Mapping[str, Any]) -> Judged:
        """Read what `plain` gave."""
        told = dict(content)
        places = told.pop("places")
        twin = told.pop("twin")
        return cls(
            study,
            reading=Reading(**told.pop("reading")),
            twin=Reading(**twin) if twin else None,
            lesions=tuple(Lesion(**each) for each in told.pop("lesions")),
            places=None
            if places is None
            else tuple(ToldPlace(**each) for each in places),
            **told,
        )


def density_score(mean_hu: float) -> float:
    """Return the mean density of the lungs as a number from 0, air, to 1, water.

    >>> density_score(-850.0)
    0.15
    """
    return min(max(1 - mean_hu / AIR_HU, 0.0), 1.0)
