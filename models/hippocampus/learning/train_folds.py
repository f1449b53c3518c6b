"""Train the networks of the folds, on whichever machine, until none is lacking.

A fold's result is three files: ``fold<k>.safetensors``, ``fold<k>.json`` with the
scores of each case that was held out, and ``fold<k>.jsonl``, the log. They are what
is kept and committed. A training that is under way has a folder ``fold<k>`` beside
them, from which the same command goes on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from models.hippocampus.cases.data import Data, read_data
from models.hippocampus.cases.folds import read_fold, write_fold
from models.hippocampus.cases.scores import score_network
from models.hippocampus.cases.summary import mean_dice, summarise
from models.hippocampus.learning.train import (
    BALANCE_DIGITS,
    Trained,
    split,
    split_name,
    train_network,
)
from models.hippocampus.settings import HippocampusSettings
from models.training.folds import fold_numbers
from models.training.loop import CHECKPOINT, LOG
from models.training.run_options import RunOptions
from models.training.settings import settings_digest

__all__ = ["fold_numbers", "train_folds"]


def train_folds(
    data: Path,
    folder: Path,
    settings: HippocampusSettings,
    numbers: Sequence[int],
    options: RunOptions | None = None,
) -> Iterator[str]:
    """Train each fold that has no result; yield a line about every fold.

    Parameters
    ----------
    folder
        Where the results are and come.
    numbers
        Of the folds.

    Raises
    ------
    ValueError
        A fold that is there was made with other settings or data, or its record is
        not that of its weights.
    models.training.checkpoint.CheckpointError
        A training that is under way there has other settings or data.
    """
    options = options or RunOptions()
    read = read_data(data, options.progress.read if options.progress else None)
    for number in numbers:
        if _is_there(folder, number, read, settings):
            yield f"fold {number}: is there"
            continue
        if options.progress:
            options.progress.title(f"fold {number}")
        yield _train_fold(read, folder, settings, number, options)


def _train_fold(
    data: Data,
    folder: Path,
    settings: HippocampusSettings,
    number: int,
    options: RunOptions,
) -> str:
    work = folder / f"fold{number}"
    trained = train_network(data, settings, number, work, options)
    (folder / f"fold{number}.jsonl").write_bytes((work / LOG).read_bytes())
    line = _judge_and_write(trained, data, folder, settings, number)
    (work / CHECKPOINT).unlink()  # what it led to is there
    return line


def _judge_and_write(
    trained: Trained,
    data: Data,
    folder: Path,
    settings: HippocampusSettings,
    number: int,
) -> str:
    """Write weights and record, and return a line with the means of the fold."""
    training, held_out = split(data, settings, number)
    scores = score_network(trained.network, held_out, settings.window, number)
    record = write_fold(
        trained.network,
        folder,
        number,
        training,
        settings,
        training={
            "settings_sha256": settings_digest(settings),
            "data_sha256": data.sha256,
            "balance": round(trained.balance, BALANCE_DIGITS),
        },
        metrics={
            "split": split_name(settings, number),
            **summarise(scores),
            "by_case": [each.plain() for each in scores],
        },
    )
    means = mean_dice(scores)
    words = "   ".join(f"{part} {value:.4f}" for part, value in means.items())
    return f"fold {number}: Dice of {len(held_out)} cases   {words}   {record.name}"


def _is_there(
    folder: Path, number: int, data: Data, settings: HippocampusSettings
) -> bool:
    """Return whether a fold has a result; refuse one of another training."""
    weights = folder / f"fold{number}.safetensors"
    record = weights.with_suffix(".json")
    if not (record.is_file() and weights.is_file()):
        return False
    fold = read_fold(weights)
    checks = {
        "settings": fold.settings == settings,
        "data": fold.data_sha256 == data.sha256,
    }
    for what, is_same in checks.items():
        if not is_same:
            raise ValueError(
                f"{record.name} was made with other {what}: choose another --output, "
                "or delete it to train the fold again"
            )
    return True
