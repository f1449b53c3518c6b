"""What gives the label away without a look at the lungs.

A network takes the shortest way. Where one scanner, kernel or matrix stands behind
most of the studies with disease, it will learn the scanner, score well on data of the
same making, and fail elsewhere. So every property of a study is asked how well it
tells the label alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from models.chest_ct.eda.entries import Usable
from models.chest_ct.eda.kinds import Remark

LEAST_AUC = 0.70
"""From which a property is said to give the label away."""

LEAST_P = 0.001
"""Among a dozen properties chance reaches it once in eighty data sets."""

PERMUTATIONS = 1999

FEWEST = 8
"""Studies of each label beneath which nothing is judged."""

LUNG_DENSITY = "mean lung density"
"""Disease changes it: no leak, but the figure that a network must beat."""

ABSENT = "not said"

Value = Callable[[Usable], object]
Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Telltale:
    """How well one property tells the label alone.

    Attributes
    ----------
    auc
        Area under the ROC curve, in the better direction; of a property in words by
        the share of positive studies of each of its values. Never below 0.5.
    chance
        Area that labels dealt out anew pass one time in twenty: few studies of many
        values reach much by themselves.
    p
        How often labels that were dealt out anew reach as much.
    cramers_v
        Of a property in words; None of a number.
    studies
        That have the property.
    detail
        Which values stand for which label.
    """

    name: str
    auc: float
    chance: float
    p: float
    cramers_v: float | None
    studies: int
    detail: str

    @property
    def is_leak(self) -> bool:
        """Whether it gives the label away and is no disease."""
        reaches = self.auc >= LEAST_AUC and self.p <= LEAST_P
        return reaches and self.name != LUNG_DENSITY


def _spacing(axis: int) -> Value:
    def value(case: Usable) -> object:
        spacing = case.seen.acquired.spacing_mm
        return None if spacing is None else round(spacing[axis], 3)

    return value


NUMBERS: Mapping[str, Value] = {
    "number of slices": lambda case: case.seen.acquired.slices,
    "slice spacing": _spacing(0),
    "pixel spacing": _spacing(1),
    "noise": lambda case: case.pixels.noise_hu,
    "age": lambda case: case.entry.age,
    LUNG_DENSITY: lambda case: case.pixels.lung_hu,
}
"""Properties that have an order."""

WORDS: Mapping[str, Value] = {
    "manufacturer": lambda case: case.seen.acquired.manufacturer,
    "kernel": lambda case: case.seen.acquired.kernel,
    "slice thickness": lambda case: case.seen.acquired.thickness_mm,
    "matrix": lambda case: case.seen.acquired.rows,
    "sex": lambda case: case.entry.sex,
    "age that is said or not": lambda case: case.entry.age is not None,
}
"""Properties that have values; one that is absent is a value as well."""


def telltales(cases: Sequence[Usable]) -> list[Telltale]:
    """Return how well each property tells the label, the best first.

    Empty where there are fewer than `FEWEST` studies of a label. A property of which
    all studies have one value is left out.
    """
    truth = np.array([case.is_positive for case in cases], np.bool_)
    found = [_of_number(name, NUMBERS[name], cases, truth) for name in NUMBERS]
    found += [_of_words(name, WORDS[name], cases, truth) for name in WORDS]
    there = [each for each in found if each is not None]
    return sorted(there, key=lambda each: -each.auc)


def leaks(found: Sequence[Telltale]) -> Iterator[Remark]:
    """Yield a remark on all data for each property that gives the label away."""
    for each in found:
        if each.is_leak:
            detail = (
                f"the {each.name} alone tells the label with AUC {each.auc:.2f}: a "
                f"network will learn that ({each.detail}; {p_words(each.p)})"
            )
            yield Remark("label_leak", "all", detail, weight=each.auc)


def p_words(p: float) -> str:
    """Return a probability as a report has it."""
    return f"p {p:.4f}" if p >= 0.001 else "p < 0.001"


def _is_enough(truth: Labels) -> bool:
    positive = int(np.count_nonzero(truth))
    return min(positive, len(truth) - positive) >= FEWEST


def _of_number(
    name: str, value: Value, cases: Sequence[Usable], truth: Labels
) -> Telltale | None:
    values = np.array([value(case) for case in cases], np.float64)  # None is NaN
    there = np.isfinite(values)
    values, labels = values[there], truth[there]
    if not _is_enough(labels) or values.min() == values.max():
        return None
    areas = _areas(rankdata(values), _dealt(labels))
    medians = np.median(values[labels]), np.median(values[~labels])
    detail = f"median {medians[0]:.4g} with pathology, {medians[1]:.4g} without"
    return Telltale(name, *_judged(areas), None, len(values), detail)


def _of_words(
    name: str, value: Value, cases: Sequence[Usable], truth: Labels
) -> Telltale | None:
    words = np.array([_word(value(case)) for case in cases])
    known, codes = np.unique(words, return_inverse=True)
    if not _is_enough(truth) or len(known) == 1:
        return None
    dealt = _dealt(truth)
    total = np.bincount(codes)
    positive = dealt.astype(np.float64) @ np.eye(len(known))[codes]
    areas = _areas_of_shares(positive, total)
    rows = [
        f"{word} {int(yes)} of {n}"
        for word, yes, n in zip(known.tolist(), positive[0], total, strict=True)
    ]
    detail = "with pathology: " + ", ".join(rows[:MOST_NAMED])
    detail += ", …" if len(rows) > MOST_NAMED else ""
    v = _cramers_v(positive[0], total)
    return Telltale(name, *_judged(areas), v, len(words), detail)


MOST_NAMED = 6
"""Values that a sentence lists."""


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "said" if value else ABSENT
    return ABSENT if value in ("", None) else str(value)


def _dealt(truth: Labels) -> Labels:
    """Return the labels as they are, then dealt out anew, a row for each time."""
    rng = np.random.default_rng(0)
    rows = np.broadcast_to(truth, (PERMUTATIONS, len(truth)))
    return np.vstack([truth, rng.permuted(rows, axis=1)])


def _judged(areas: Floats) -> tuple[float, float, float]:
    """Return area, chance and p of the first row, which is the true one."""
    chance = float(np.quantile(areas[1:], 0.95))
    return float(areas[0]), chance, float(np.mean(areas >= areas[0] - 1e-12))


def _areas(ranks: Floats, dealt: Labels) -> Floats:
    """Return the area under the ROC curve of each row of labels (Mann and Whitney)."""
    positive = int(np.count_nonzero(dealt[0]))
    negative = dealt.shape[1] - positive
    above = dealt @ ranks - positive * (positive + 1) / 2
    area: Floats = above / (positive * negative)
    return np.maximum(area, 1 - area)


def _areas_of_shares(positive: Floats, total: npt.NDArray[np.intp]) -> Floats:
    """Return the area of each row, a study scored by the share of its value.

    Parameters
    ----------
    positive
        ``(rows, values)``: positive studies of each value.
    total
        ``(values,)``: all studies of it.
    """
    order = np.argsort(positive / total, axis=1, kind="stable")
    yes = np.take_along_axis(positive, order, axis=1)
    no = np.take_along_axis(total - positive, order, axis=1)
    below = np.cumsum(no, axis=1) - no / 2
    area: Floats = (yes * below).sum(axis=1) / (yes.sum(axis=1) * no.sum(axis=1))
    return area


def _cramers_v(positive: Floats, total: npt.NDArray[np.intp]) -> float:
    """Return Cramér's V of a table of two labels: root of chi-squared over n."""
    share = positive.sum() / total.sum()
    expected = np.stack([total * share, total * (1 - share)])
    seen = np.stack([positive, total - positive])
    return float(np.sqrt(((seen - expected) ** 2 / expected).sum() / total.sum()))
