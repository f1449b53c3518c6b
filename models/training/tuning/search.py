"""The search itself: trial after trial, remembered on the disk.

Each trial is chosen by Optuna from those that have ended, with a generator seeded by
``(seed, how many have ended)``. So a search that was broken off and goes on tries what
one would have tried that was not; the trial that was broken off goes on from its last
epoch. Only this file knows Optuna.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import FrozenTrial, TrialState
from torch import nn

from models.training.checkpoint import CheckpointError
from models.training.loop import CHECKPOINT
from models.training.settings import TrainingSection, Watched, settings_digest
from models.training.tracking import Epoch, Tracker
from models.training.tuning.space import Choice, Point, Space, Span, changed, grid

DATABASE = "trials.db"
TRIALS = "trials"
"""Folder of the trials' own folders."""

STARTUP = 10
"""Trials that are drawn at random before what they tell is used."""

UNPRUNED = 5
"""Trials that are trained to their end before one may be ended early."""

MAKER, REASON = "made by", "reason"
"""Names of what is noted beside a search, and beside a trial that failed."""

Train = Callable[[Any, Path, Tracker], float]
"""Trains with settings in a folder while a tracker looks on; returns the figure."""


@dataclass(frozen=True, slots=True)
class Search:
    """What is searched for, and how.

    Attributes
    ----------
    settings
        The base: what the space does not name stays as it is there.
    watched
        The figure that a trial returns, and whether more of it is better.
    made_by
        What else shapes the figures, such as the data; a search goes on only where it
        is equal.
    """

    settings: TrainingSection
    space: Space
    watched: Watched
    made_by: str
    seed: int = 0

    def made(self) -> str:
        """Return what tells this search from another."""
        space = {key: repr(each) for key, each in self.space.items()}
        parts = [settings_digest(self.settings), space, self.made_by, self.seed]
        return json.dumps(parts, sort_keys=True)


@dataclass(frozen=True, slots=True)
class Ended:
    """A trial that has ended.

    Attributes
    ----------
    number
        The first is 1.
    value
        The figure; NaN where the trial was ended early or failed.
    reason
        Why there is no figure; empty where there is one.
    """

    number: int
    point: Point
    value: float
    reason: str


def search(
    wanted: Search, train: Train, folder: Path, trials: int | None
) -> Iterator[Ended]:
    """Yield each trial, those of an earlier run first, until there are enough.

    Parameters
    ----------
    folder
        Of the database and of the trials.
    trials
        How many in all; None tries every point of the grid.

    Raises
    ------
    models.training.checkpoint.CheckpointError
        What lies in the folder is of another search.
    """
    with _study(wanted, folder) as study:
        _take_up(study)
        if trials is None:
            points = grid(wanted.space)
            trials = len(points)
            for point in points:
                study.enqueue_trial(dict(point), skip_if_exists=True)
        for number, trial in enumerate(_ended(study)[:trials], start=1):
            yield _told(number, trial)
        while (count := len(_ended(study))) < trials:
            study.sampler = optuna.samplers.TPESampler(
                seed=wanted.seed * 1_000_003 + count, n_startup_trials=STARTUP
            )
            asked = study.ask(_distributions(wanted.space))
            _try(study, asked, wanted, train, folder)
            yield _told(count + 1, _ended(study)[-1])


def best(trials: Sequence[Ended], watched: Watched) -> Ended | None:
    """Return the trial with the best figure, the first of equals."""
    sign = 1 if watched.larger_is_better else -1
    figures = [trial for trial in trials if not math.isnan(trial.value)]
    return max(figures, key=lambda trial: sign * trial.value, default=None)


class _Pruning(Tracker):
    """Tells Optuna every epoch, and ends the training where Optuna gives it up."""

    def __init__(self, trial: optuna.Trial, figure: str) -> None:
        self._trial, self._figure = trial, figure

    def begin(self, history: Sequence[Epoch], epochs: int, steps: int) -> None:
        """Tell the epochs from before the training was broken off."""
        del epochs, steps
        for record in history:
            self._report(record)

    def epoch(self, record: Epoch, network: nn.Module) -> None:
        """Tell the epoch."""
        del network
        self._report(record)
        if self._trial.should_prune():
            raise optuna.TrialPruned(f"given up after epoch {record.epoch}")

    def _report(self, record: Epoch) -> None:
        value = (record.validation or {}).get(self._figure, math.nan)
        if not math.isnan(value):
            self._trial.report(value, record.epoch)


def _try(
    study: optuna.Study, trial: optuna.Trial, wanted: Search, train: Train, folder: Path
) -> None:
    """Train one trial and note what came of it; Ctrl-C leaves it to be taken up."""
    settings = changed(wanted.settings, trial.params)
    place = folder / TRIALS / settings_digest(settings)[:16]
    try:
        value = train(settings, place, _Pruning(trial, wanted.watched.figure))
    except optuna.TrialPruned as given_up:
        trial.set_user_attr(REASON, str(given_up))
        study.tell(trial, state=TrialState.PRUNED)
    except (MemoryError, RuntimeError) as error:  # torch's want of memory is the latter
        _fail(study, trial, str(error).partition("\n")[0])
    else:
        if math.isnan(value):
            _fail(study, trial, f"{wanted.watched.figure} is no number")
        else:
            study.tell(trial, value)
    for checkpoint in place.rglob(CHECKPOINT):
        checkpoint.unlink()  # what it led to is in the database


def _fail(study: optuna.Study, trial: optuna.Trial, reason: str) -> None:
    trial.set_user_attr(REASON, reason)
    study.tell(trial, state=TrialState.FAIL)


@contextmanager
def _study(wanted: Search, folder: Path) -> Generator[optuna.Study]:
    """Open the database of the search, and close it at the end of the block."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    folder.mkdir(parents=True, exist_ok=True)
    storage = optuna.storages.RDBStorage(f"sqlite:///{folder / DATABASE}")
    try:
        study = optuna.create_study(
            storage=storage,
            study_name="settings",
            direction="maximize" if wanted.watched.larger_is_better else "minimize",
            pruner=optuna.pruners.MedianPruner(n_startup_trials=UNPRUNED),
            load_if_exists=True,
        )
        if study.user_attrs.setdefault(MAKER, wanted.made()) != wanted.made():
            raise CheckpointError(
                f"{folder.name}/{DATABASE} is of another search: choose another "
                "--output, or delete it to begin anew"
            )
        study.set_user_attr(MAKER, wanted.made())
        yield study
    finally:
        storage.remove_session()
        storage.engine.dispose()


def _take_up(study: optuna.Study) -> None:
    """Put trials that were broken off first in the queue."""
    for trial in study.get_trials(states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
        study.enqueue_trial(trial.params)


def _ended(study: optuna.Study) -> list[FrozenTrial]:
    """Return the trials that came to an end of their own, the first one first."""
    return [
        trial
        for trial in study.get_trials()
        if trial.state is TrialState.COMPLETE or REASON in trial.user_attrs
    ]


def _told(number: int, trial: FrozenTrial) -> Ended:
    reason = trial.user_attrs.get(REASON, "")
    value = math.nan if reason or trial.value is None else trial.value
    return Ended(number, dict(trial.params), value, reason)


def _distributions(space: Space) -> dict[str, Any]:
    return {key: _distribution(each) for key, each in space.items()}


def _distribution(each: Span | Choice) -> FloatDistribution | CategoricalDistribution:
    if isinstance(each, Span):
        return FloatDistribution(each.low, each.high, log=each.log)
    return CategoricalDistribution(each.values)
