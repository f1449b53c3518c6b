"""Train the networks of the folds, on whichever machine, until none is lacking.

A fold's result is three files: ``fold<k>.safetensors``, ``fold<k>.json`` with the
metrics of each case that was held out, and ``fold<k>.jsonl``, the log. They are what
is kept and committed. A training that is under way has a folder ``fold<k>`` beside
them, from which the same command goes on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from models.hippocampus.learning.settings import HippocampusSettings
from models.hippocampus.learning.train import Data, split_name, train_network
from models.hippocampus.validation.folds import write_fold
from models.hippocampus.validation.judge import judge, mean_dice, plain, summary
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
        if _is_done(folder, number, read, settings):
            yield f"fold {number}: is there"
            continue
        if manner.progress:
            manner.progress.title(f"fold {number}")
        yield _train_fold(read, folder, settings, number, manner)


def _train_fold(
    data: Data, folder: Path, settings: HippocampusSettings, number: int, manner: Manner
) -> str:
    work = folder / f"fold{number}"
    network = train_network(data, settings, number, work, manner)
    training, held_out = data.split(settings, number)
    judged = judge(network, held_out, settings.window)
    (folder / f"fold{number}.jsonl").write_bytes((work / LOG).read_bytes())
    record = write_fold(
        network,
        folder,
        number,
        training,
        settings,
        training={
            "settings_sha256": settings_digest(settings),
            "data_sha256": data.sha256,
        },
        metrics={
            "split": split_name(settings, number),
            **summary(judged),
            "by_case": plain(judged),
        },
    )
    (work / CHECKPOINT).unlink()  # what it led to is there
    means = mean_dice(judged)
    words = "   ".join(f"{part} {value:.4f}" for part, value in means.items())
    return f"fold {number}: Dice of {len(held_out)} cases   {words}   {record.name}"


def _is_done(
    folder: Path, number: int, data: Data, settings: HippocampusSettings
) -> bool:
    """Return whether the fold has a result; refuse one that is not of this training."""
    weights = folder / f"fold{number}.safetensors"
    record = weights.with_suffix(".json")
    if not (record.is_file() and weights.is_file()):
        return False
    content = json.loads(record.read_text(encoding="utf-8"))
    training = content["training"]
    of_data = training.get("data_sha256", data.sha256)
    checks = {
        "with other settings": training["settings"] == settings.model_dump(mode="json"),
        "with other data": of_data == data.sha256,
        "for other weights": content.get("sha256") == sha256_file(weights),
    }
    for how, is_right in checks.items():
        if not is_right:
            raise ValueError(
                f"{record.name} was made {how}: choose another --output, or delete it "
                "to train the fold again"
            )
    return True


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
