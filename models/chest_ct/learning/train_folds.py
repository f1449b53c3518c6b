"""Train the networks of the folds until none is lacking.

A fold's result is three files, ``<network><k>.safetensors``, ``.json`` and ``.jsonl``
(`models.chest_ct.learning.publish`). A training that is under way has a folder beside
them, from which the same command goes on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from models.chest_ct.cases.case import Case
from models.chest_ct.cases.gather import gather
from models.chest_ct.learning.parts import whole_where_undrawn
from models.chest_ct.learning.train import (
    require_both_labels,
    require_same,
    train_fold,
)
from models.chest_ct.settings import ChestSettings
from models.training.folds import fold_numbers
from models.training.run_options import RunOptions

__all__ = ["fold_numbers", "train_folds"]

UNDRAWN = (
    "learns from whole chests and not from parts, which takes longer: "
    "not every positive study has its findings drawn"
)
"""Said where the settings wish for parts and the data have labels alone."""


def train_folds(
    data: Path,
    folder: Path,
    settings: ChestSettings,
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
        A fold that is there was made with other settings or data.
    models.training.checkpoint.CheckpointError
        A training that is under way there has other settings or data.
    """
    options = options or RunOptions()
    told = options.progress.read if options.progress else None

    def check(cases: Sequence[Case]) -> None:
        for number in numbers:
            require_both_labels(cases, settings, number)

    gathered = gather(data, settings.view, told, check)
    wanted, settings = settings, whole_where_undrawn(settings, gathered.cases)
    if settings != wanted:
        yield UNDRAWN
    for number in numbers:
        name = f"{settings.network.kind}{number}"
        record = folder / f"{name}.json"
        if record.is_file():
            require_same(record, settings, gathered, number)
            yield f"fold {number}: is there"
            continue
        if options.progress:
            options.progress.title(f"fold {number}")
        train_fold(
            gathered, folder / name, folder, settings, number, options, name=name
        )
        yield _line(number, json.loads(record.read_text(encoding="utf-8")))


def _line(number: int, content: dict[str, Any]) -> str:
    found = content["metrics"]["validation"]
    area = found["auc"]
    return (
        f"fold {number}, held out: AUC {area['value']:.3f} ({area['low']:.3f} to "
        f"{area['high']:.3f}) of {found['cases']['patients']} patients   "
        f"sensitivity {found['sensitivity']['value']:.3f}   "
        f"specificity {found['specificity']['value']:.3f}"
    )
