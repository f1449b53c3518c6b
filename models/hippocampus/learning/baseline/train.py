"""Train the baseline without a fold, through the one loop, and judge it as ours is.

The result is two files beside those of our folds: ``baseline<k>.json``, with the
scores of every held-out case, and ``baseline<k>.jsonl``, the log. The weights (62 MB
in half precision) stay in the folder ``baseline<k>``, from which a training that was
broken off goes on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.hippocampus.cases.data import Case, read_data
from models.hippocampus.cases.scores import score_probabilities
from models.hippocampus.cases.split import split_by_subject
from models.hippocampus.learning.baseline.budget import Budget, BudgetSpentError
from models.hippocampus.learning.baseline.network import RecursiveUNet
from models.hippocampus.learning.baseline.settings import ORIGINAL, BaselineSettings
from models.hippocampus.learning.baseline.slices import SliceCases, probabilities
from models.training.checkpoint import save_weights
from models.training.loop import LOG, fit
from models.training.settings import (
    read_settings,
    settings_digest,
    write_resolved,
)
from models.training.strategy import SingleProcess
from models.training.tracking import Tracker, Watch

WEIGHTS = "baseline.safetensors"


def settings_of(path: Path | None, epochs: int | None) -> BaselineSettings:
    """Return the settings in ``path``, else the original's, with other epochs.

    Raises
    ------
    ValueError
        The file is not one of settings: one line that says which key.
    """
    settings = read_settings(BaselineSettings, path or ORIGINAL)
    if epochs is None:
        return settings
    loop = settings.loop.model_copy(update={"epochs": epochs})
    return settings.model_copy(update={"loop": loop})


def cross_entropy(logits: Tensor, truth: Tensor) -> Tensor:
    """Return the original's loss of logits and one-hot truth ``(N, 3, H, W)``."""
    return functional.cross_entropy(logits.float(), truth)


def train_network(
    cases: Sequence[Case],
    settings: BaselineSettings,
    folder: Path,
    made_by: Mapping[str, str],
    device: str = "cpu",
    trackers: Sequence[Tracker] = (),
) -> nn.Module:
    """Return the network as it is after the last epoch that fits the time.

    Parameters
    ----------
    made_by
        Which cases these are; a checkpoint of others is not gone on from.
    """
    torch.manual_seed(settings.loop.seed)
    network = RecursiveUNet(settings.widths)
    with suppress(BudgetSpentError):  # the log says how many epochs there were
        fit(
            network,
            SliceCases(cases, settings.side),
            cross_entropy,
            settings.loop,
            SingleProcess(device),
            folder,
            {"settings": settings_digest(settings), **made_by},
            Watch([*trackers, Budget(settings.minutes)]),
        )
    return network.eval()  # trained in place, and not averaged


def train_fold(
    data: Path,
    folder: Path,
    settings: BaselineSettings,
    fold: int,
    device: str = "cpu",
    trackers: Sequence[Tracker] = (),
) -> Path:
    """Train without a fold, judge the cases that were held out, return the record.

    Parameters
    ----------
    data
        Folder with ``images/`` and ``labels/`` of Task04_Hippocampus.
    folder
        Where the folds of our network are or will be.
    """
    there, split, work = read_data(data), settings.split, folder / f"baseline{fold}"
    training, held_out = split_by_subject(there.cases, fold, split.folds, split.seed)
    made_by = {"data": there.sha256, "fold": str(fold)}
    network = train_network(training, settings, work, made_by, device, trackers)
    write_resolved(settings, work)
    save_weights(network, work / WEIGHTS)
    scores = []
    for case in held_out:
        chances = probabilities(network, case.image, settings.side, device=device)
        scores.append(score_probabilities(case, chances, fold).plain())
    log = (work / LOG).read_text(encoding="utf-8")
    content = {
        "fold": fold,
        "trained_on": sorted({case.subject for case in training}),
        "training": _training_record(network, settings, log)
        | {"data_sha256": made_by["data"]},
        "scores": scores,
    }
    record = folder / f"baseline{fold}.json"
    record.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    record.with_suffix(".jsonl").write_text(log, encoding="utf-8")
    return record


def _training_record(
    network: nn.Module, settings: BaselineSettings, log: str
) -> dict[str, Any]:
    """Return what was trained, for how long and on what, from the log's lines."""
    epochs = [json.loads(line) for line in log.splitlines()]
    millions = sum(p.numel() for p in network.parameters()) / 1e6
    return {
        "network": f"recursive 2D U-Net, {millions:.1f} M parameters",
        "epochs": len(epochs),
        "minutes": round(sum(epoch["seconds"] for epoch in epochs) / 60, 1),
        "precision": ", ".join(sorted({epoch["precision"] for epoch in epochs})),
        "processor": ", ".join(sorted({epoch["processor"] for epoch in epochs})),
        "settings_sha256": settings_digest(settings),
        "settings": settings.model_dump(mode="json"),
    }
