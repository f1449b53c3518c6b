"""A training in Weights & Biases, for who asks for it; it sends curves to a server.

Only this file knows the library, which is no dependency and is imported only here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import nn

from models.training.tracking import Epoch, Tracker


class WeightsAndBiases(Tracker):
    """Figures of every epoch and the settings; no picture, no name of a case.

    Parameters
    ----------
    project
        Where the run stands there.
    folder
        Of the training. A training that goes on is the same run.
    settings
        As they are written beside the training.

    Raises
    ------
    ValueError
        The library is not installed: one line that says what to type.
    """

    def __init__(self, project: str, folder: Path, settings: Mapping[str, Any]) -> None:
        self._library = _library()
        self._project, self._folder, self._settings = project, folder, settings
        self._run: Any = None

    def begin(self, history: Sequence[Epoch], epochs: int, steps: int) -> None:
        """Open the run, or go on with it."""
        del history, epochs, steps
        place = str(self._folder.resolve()).encode()
        self._folder.mkdir(parents=True, exist_ok=True)
        self._run = self._library.init(
            project=self._project,
            dir=str(self._folder),
            id=hashlib.sha256(place).hexdigest()[:16],
            resume="allow",
            config=dict(self._settings),
        )

    def epoch(self, record: Epoch, network: nn.Module) -> None:
        """Send the figures."""
        del network
        figures = {
            name: getattr(record, name) for name in ("loss", "learning_rate", "seconds")
        }
        judged = {f"validation/{k}": v for k, v in (record.validation or {}).items()}
        self._run.log(figures | judged, step=record.epoch)

    def kept(self, epoch: int, value: float) -> None:
        """State the best epoch."""
        self._run.summary.update({"best_epoch": epoch, "best_value": value})

    def close(self) -> None:
        """Close the run."""
        if self._run is not None:
            self._run.finish()


def _library() -> Any:
    try:
        import wandb  # type: ignore[import-not-found]  # only where it was installed
    except ImportError:
        raise ValueError(
            "Weights & Biases is not installed: pip install wandb, or leave out --wandb"
        ) from None
    return wandb
