"""What profiles of lungs without disease look like, and how much they vary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from models.chest_ct.zprofile.profile import LEVELS, QUANTITIES, Curve, LungProfile

BAND = (5.0, 95.0)
"""Percentiles between which a profile is usual."""

WIDTH_SD = 3.29
"""Standard deviations between the two, of a normal distribution."""

LEAST_SCALE: Mapping[str, float] = MappingProxyType(
    {
        "area": 0.03,
        "mean_hu": 10.0,
        "dense": 0.01,
        "ground_glass": 0.02,
        "emphysema": 0.01,
        "area_asymmetry": 0.03,
        "density_asymmetry": 10.0,
    }
)
"""Smallest standard deviation that a difference is divided by: where the references
hardly vary, a trifle would count for much."""


@dataclass(frozen=True, slots=True)
class Reference:
    """The band of usual profiles.

    Attributes
    ----------
    low, middle, high
        Name of a quantity → ``(LEVELS,)``: 5th, 50th and 95th percentile.
    count
        Profiles that it was made from.
    """

    low: Mapping[str, Curve]
    middle: Mapping[str, Curve]
    high: Mapping[str, Curve]
    count: int

    @classmethod
    def of(cls, profiles: Sequence[LungProfile]) -> Reference:
        """Return the band of profiles.

        Raises
        ------
        ValueError
            There are fewer than twenty: no 5th percentile is known.
        """
        if len(profiles) < 20:
            raise ValueError(f"a band needs 20 profiles, not {len(profiles)}")
        stacked = {q: np.stack([p.curves[q] for p in profiles]) for q in QUANTITIES}
        low, middle, high = (
            {q: np.percentile(curves, part, axis=0) for q, curves in stacked.items()}
            for part in (BAND[0], 50.0, BAND[1])
        )
        return cls(
            MappingProxyType(low),
            MappingProxyType(middle),
            MappingProxyType(high),
            len(profiles),
        )

    def excess(self, profile: LungProfile) -> dict[str, Curve]:
        """Return by how many standard deviations a profile leaves the band.

        Returns
        -------
        dict
            Name of a quantity → ``(LEVELS,)``: above 0 over the band, below 0 under
            it, 0 inside.
        """
        return {q: self._excess(q, profile.curves[q]) for q in QUANTITIES}

    def _excess(self, quantity: str, curve: Curve) -> Curve:
        low, high = self.low[quantity], self.high[quantity]
        scale = np.maximum((high - low) / WIDTH_SD, LEAST_SCALE[quantity])
        over = np.maximum(curve - high, 0.0) - np.maximum(low - curve, 0.0)
        divided: Curve = over / scale
        return divided

    def tensors(self) -> dict[str, npt.NDArray[np.float32]]:
        """Return what is written to a file, by its name there."""
        parts = {"low": self.low, "middle": self.middle, "high": self.high}
        return {
            f"{part}.{q}": np.asarray(curves[q], np.float32)
            for part, curves in parts.items()
            for q in QUANTITIES
        } | {"count": np.array([self.count], np.float32)}

    @classmethod
    def read(cls, tensors: Mapping[str, npt.NDArray[np.floating]]) -> Reference:
        """Return the reference that `tensors` wrote.

        Raises
        ------
        ValueError
            A curve is missing, has another number of levels, or is no band.
        """
        parts = {}
        for part in ("low", "middle", "high"):
            curves = {q: tensors.get(f"{part}.{q}") for q in QUANTITIES}
            for q, curve in curves.items():
                if curve is None or curve.shape != (LEVELS,):
                    raise ValueError(f"the reference has no curve {part}.{q}")
            parts[part] = MappingProxyType(
                {q: np.asarray(c, np.float64) for q, c in curves.items()}
            )
        for q in QUANTITIES:
            low, middle, high = (parts[part][q] for part in parts)
            if not ((low <= middle) & (middle <= high)).all():  # not even of NaN
                raise ValueError(f"the reference has no band of {q}")
        return cls(**parts, count=int(tensors["count"][0]))
