"""What a model decided and where it saw it, plain enough to cross processes.

Kept as text with each result, so that a row made another day says the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # arrays, which no help page needs
    import numpy as np
    import numpy.typing as npt

    from models.contract import Findings
    from models.evidence import Classification, Location

Box = tuple[int, int, int, int, int, int]
BoxMm = tuple[float, float, float, float, float, float]
Images = tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Classified:
    """A classification of the report: its numbers, and as they are printed there.

    The fields are those of ``models.evidence.Classification``.
    """

    structure: str
    name: str
    positive: str
    probability: float
    printed: str
    threshold: float
    printed_threshold: str
    is_positive: bool
    decided_by: str = ""
    evidence: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, answer: Classification) -> Classified:
        """Return what is kept of a classification."""
        return cls(
            structure=answer.structure,
            name=answer.name.meaning,
            positive=answer.positive,
            probability=answer.probability,
            printed=answer.printed,
            threshold=answer.threshold,
            printed_threshold=answer.printed_threshold,
            is_positive=answer.is_positive,
            decided_by=answer.decided_by,
            evidence=dict(answer.evidence),
        )

    @property
    def told(self) -> str:
        """The answer in words, with its numbers; below the threshold is not normal."""
        said = f"{self.positive} suspected" if self.is_positive else "below threshold"
        told = f"{said}, {self.printed} (threshold {self.printed_threshold})"
        return f"{told}, decided by {self.decided_by}" if self.decided_by else told


@dataclass(frozen=True, slots=True)
class Located:
    """Where something was found.

    Attributes
    ----------
    xyz
        ``x_min, x_max, y_min, y_max, z_min, z_max`` in voxels of the series, from 0.
    box_mm
        The same corners in patient LPS millimetres.
    images
        Lowest and highest Instance Number, which is what a viewer writes beside an
        image; None where these do not tell the images apart.
    """

    structure: str
    xyz: Box
    box_mm: BoxMm
    score: float
    found_by: str = ""
    images: Images = None

    @classmethod
    def of(
        cls, place: Location, affine: npt.NDArray[np.float64], images: Images = None
    ) -> Located:
        """Return what is kept of a location in a volume of this affine."""
        (x, y, z), (x_last, y_last, z_last) = place.corners_mm(affine)
        box_mm = (x, x_last, y, y_last, z, z_last)
        return cls(
            place.structure, place.xyz, box_mm, place.score, place.found_by, images
        )


@dataclass(frozen=True, slots=True)
class Answers:
    """All that a model answered about one study; empty for one that only measures.

    Attributes
    ----------
    classified
        The first is the answer of the result.
    located
        The most dangerous first.
    """

    classified: tuple[Classified, ...] = ()
    located: tuple[Located, ...] = ()

    @classmethod
    def of(
        cls,
        findings: Findings,
        affine: npt.NDArray[np.float64],
        images: Sequence[Images],
    ) -> Answers:
        """Return what findings in a volume of this affine answer.

        Parameters
        ----------
        images
            Of each location, as `Located` has them.
        """
        places = zip(findings.locations, images, strict=True)
        return cls(
            tuple(map(Classified.of, findings.classifications)),
            tuple(Located.of(place, affine, found) for place, found in places),
        )

    def plain(self) -> dict[str, list[dict[str, Any]]]:
        """Return both lists for a machine."""
        return {
            "classifications": [asdict(each) for each in self.classified],
            "locations": [asdict(each) for each in self.located],
        }

    def text(self) -> str:
        """Return them as the ledger keeps them."""
        return json.dumps(self.plain(), ensure_ascii=False)

    @classmethod
    def of_text(cls, text: str | None) -> Answers:
        """Return what ``text`` kept; an older ledger kept none."""
        kept = json.loads(text or "{}")
        return cls(
            tuple(Classified(**each) for each in kept.get("classifications", ())),
            tuple(_located(each) for each in kept.get("locations", ())),
        )


def _located(plain: Mapping[str, Any]) -> Located:
    several = ("xyz", "box_mm", "images")
    corners = {name: tuple(plain[name]) for name in several if plain.get(name)}
    return Located(**{**plain, **corners})
