"""How a training is run, beside the settings that shape its weights."""

from __future__ import annotations

from dataclasses import dataclass

from models.training.progress import TerminalProgress


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
    """

    device: str = "cpu"
    deterministic: bool = False
    tensorboard: bool = False
    validate_every: int = 0
    progress: TerminalProgress | None = None
