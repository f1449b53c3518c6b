"""How a volume is spread among healthy people of one age, sex, side and head size."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from statistics import NormalDist

BOUNDS = (2.5, 5.0, 10.0, 25.0, 75.0, 90.0, 95.0, 97.5)
"""Percentiles between which a position is told; a finer one would feign precision."""

Z_BOUNDS = tuple(NormalDist().inv_cdf(bound / 100) for bound in BOUNDS)

STEPS = (
    "below the 2.5th percentile",
    "2.5th to 5th percentile",
    "5th to 10th percentile",
    "10th to 25th percentile",
    "25th to 75th percentile",
    "75th to 90th percentile",
    "90th to 95th percentile",
    "95th to 97.5th percentile",
    "above the 97.5th percentile",
)
"""The words that are printed, lowest first."""

Z_OF_EXTREMES = Z_BOUNDS[-1] - Z_BOUNDS[0]


@dataclass(frozen=True, slots=True)
class Distribution:
    """Volumes of one kind of person.

    Attributes
    ----------
    centre_mm3, sd_mm3
        Mean and standard deviation; of a table of percentiles the median, and the
        distance of the outermost percentiles as standard deviations of a normal one.
    bounds_mm3
        Volumes at ``BOUNDS``.
    is_normal
        Whether the norm states a mean and a standard deviation: only then is a
        z-score one of the norm, and not of our making.
    """

    centre_mm3: float
    sd_mm3: float
    bounds_mm3: tuple[float, ...]
    is_normal: bool

    def __post_init__(self) -> None:
        if len(self.bounds_mm3) != len(BOUNDS):
            raise ValueError(f"a distribution has {len(BOUNDS)} bounds")
        if list(self.bounds_mm3) != sorted(set(self.bounds_mm3)) or self.sd_mm3 <= 0:
            raise ValueError("the percentiles of a distribution do not rise")

    @classmethod
    def normal(cls, mean_mm3: float, sd_mm3: float) -> Distribution:
        """Return the normal distribution of a mean and a standard deviation."""
        bounds = tuple(mean_mm3 + z * sd_mm3 for z in Z_BOUNDS)
        return cls(mean_mm3, sd_mm3, bounds, is_normal=True)

    @classmethod
    def tabulated(cls, median_mm3: float, bounds: tuple[float, ...]) -> Distribution:
        """Return what a table of percentiles says, and nothing between them."""
        sd = (bounds[-1] - bounds[0]) / Z_OF_EXTREMES
        return cls(median_mm3, sd, bounds, is_normal=False)

    def score(self, volume_mm3: float) -> float:
        """Return the distance from the centre in standard deviations."""
        return (volume_mm3 - self.centre_mm3) / self.sd_mm3

    def step(self, volume_mm3: float) -> str:
        """Return between which percentiles a volume lies; the upper one counts.

        >>> Distribution.normal(4000.0, 400.0).step(4000.0)
        '25th to 75th percentile'
        """
        return STEPS[bisect_left(self.bounds_mm3, volume_mm3)]

    def moved(self, bias_mm3: float, sd_ratio: float) -> Distribution:
        """Return it as another segmenter measures the same people."""
        centre = self.centre_mm3 + bias_mm3
        bounds = tuple(
            centre + sd_ratio * (bound - self.centre_mm3) for bound in self.bounds_mm3
        )
        return replace(
            self,
            centre_mm3=centre,
            sd_mm3=self.sd_mm3 * sd_ratio,
            bounds_mm3=bounds,
        )
