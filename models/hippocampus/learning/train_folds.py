"""Train the networks of the folds, on whichever machine, until none is lacking.

A fold's result is three files: ``fold<k>.safetensors``, ``fold<k>.json`` with the
scores of each case that was held out, and ``fold<k>.jsonl``, the log. They are what
is kept and committed. A training that is under way has a folder ``fold<k>`` beside
them, from which the same command goes on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from models.hippocampus.learning.balance import balance
from models.hippocampus.learning.settings import HippocampusSettings
from models.hippocampus.learning.train import (
    BALANCE_DIGITS,
    Data,
    Trained,
    split_name,
    train_network,
)
from models.hippocampus.network import ResidualUNet
from models.hippocampus.preprocess import Preprocessing
from models.hippocampus.validation.evaluation.scores import score_network
from models.hippocampus.validation.evaluation.summary import mean_dice, summarise
from models.hippocampus.validation.folds import write_fold
from models.training.checkpoint import load_weights
from models.training.loop import CHECKPOINT, LOG
from models.training.manner import Manner
from models.training.settings import settings_digest
from models.volume.bundle import sha256_file


def train_folds(
    data: Path,
    folder: Path,
    settings: HippocampusSettings,
    numbers: Sequence[int],
    manner: Manner | None = None,
) -> Iterator[str]:
    """Train each fold that has no result; yield a line about every fold.

    One of before networks were balanced is balanced, and judged anew.

    Parameters
    ----------
    folder
        Where the results are and come.
    numbers
        Of the folds.

    Raises
    ------
    ValueError
        A fold that is there was made with other settings or data.
    models.training.checkpoint.CheckpointError
        A training that is under way there has other settings or data.
    """
    manner = manner or Manner()
    read = Data.read(data, manner)
    for number in numbers:
        record = _record(folder, number, read, settings)
        if record is None:
            if manner.progress:
                manner.progress.title(f"fold {number}")
            yield _train_fold(read, folder, settings, number, manner)
        elif "balance" in record["training"]:
            yield f"fold {number}: is there"
        else:
            yield _balance_fold(read, folder, settings, number)


def _train_fold(
    data: Data, folder: Path, settings: HippocampusSettings, number: int, manner: Manner
) -> str:
    work = folder / f"fold{number}"
    trained = train_network(data, settings, number, work, manner)
    (folder / f"fold{number}.jsonl").write_bytes((work / LOG).read_bytes())
    line = _judge_and_write(trained, data, folder, settings, number)
    (work / CHECKPOINT).unlink()  # what it led to is there
    return line


def _balance_fold(
    data: Data, folder: Path, settings: HippocampusSettings, number: int
) -> str:
    weights = folder / f"fold{number}.safetensors"
    network = load_weights(ResidualUNet(settings.widths), weights)
    training, _ = data.split(settings, number)
    shift = balance(network, training, Preprocessing(window=settings.window))
    trained = Trained(network, shift)
    return _judge_and_write(trained, data, folder, settings, number) + ", balanced"


def _judge_and_write(
    trained: Trained,
    data: Data,
    folder: Path,
    settings: HippocampusSettings,
    number: int,
) -> str:
    """Write weights and record, and return a line with the means of the fold."""
    training, held_out = data.split(settings, number)
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


def _record(
    folder: Path, number: int, data: Data, settings: HippocampusSettings
) -> dict[str, Any] | None:
    """Return the record of a fold that has a result; refuse one of another training."""
    weights = folder / f"fold{number}.safetensors"
    path = weights.with_suffix(".json")
    if not (path.is_file() and weights.is_file()):
        return None
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    training = content["training"]
    made_with = HippocampusSettings(**training["settings"])  # with the keys of today
    checks = {
        "with other settings": made_with == settings,
        "with other data": training.get("data_sha256", data.sha256) == data.sha256,
        "for other weights": content.get("sha256") == sha256_file(weights),
    }
    for how, is_right in checks.items():
        if not is_right:
            raise ValueError(
                f"{path.name} was made {how}: choose another --output, or delete it "
                "to train the fold again"
            )
    return content


def fold_numbers(text: str, folds: int) -> list[int]:
    """Return the numbers that a person types: ``all``, ``2``, ``0-4``, ``0,3``.

    Raises
    ------
    ValueError
        It is none of these, or there is no such fold.

    Examples
    --------
    >>> fold_numbers("0-2,4", 5), fold_numbers("all", 3)
    ([0, 1, 2, 4], [0, 1, 2])
    """
    if text == "all":
        return list(range(folds))
    found: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if not (first.isdecimal() and (last.isdecimal() if dash else not last)):
            raise ValueError(f"folds are such as 0-{folds - 1}, 0,2 or all, not {text}")
        found.update(range(int(first), int(last or first) + 1))
    if not found or max(found) >= folds:
        raise ValueError(f"folds are 0 to {folds - 1}, not {text}")
    return sorted(found)
