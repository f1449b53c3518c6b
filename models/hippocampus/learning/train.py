"""Train the hippocampus network and judge it on subjects it has not seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn

from models.hippocampus.cases.data import Case, Data, read_data
from models.hippocampus.cases.scores import score_network
from models.hippocampus.cases.split import split_by_subject
from models.hippocampus.cases.summary import mean_dice, metrics_object
from models.hippocampus.learning import publish
from models.hippocampus.learning.balance import balance
from models.hippocampus.learning.dataset import AugmentedCases
from models.hippocampus.network import ResidualUNet
from models.hippocampus.preprocess import FloatVolume, Preprocessing, Shape
from models.hippocampus.segment import probabilities
from models.hippocampus.settings import SHIPPED, HippocampusSettings
from models.training.checkpoint import as_written
from models.training.determinism import deterministic
from models.training.loop import fit
from models.training.loss import deeply_supervised
from models.training.overlays import Window
from models.training.precision import chosen_device
from models.training.run_options import RunOptions
from models.training.settings import (
    read_settings,
    settings_digest,
    write_resolved,
)
from models.training.strategy import SingleProcess
from models.training.tensorboard import TensorBoard
from models.training.tracking import Watch

EVENTS = "tensorboard"
"""Folder of the event files, in that of the training."""

PICTURED = 3
"""Cases that TensorBoard shows."""

BALANCE_DIGITS = 6
"""Of the logits in a record."""


class Trained(NamedTuple):
    """A network as it is written, on the CPU, and the logits that balanced it."""

    network: nn.Module
    balance: float


def split(
    data: Data, settings: HippocampusSettings, fold: int | None
) -> tuple[Sequence[Case], Sequence[Case]]:
    """Return the cases to train on, and those that are held out."""
    if fold is None:
        return data.cases, []
    how = settings.split
    return split_by_subject(data.cases, fold, how.folds, how.seed)


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
    data: Data,
    settings: HippocampusSettings,
    fold: int | None,
    folder: Path,
    options: RunOptions,
) -> Trained:
    """Return the averaged and balanced network, trained without the fold.

    ``folder`` receives settings, log and checkpoint; a training that was broken off
    there goes on.

    Raises
    ------
    models.training.checkpoint.CheckpointError
        What lies there is of other settings, data or fold.
    """
    training, held_out = split(data, settings, fold)
    with deterministic(options.deterministic):
        torch.manual_seed(settings.loop.seed)
        network = fit(
            ResidualUNet(settings.widths),
            AugmentedCases(training, settings.window, settings.augmentation),
            deeply_supervised,
            settings.loop,
            SingleProcess(chosen_device(options.device)),
            folder,
            _made_by(data, settings, fold),
            _watch(held_out, training, settings, folder, options),
        )
    write_resolved(settings, folder)
    network = network.cpu()
    seen = Preprocessing(window=settings.window)
    shift = balance(network, training, seen)
    return Trained(as_written(network), shift)


def _made_by(
    data: Data, settings: HippocampusSettings, fold: int | None
) -> dict[str, str]:
    return {
        "settings": settings_digest(settings),
        "data": data.sha256,
        "fold": str(fold),
    }


def _watch(
    held_out: Sequence[Case],
    training: Sequence[Case],
    settings: HippocampusSettings,
    folder: Path,
    options: RunOptions,
) -> Watch:
    trackers = options.onlookers()
    if options.tensorboard:
        shown = [
            Window(case.name, case.image, case.labels)
            for case in (held_out or training)[:PICTURED]
        ]
        trackers.append(TensorBoard(folder / EVENTS, shown, _reader(settings.window)))

    def validate(network: nn.Module) -> Mapping[str, float]:
        return mean_dice(score_network(network, held_out, settings.window, fold=0))

    judged = held_out and (options.validate_every or settings.loop.watched)
    return Watch(trackers, validate if judged else None, options.validate_every or 1)


def _reader(window: Shape) -> Any:
    def read(network: nn.Module, image: FloatVolume) -> FloatVolume:
        device = next(network.parameters()).device.type
        return probabilities(
            network, image, Preprocessing(window=window), device=device
        )

    return read


def run(
    folder: Path,
    output: Path,
    settings: HippocampusSettings,
    fold: int | None = None,
    options: RunOptions | None = None,
    release: str | None = None,
) -> Path:
    """Train on all cases, or on all but one fold, and return the bundle folder.

    Parameters
    ----------
    folder
        With ``images/`` and ``labels/``.
    fold
        Held out and judged; None trains on everything, and the bundle then says
        that nothing was held out.
    release
        Version of the bundle; else it says that it is the user's own.
    """
    options = options or RunOptions()
    data = read_data(folder, options.progress.read if options.progress else None)
    trained = train_network(data, settings, fold, output, options)
    training, held_out = split(data, settings, fold)
    record = publish.training_record(data.name, training, data.sha256, settings)
    record["balance"] = round(trained.balance, BALANCE_DIGITS)
    metrics: dict[str, Any] = {"split": "none held out"}
    if fold is not None:
        scores = score_network(trained.network, held_out, settings.window, fold)
        metrics = metrics_object(scores, split_name(settings, fold), None)
        record["limits"]["entropy"] = metrics["largest_entropy"]
    return publish.publish(
        trained.network,
        output,
        training=record,
        metrics=metrics,
        version=release or ("own-all" if fold is None else f"own-fold{fold}"),
    )


def split_name(settings: HippocampusSettings, fold: int) -> str:
    """Return the words that a record has for what was held out."""
    split = settings.split
    return f"fold {fold} of {split.folds} by subject, seed {split.seed}"
