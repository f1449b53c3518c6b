"""How a training is run, beside the settings that shape its weights."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from models.training.progress import TerminalProgress


@dataclass(frozen=True, slots=True)
class Manner:
    """What a person at the terminal chooses for this run alone.

    Attributes
    ----------
    device
        ``auto`` takes a GPU where there is one.
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

    def chosen_device(self) -> str:
        """Return the device with ``auto`` settled.

        Raises
        ------
        ValueError
            A GPU is asked for and there is none.
        """
        there = torch.cuda.is_available()
        if self.device == "cuda" and not there:
            raise ValueError("no GPU that torch can use; leave out --device cuda")
        if self.device == "auto":
            return "cuda" if there else "cpu"
        return self.device
