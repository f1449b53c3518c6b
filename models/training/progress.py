"""A training at the terminal: epochs, loss, time left.

On a terminal a bar moves below the lines; in a file or a pipe there are the lines.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from torch import nn

from models.training.tracking import Epoch, Tracker


class TerminalProgress(Tracker):
    """One line per epoch, and a bar where somebody can see it move."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[state]}"),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._task = self._bar.add_task("", state="")
        self._epochs = self._steps = self._done = 0
        self._seconds: list[float] = []
        self._title = ""

    def title(self, words: str) -> None:
        """Begin every line with these words from now on."""
        self._title = f"{words}   "

    def read(self, done: int, count: int) -> None:
        """Show how many of the cases are read."""
        self._bar.start()
        self._bar.update(
            self._task, description="reading", completed=done, total=count, state=""
        )
        if done == count:
            self._bar.stop()
            self._say(f"{count} cases read")

    def begin(self, history: Sequence[Epoch], epochs: int, steps: int) -> None:
        """Say whether a training goes on, and start the bar."""
        self._epochs, self._steps, self._done = epochs, steps, len(history)
        self._seconds = [record.seconds for record in history[-1:]]
        if history:
            self._say(f"goes on after epoch {self._done} of {epochs}")
        self._bar.start()
        self._bar.reset(self._task, total=steps, state="")
        self._announce()

    def step(self, step: int, loss: float) -> None:
        """Move the bar."""
        state = f"loss {loss:.4f}{self._left(step / self._steps)}"
        self._bar.update(self._task, completed=step, state=state)

    def epoch(self, record: Epoch, network: nn.Module) -> None:
        """Write the line of an epoch."""
        del network
        self._done = record.epoch
        self._seconds.append(record.seconds)
        width = len(str(self._epochs))
        found = record.validation or {}
        judged = "".join(f"   {name} {value:.4f}" for name, value in found.items())
        self._say(
            f"epoch {record.epoch:{width}} of {self._epochs}   "
            f"loss {record.loss:.4f}   {record.seconds:.1f} s{self._left()}{judged}"
        )
        self._announce()

    def kept(self, epoch: int, value: float) -> None:
        """Say whose weights are kept, and whether the training ended early."""
        early = self._done < self._epochs
        ended = f"ended early, after epoch {self._done}; " if early else ""
        best = f"epoch {epoch} ({value:.4f})" if epoch else "the last epoch"
        self._say(f"{ended}the weights are those of {best}")

    def close(self) -> None:
        """Take the bar away."""
        self._bar.stop()

    def _announce(self) -> None:
        number = min(self._done + 1, self._epochs)
        text = f"{self._title}epoch {number} of {self._epochs}"
        self._bar.update(self._task, description=text, completed=0)

    def _left(self, of_this_epoch: float = 0.0) -> str:
        """Return the time that is left, from the last epochs; nothing at the end."""
        epochs = self._epochs - self._done - of_this_epoch
        recent = self._seconds[-5:]
        if not recent or epochs <= 0:
            return ""
        return f"   {duration(epochs * sum(recent) / len(recent))} left"

    def _say(self, line: str) -> None:
        text = self._title + line
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


def duration(seconds: float) -> str:
    """Return a duration as a person says it.

    >>> duration(42), duration(150), duration(8000)
    ('42 s', '2 min', '2 h 13 min')
    """
    minutes = int(seconds // 60)
    if minutes == 0:
        return f"{seconds:.0f} s"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours else f"{minutes} min"
