"""Who looks at a training: the log, the terminal, TensorBoard.

A tracker is told what happened. It draws no random number and changes no weight:
a training that is watched gives the weights of one that is not.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import nn

Validate = Callable[[nn.Module], Mapping[str, float]]
"""Judges the averaged network, in evaluation mode, on cases that are held out."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one epoch was.

    Attributes
    ----------
    epoch
        The first is 1.
    loss
        Mean over the steps.
    learning_rate
        Of the last step.
    seconds
        Of the training alone, without validation and saving.
    validation
        Figures by name; None where this epoch was not judged.
    """

    epoch: int
    loss: float
    learning_rate: float
    seconds: float
    precision: str
    processor: str
    validation: Mapping[str, float] | None = None

    def plain(self) -> dict[str, Any]:
        """Return what is written: no validation, no key."""
        return {
            name: value for name, value in asdict(self).items() if value is not None
        }


class Tracker:
    """What the loop tells; a tracker overrides what it wants to know."""

    def begin(self, history: Sequence[Epoch], epochs: int, steps: int) -> None:
        """Hear that a training begins, or goes on after the epochs of ``history``.

        Parameters
        ----------
        epochs, steps
            Epochs in all, and steps of each.
        """

    def step(self, step: int, loss: float) -> None:
        """Hear that step number ``step`` of an epoch is done, and its loss."""

    def epoch(self, record: Epoch, network: nn.Module) -> None:
        """Hear of an epoch that is done and saved.

        Parameters
        ----------
        network
            The averaged one, in evaluation mode, on its device.
        """

    def kept(self, epoch: int, value: float) -> None:
        """Hear at the end which epoch's weights are kept, and its watched figure.

        Told only where the recipe watches a figure. Epoch 0: there was never one.
        """

    def close(self) -> None:
        """Hear that the training has ended, or was broken off."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Who looks, and how often the network is judged meanwhile.

    Attributes
    ----------
    validate
        None where nothing is held out.
    every
        Epochs from one validation to the next; the last epoch always has one.
    """

    trackers: Sequence[Tracker] = ()
    validate: Validate | None = None
    every: int = 5

    def validation(
        self, epoch: int, epochs: int, network: nn.Module
    ) -> dict[str, float] | None:
        """Return the figures of this epoch, or None where it has none."""
        due = epoch % self.every == 0 or epoch == epochs
        return dict(self.validate(network)) if self.validate and due else None


class JsonLines(Tracker):
    """One line of JSON per epoch, each epoch exactly once.

    The file is written anew when a training goes on: a line of an epoch whose
    checkpoint was lost would otherwise stand there twice.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def begin(self, history: Sequence[Epoch], epochs: int, steps: int) -> None:
        """Write the epochs that are done."""
        del epochs, steps
        partial = self._path.with_suffix(".partial")
        partial.write_text("".join(map(_line, history)), encoding="utf-8")
        partial.replace(self._path)

    def epoch(self, record: Epoch, network: nn.Module) -> None:
        """Append the epoch."""
        del network
        with self._path.open("a", encoding="utf-8") as log:
            log.write(_line(record))


def _line(record: Epoch) -> str:
    return json.dumps(record.plain()) + "\n"
