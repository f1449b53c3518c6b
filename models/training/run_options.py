"""How a training is run, beside the settings that shape its weights."""

from __future__ import annotations

from dataclasses import dataclass

from models.training.progress import TerminalProgress
from models.training.tracking import Tracker


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What a person at the terminal chooses for this run alone.

    Attributes
    ----------
    device
        As `models.training.precision.chosen_device` takes it.
    deterministic
        See `models.training.determinism`.
    tensorboard
        Whether event files are written beside the log.
    validate_every
        Epochs between two looks at the held-out cases; 0 looks only at the end.
    progress
        Where it is shown; None is silent.
    trackers
        Who else looks on.
    """

    device: str = "cpu"
    deterministic: bool = False
    tensorboard: bool = False
    validate_every: int = 0
    progress: TerminalProgress | None = None
    trackers: tuple[Tracker, ...] = ()

    def onlookers(self) -> list[Tracker]:
        """Return everybody who looks on at the terminal and elsewhere."""
        return [*([self.progress] if self.progress else []), *self.trackers]
