"""The project's only training loop.

Every draw of the cases comes from a generator seeded by ``(seed, epoch)``, and the
state of torch's own generator lies in the checkpoint: a training that was broken
off and goes on gives the weights of one that was not, on the CPU to the bit.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from models.training.batches import Batch, Cases, forward, moved
from models.training.checkpoint import Checkpoint
from models.training.learner import Learner
from models.training.precision import (
    TRAINING_LIMIT,
    autocast,
    choose_precision,
    processor,
    reduced_precision,
)
from models.training.sampling import weights_of
from models.training.settings import Recipe
from models.training.strategy import Strategy
from models.training.tracking import Epoch, JsonLines, Tracker, Watch

CHECKPOINT = "checkpoint.pt"
LOG = "log.jsonl"


Loss = Callable[[Any, Any], Tensor]
"""Takes what the network says and the targets of a batch; returns one number."""


def fit(
    network: nn.Module,
    cases: Cases,
    loss: Loss,
    recipe: Recipe,
    strategy: Strategy,
    folder: Path,
    made_by: Mapping[str, str] | None = None,
    watch: Watch | None = None,
) -> nn.Module:
    """Train and return the averaged network, in evaluation mode.

    Where the recipe watches a figure, it is that of the best epoch. ``folder``
    receives one line of JSON per epoch and a checkpoint after each; a checkpoint that
    is already there is gone on from.

    Parameters
    ----------
    made_by
        What else shapes the weights: the hash of all settings, of the data, the
        fold. A checkpoint is gone on from only where these, the recipe and
        ``--deterministic`` are equal.
    watch
        Who looks on. Nobody of them changes the weights, but for the figure that
        the recipe watches.

    Raises
    ------
    models.training.checkpoint.CheckpointError
        The checkpoint is damaged, or was made by other settings or data.
    ValueError
        The recipe watches a figure that nobody tells, or draws by weights that the
        cases do not have.
    """
    watch = _watch(watch or Watch(), recipe)
    learner = Learner(network, recipe, strategy, steps_of(cases, recipe))
    loop = _Loop(learner, cases, loss, recipe, strategy)
    maker = {
        **(made_by or {}),
        "recipe": recipe.model_dump(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
    }
    checkpoint = Checkpoint(folder / CHECKPOINT, maker)
    history = loop.resume(checkpoint.read())
    folder.mkdir(parents=True, exist_ok=True)
    with _told([JsonLines(folder / LOG), *watch.trackers]) as trackers:
        for tracker in trackers:
            tracker.begin(history, recipe.epochs, loop.steps)
        _run(loop, history, watch, checkpoint, trackers)
    return learner.chosen()


def _run(
    loop: _Loop,
    history: list[Epoch],
    watch: Watch,
    checkpoint: Checkpoint,
    trackers: Sequence[Tracker],
) -> None:
    """Train the epochs that are not in the history, each saved before it is told."""
    learner, strategy, epochs = loop.learner, loop.strategy, loop.recipe.epochs
    for epoch in range(len(history), epochs):
        if learner.best is not None and learner.best.is_over(epoch):
            break
        started = time.perf_counter()
        mean_loss = loop.epoch(epoch, trackers)
        seconds = time.perf_counter() - started
        with _aside(strategy.device):
            found = watch.validation(epoch + 1, epochs, learner.averaged)
        if found is not None:
            learner.hear(epoch + 1, found)
        history.append(loop.record(epoch + 1, mean_loss, seconds, found))
        checkpoint.write(loop.state(history), strategy)
        with _aside(strategy.device):
            for tracker in trackers:
                tracker.epoch(history[-1], learner.averaged)
    if learner.best is not None:
        for tracker in trackers:
            tracker.kept(learner.best.epoch, learner.best.value)


def _watch(watch: Watch, recipe: Recipe) -> Watch:
    """Return who looks on; a figure that steers is told as often as it is watched."""
    if recipe.watched is None:
        return watch
    if watch.validate is None:
        figure = recipe.watched.figure
        raise ValueError(f"{figure} is watched, but no case is held out to tell it")
    return replace(watch, every=recipe.watched.every)


def steps_of(cases: Cases, recipe: Recipe) -> int:
    """Return the steps of an epoch; cases that fill no whole step wait for the next."""
    return max(1, len(cases) // (recipe.batch * recipe.accumulate))


@dataclass(frozen=True, slots=True)
class _Loop:
    """What one epoch needs, and the epoch."""

    learner: Learner
    cases: Cases
    loss: Loss
    recipe: Recipe
    strategy: Strategy

    @property
    def steps(self) -> int:
        return steps_of(self.cases, self.recipe)

    def epoch(self, epoch: int, trackers: Sequence[Tracker]) -> float:
        """Train one epoch, the first is 0, and return the mean loss of its steps."""
        generator = torch.Generator().manual_seed(self.recipe.seed * 1_000_003 + epoch)
        weights = weights_of(self.cases) if self.recipe.sampler else None
        order = self.strategy.sampler(len(self.cases), generator, weights)
        total = 0.0
        for step in range(self.steps):
            self.learner.forget_gradient()
            value = 0.0
            parts = self.parts(order, step)
            for chosen in parts:
                batch = self.cases.batch(chosen, generator)
                value += self.gradient(self.learner.network, batch, len(parts))
            self.learner.follow_gradient(epoch * self.steps + step)
            total += value
            for tracker in trackers:
                tracker.step(step + 1, value)
        return self.strategy.reduce(total / self.steps)

    def parts(self, order: Sequence[int], step: int) -> list[Sequence[int]]:
        """Return the cases of each forward pass of a step."""
        size = self.recipe.batch
        whole = size * self.recipe.accumulate
        chosen = order[step * whole : (step + 1) * whole]
        return [chosen[start : start + size] for start in range(0, len(chosen), size)]

    def gradient(self, network: nn.Module, batch: Batch, parts: int = 1) -> float:
        """Add the gradient of one of ``parts`` and return its share of the loss."""
        inputs, targets = (moved(each, self.strategy.device) for each in batch)
        with autocast(self.learner.precision, self.strategy.device.type):
            outputs = forward(network, inputs)
        value = self.loss(outputs, targets) / parts
        self.learner.scaler.scale(value).backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
        return float(value.item())

    def resume(self, state: Mapping[str, Any]) -> list[Epoch]:
        """Settle the precision, go on from a checkpoint, and return its epochs.

        The precision that was timed is kept on the same processor: timing again
        might choose another, and other weights would come of it.
        """
        same = state.get("processor") == processor(self.strategy.device)
        self.learner.use(state["precision"] if same else self.chosen_precision())
        if not state:
            return []
        self.learner.load(state["learner"])
        return [Epoch(**record) for record in state["history"]]

    def state(self, history: Sequence[Epoch]) -> dict[str, Any]:
        """Return all that going on needs."""
        return {
            "learner": self.learner.state(),
            "history": [record.plain() for record in history],
            "precision": self.learner.precision,
            "processor": processor(self.strategy.device),
        }

    def record(
        self, epoch: int, loss: float, seconds: float, found: dict[str, float] | None
    ) -> Epoch:
        """Return what is told of an epoch."""
        return Epoch(
            epoch=epoch,
            loss=round(loss, 5),
            learning_rate=self.learner.learning_rate,
            seconds=round(seconds, 2),
            precision=self.learner.precision,
            processor=processor(self.strategy.device),
            validation=found,
        )

    def chosen_precision(self) -> str:
        """Return the recipe's precision; ``auto`` may time a step at each, on a copy.

        Where every operation has to be repeatable nothing is timed.
        """
        if self.recipe.precision != "auto":
            return self.recipe.precision
        if torch.are_deterministic_algorithms_enabled():
            return "fp32"
        device = self.strategy.device
        chosen = range(min(self.recipe.batch, len(self.cases)))
        batch = self.cases.batch(chosen, torch.Generator().manual_seed(0))
        rehearsal = copy.deepcopy(self.learner.averaged).requires_grad_(True).train()

        def step(precision: str) -> None:
            self.learner.use(precision)
            self.gradient(rehearsal, batch)  # reading the loss waits for a GPU
            rehearsal.zero_grad()

        with torch.random.fork_rng(_devices(device)):
            reduced = reduced_precision(device.type, fp16=True)
            return choose_precision(step, "auto", reduced, TRAINING_LIMIT)


@contextmanager
def _told(trackers: list[Tracker]) -> Generator[list[Tracker]]:
    """Close all trackers at the end of the block, however it ends."""
    try:
        yield trackers
    finally:
        for tracker in trackers:
            tracker.close()


@contextmanager
def _aside(device: torch.device) -> Generator[None]:
    """Let the block draw from torch's generators without moving them; no gradient."""
    with torch.random.fork_rng(_devices(device)), torch.inference_mode():
        yield


def _devices(device: torch.device) -> list[torch.device]:
    return [device] if device.type == "cuda" else []
