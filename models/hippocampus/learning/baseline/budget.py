"""A training that ends with the last epoch that fits its time."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from models.training.tracking import Epoch, Tracker


class BudgetSpentError(Exception):
    """Another epoch would not end in time; the last one is saved."""


class Budget(Tracker):
    """Breaks a training off before an epoch that would end too late.

    Parameters
    ----------
    minutes
        Of training alone, all parts of it together.
    """

    def __init__(self, minutes: float) -> None:
        self._limit_s = 60 * minutes
        self._seconds: list[float] = []
        self._epochs = 0

    def begin(self, history: Sequence[Epoch], epochs: int, steps: int) -> None:
        """Count what was spent before."""
        del steps
        self._epochs = epochs
        self._seconds = [record.seconds for record in history]
        self._check()

    def epoch(self, record: Epoch, network: nn.Module) -> None:
        """Count the epoch.

        Raises
        ------
        BudgetSpentError
            Another one as long would exceed the time.
        """
        del network
        self._seconds.append(record.seconds)
        self._check()

    def _check(self) -> None:
        done, spent = len(self._seconds), sum(self._seconds)
        if 0 < done < self._epochs and spent * (done + 1) / done > self._limit_s:
            raise BudgetSpentError(f"{done} epochs in {spent / 60:.0f} minutes")
