"""A training in TensorBoard: curves, and pictures of what the network says.

Only this file knows TensorBoard, and it is imported only when it is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import nn

from models.training.overlays import Predict, Window, draw
from models.training.tracking import Epoch, Tracker


class TensorBoard(Tracker):
    """Curves of every epoch, and pictures of a few windows now and then.

    Parameters
    ----------
    folder
        Of the event files; ``tensorboard --logdir`` reads it.
    windows, predict
        What is drawn, and how the network reads it; none for curves alone.
    every
        Epochs from one set of pictures to the next; the first and the last epoch
        have one, too.

    Raises
    ------
    ValueError
        TensorBoard is not installed: one line that says what to type.
    """

    def __init__(
        self,
        folder: Path,
        windows: Sequence[Window] = (),
        predict: Predict | None = None,
        every: int = 5,
    ) -> None:
        self._open = _event_files()
        self._folder, self._windows, self._predict = folder, windows, predict
        self._every, self._epochs = every, 0
        self._events: Any = None

    def begin(self, history: Sequence[Epoch], epochs: int, steps: int) -> None:
        """Open an event file; what lay behind the last checkpoint is hidden."""
        del steps
        self._epochs = epochs
        self._events = self._open(str(self._folder), purge_step=len(history) + 1)

    def epoch(self, record: Epoch, network: nn.Module) -> None:
        """Write the figures, and the pictures where they are due."""
        for name in ("loss", "learning_rate", "seconds"):
            self._events.add_scalar(name, getattr(record, name), record.epoch)
        for name, value in (record.validation or {}).items():
            self._events.add_scalar(f"validation/{name}", value, record.epoch)
        is_due = record.epoch % self._every == 0 or record.epoch in {1, self._epochs}
        if self._predict is not None and is_due:
            for window in self._windows:
                picture = draw(window, self._predict(network, window.image))
                self._events.add_image(
                    window.name, picture, record.epoch, dataformats="HWC"
                )
        self._events.flush()

    def close(self) -> None:
        """Close the event file."""
        if self._events is not None:
            self._events.close()


def _event_files() -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter  # only when asked for
    except ImportError:
        raise ValueError(
            "TensorBoard is not installed: pip install 'pacs-ai-node[train]'"
        ) from None
    return SummaryWriter
