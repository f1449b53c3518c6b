"""Who read a study, and what is known of readings by the same weights."""

from __future__ import annotations

from dataclasses import dataclass

from models.hippocampus.interpretation.progression.noise import Noise
from models.hippocampus.interpretation.progression.response import Response
from models.volume.bundle import Bundle
from models.volume.device import device_uid


@dataclass(frozen=True, slots=True)
class Reading:
    """Who reads which study: what of a reading is no property of the person.

    Attributes
    ----------
    weights_sha256
        Of the weights that measured.
    noise
        Of one reading, as the bundle states it; None withholds intervals.
    response
        What the network follows of a change; None where nobody measured it.
    """

    study_instance_uid: str
    weights_sha256: str
    noise: Noise | None = None
    response: Response | None = None

    @classmethod
    def of(cls, bundle: Bundle, study_instance_uid: str) -> Reading:
        """Return the reading that a bundle makes."""
        return cls(
            study_instance_uid,
            bundle.weights_digest,
            Noise.of(bundle.training),
            Response.of(bundle.training),
        )

    @property
    def device_uid(self) -> str:
        """Device UID (0018,1002) of the weights."""
        return device_uid(self.weights_sha256)

    def sem_percent(self, name: str) -> float | None:
        """Return the SEM of a structure in per cent of its volume; None if unknown."""
        known = self.noise.spreads.get(name) if self.noise else None
        return known.sem if known else None
