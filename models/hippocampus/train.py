"""Train the hippocampus network and judge it on subjects it has not seen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from models.hippocampus import publish
from models.hippocampus.dataset import (
    AugmentedCases,
    Case,
    digest,
    read_cases,
    split_by_subject,
)
from models.hippocampus.network import ResidualUNet
from models.hippocampus.preprocess import Preprocessing
from models.hippocampus.segment import probabilities
from models.hippocampus.settings import SHIPPED, HippocampusSettings
from models.training.loop import fit
from models.training.loss import deeply_supervised
from models.training.metrics import bootstrap_mean, dice, hd95_mm
from models.training.settings import (
    read_settings,
    settings_digest,
    write_resolved,
)
from models.training.strategy import SingleProcess
from models.training.tracking import Watch

PARTS = {"anterior": (1,), "posterior": (2,), "whole": (1, 2)}


def settings_of(path: Path | None, epochs: int | None) -> HippocampusSettings:
    """Return the settings in ``path``, else the shipped ones, with other epochs.

    Raises
    ------
    ValueError
        The file is not one of settings: one line that says which key.
    """
    settings = read_settings(HippocampusSettings, path or SHIPPED)
    if epochs is None:
        return settings
    loop = settings.loop.model_copy(update={"epochs": epochs})
    return settings.model_copy(update={"loop": loop})


def train_network(
    cases: Sequence[Case],
    settings: HippocampusSettings,
    folder: Path,
    made_by: Mapping[str, str] | None = None,
    watch: Watch | None = None,
    device: str = "cpu",
) -> nn.Module:
    """Return the averaged network, trained on the cases as the settings say.

    Parameters
    ----------
    made_by
        Which cases these are; a checkpoint of others is not resumed.
    """
    torch.manual_seed(settings.loop.seed)
    return fit(
        ResidualUNet(settings.widths),
        AugmentedCases(cases, settings.window, settings.augmentation),
        deeply_supervised,
        settings.loop,
        SingleProcess(device),
        folder,
        {"settings": settings_digest(settings), **(made_by or {})},
        watch,
    )


def evaluate(
    network: nn.Module, cases: Sequence[Case], precision: str = "fp32"
) -> dict[str, Any]:
    """Return metrics by part, each with its 95 % interval over subjects.

    Returns
    -------
    dict
        ``cases``, ``subjects``, and per part ``dice``, ``hd95_mm``,
        ``volume_error`` (absolute, relative to the truth) and ``volume_bias``
        (signed), each ``{"mean", "low", "high"}``.
    """
    values: dict[str, dict[str, dict[str, list[float]]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(list))
    )
    for case in cases:
        chances = probabilities(network, case.image, Preprocessing(), precision)
        predicted = chances.argmax(axis=0).astype(np.uint8)
        for part, labels in PARTS.items():
            for metric, value in _compare(predicted, case, labels).items():
                values[part][metric][str(case.subject)].append(value)
    result: dict[str, Any] = {
        "cases": len(cases),
        "subjects": len({case.subject for case in cases}),
    }
    for part, metrics in values.items():
        result[part] = {
            name: _rounded(bootstrap_mean(by_subject))
            for name, by_subject in metrics.items()
        }
    return result


def _compare(
    predicted: np.ndarray[Any, np.dtype[np.uint8]], case: Case, labels: tuple[int, ...]
) -> dict[str, float]:
    found, truth = np.isin(predicted, labels), np.isin(case.labels, labels)
    difference = (int(found.sum()) - int(truth.sum())) / int(truth.sum())
    return {
        "dice": dice(found, truth),
        "hd95_mm": hd95_mm(found, truth, (1.0, 1.0, 1.0)),
        "volume_error": abs(difference),
        "volume_bias": difference,
    }


def _rounded(interval: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in interval.items()}


def run(
    data: Path, output: Path, settings: HippocampusSettings, fold: int | None
) -> Path:
    """Train on all cases, or on all but one fold, and return the bundle folder.

    Parameters
    ----------
    data
        Folder with ``images/`` and ``labels/`` of Task04_Hippocampus.
    fold
        Held out and judged; None trains on everything, and the bundle then says
        that nothing was held out.
    """
    cases, split = read_cases(data), settings.split
    training, held_out = (
        (cases, [])
        if fold is None
        else split_by_subject(cases, fold, split.folds, split.seed)
    )
    print(f"{len(training)} cases to train on, {len(held_out)} held out", flush=True)
    write_resolved(settings, output)
    made_by = {"data": digest(data), "fold": str(fold)}
    network = train_network(training, settings, output, made_by)
    metrics = (
        {
            "split": f"fold {fold} of {split.folds} by subject, seed {split.seed}",
            **evaluate(network, held_out),
        }
        if held_out
        else {"split": "none held out"}
    )
    entropy = publish.largest_entropy(network, held_out or training)
    record = publish.training_record(training, digest(data), settings, entropy)
    version = "own-all" if fold is None else f"own-fold{fold}"
    return publish.publish(
        network, output, training=record, metrics=metrics, version=version
    )
