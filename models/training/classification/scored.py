"""Cases with their truth and what was said of them: what every figure is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Answers to one question, case by case.

    Attributes
    ----------
    positive
        The class that ``truth`` and ``probability`` speak of, such as ``pathology``.
        Whatever is made of them is of this class and says so.
    patients
        Whose each case is. Cases of one patient are not independent.
    truth
        ``(N,)``, whether a case is of the class.
    probability
        ``(N,)``, 0 to 1: how likely it is, as it was said.

    Raises
    ------
    ValueError
        There is no case, the lengths differ, or a probability is none.
    """

    positive: str
    patients: Sequence[str]
    truth: npt.NDArray[np.bool_]
    probability: Floats

    def __post_init__(self) -> None:
        sizes = {len(self.patients), len(self.truth), len(self.probability)}
        if len(sizes) != 1 or not len(self.truth):
            raise ValueError("patients, truth and probability are of the same cases")
        if self.truth.dtype != np.bool_:
            raise ValueError("truth is yes or no, not a number")
        if not ((self.probability >= 0) & (self.probability <= 1)).all():
            raise ValueError("a probability lies between 0 and 1")

    @property
    def has_both(self) -> bool:
        """Whether there are cases of the class and others."""
        return bool(self.truth.any()) and not bool(self.truth.all())

    def require(self, positive: str) -> None:
        """Refuse what was made for another class.

        Raises
        ------
        ValueError
            ``positive`` is not the class of these cases.
        """
        if positive != self.positive:
            raise ValueError(
                f"made for the class {positive!r}, asked of {self.positive!r}"
            )
