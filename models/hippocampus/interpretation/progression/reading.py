"""Who read a study, and how far two readings may differ without any change."""

from __future__ import annotations

import math
from dataclasses import dataclass

from models.hippocampus.interpretation.progression.change import Z95
from models.hippocampus.interpretation.progression.noise import Noise
from models.hippocampus.interpretation.progression.response import Response


@dataclass(frozen=True, slots=True)
class Reading:
    """Who reads: what of this study is no property of the person.

    Attributes
    ----------
    device_uid
        Device UID (0018,1002) of the weights that read this study.
    noise
        Of one reading, as the bundle states it; None withholds intervals.
    response
        What the network follows of a change; of None, intervals hold noise alone.
    """

    study_instance_uid: str
    device_uid: str
    noise: Noise | None
    response: Response | None = None

    def errors(self, name: str, change: float) -> tuple[float, float] | None:
        """Return SEM and what the network leaves unsure, in per cent of the volume.

        Parameters
        ----------
        change
            Ratio of the volumes over the whole time.

        Returns
        -------
        tuple or None
            None where the noise of the structure is not known.
        """
        sem = self._sem(name)
        if sem is None:
            return None
        known = self.response and self.response.structures.get(name)
        unsure = known.unsure_percent(100 * math.log(change)) if known else 0.0
        return sem, unsure

    def point_margin(self, name: str, value: float) -> float | None:
        """Return half the 95 % interval of one volume, in its unit; None as above."""
        sem = self._sem(name)
        return None if sem is None else Z95 * sem / 100 * value

    def _sem(self, name: str) -> float | None:
        known = self.noise.spreads.get(name) if self.noise else None
        return known.sem if known else None
