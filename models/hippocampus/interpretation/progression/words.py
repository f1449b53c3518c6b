"""What is said of change over time, in exactly these words.

A rate in per cent per year is a sentence, not a coded number: neither PS3.16 nor the
code dictionary of pydicom has a concept for it (Fractional Change, 125314 DCM, is
that of a heart beat), and a code is never invented.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from models.hippocampus.interpretation.progression.change import interval
from models.hippocampus.interpretation.progression.comparison import Visit
from models.hippocampus.interpretation.progression.noise import KIND, Noise
from models.hippocampus.interpretation.progression.reasons import beside, why_not
from models.hippocampus.interpretation.progression.response import Response
from models.history import CHANGE
from models.terms import Statement

LABEL = CHANGE
DECIMALS = 1
"""Of every rate."""

OF_NOISE = " of noise alone, a lower bound:"
"""What the interval of the whole is; it was measured by perturbing single scans."""

NOISE_UNKNOWN = "noise_unknown"

FORMULA = (
    "100·((V2/V1)^(1/Δt) - 1), V1 at the earliest comparable visit, V2 now, Δt in "
    "years; ends of the 95 % interval 100·((V2/V1·exp(±1.96·√2·SEM))^(1/Δt) - 1)"
)

BANDS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "mean, controls (Barnes 2009)": (-2.30, -0.52),
        "mean, Alzheimer's (Barnes 2009)": (-5.40, -3.92),
    }
)
"""95 % intervals of the mean rates of groups; they bound no single person."""

PUBLISHED = (
    "Published mean change of groups: controls -1.41 % per year (-2.30 to -0.52), "
    "Alzheimer's disease -4.66 (-5.40 to -3.92); Barnes 2009, meta-analysis, "
    "doi 10.1016/j.neurobiolaging.2008.01.010. Intervals of the means, not limits "
    "for one person."
)


NO_INTERVAL = (
    "The interval is withheld: it holds for equal weights, equal protocol and an "
    "earlier result without reservations only."
)


def withheld(reason: str, structure: str = "") -> Statement:
    """Return the sentence that no rate is printed, and why."""
    return Statement(LABEL, f"Not determined: {why_not(reason)}", structure, reason)


def not_used(reason: str) -> Statement:
    """Return the sentence that a rate rests on fewer visits than there may be."""
    return Statement("Earlier", beside(reason), reason=reason)


def signed(value: float) -> str:
    """Return a rate with its sign, and never a negative zero.

    >>> signed(-0.04), signed(1.26), signed(-2.0)
    ('0.0', '+1.3', '-2.0')
    """
    rounded = round(value, DECIMALS)
    return f"{rounded:+.{DECIMALS}f}" if rounded else f"{0:.{DECIMALS}f}"


def rate_text(rate: float, margin: float | None, of: str = "") -> str:
    """Return the rate with its interval, if there is a margin of its logarithm.

    >>> rate_text(-2.0, 1.5)
    '-2.0 % per year (95 % interval -3.5 to -0.5)'
    >>> rate_text(-40.0, 10.0, OF_NOISE)
    '-40.0 % per year (95 % interval of noise alone, a lower bound: -45.7 to -33.7)'
    """
    text = f"{signed(rate)} % per year"
    if margin is None:
        return text
    return f"{text} (95 % interval{of} {span(rate, margin)})"


def span(rate: float, margin: float) -> str:
    """Return the ends of an interval.

    >>> span(0.0, 3.0)
    '-3.0 to +3.0'
    """
    low, high = interval(rate, margin)
    return f"{signed(low)} to {signed(high)}"


def beyond_noise(rate: float, margin: float) -> str:
    """Return the words of the flag: against what noise makes where nothing changes."""
    return (
        f"Hippocampus {signed(rate)} % per year: more than the noise of reading alone "
        f"makes of no change ({span(0, margin)}, a lower bound)."
    )


def since(visit: Visit) -> str:
    """Return from when, how long ago that is, and who tells it."""
    return (
        f"since {visit.prior.study_date.isoformat()} ({visit.years:.2f} years, "
        f"{visit.prior.source})"
    )


def from_to(first_mm3: float, now_mm3: float) -> str:
    """Return both volumes as they were printed: whole cubic millimetres."""
    return f"{first_mm3:.0f} mm³ then, {now_mm3:.0f} mm³ now"


def noise_text(noise: Noise | None) -> Statement:
    """Return what is known of the noise of a reading, and what intervals hold."""
    label = "Noise"
    if noise is None:
        return Statement(
            label,
            "Not known: the bundle states no standard error of measurement; "
            "intervals of change are withheld.",
            reason=NOISE_UNKNOWN,
        )
    sizes = ", ".join(
        f"{name} {spread.sem:.1f} % ({spread.low:.1f} to {spread.high:.1f})"
        for name, spread in noise.spreads.items()
    )
    return Statement(
        label,
        f"SEM of one reading, in per cent of the volume, {KIND}: {sizes}; "
        f"{noise.cases} cases of {noise.subjects} subjects, "
        f"{noise.repeats} readings each. Intervals hold this noise alone.",
    )


def response_text(response: Response | None) -> Iterator[Statement]:
    """Say how much of a change the network was seen to follow, if anybody looked."""
    if response is None:
        return
    shares = ", ".join(
        f"{name} {100 * s:.0f} %" for name, s in response.response.items()
    )
    may = "be larger than" if max(response.response.values()) < 1 else "differ from"
    yield Statement(
        "Response",
        f"On {response.pairs} synthetic pairs of visits (warped images, no patients) "
        f"networks of this recipe followed so much of a true change: {shares}; a true "
        f"change may {may} the one that is printed.",
    )
