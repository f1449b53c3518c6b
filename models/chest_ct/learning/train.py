"""Train one of the networks and judge it on patients that it has not seen."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from models.chest_ct.build import build_network
from models.chest_ct.cases.cache import Kept
from models.chest_ct.cases.case import Case
from models.chest_ct.cases.gather import Gathered, gather
from models.chest_ct.cases.scores import CaseScore, score, scored
from models.chest_ct.cases.split import FEWEST_PATIENTS, Parts, parts_of, taken
from models.chest_ct.learning.answer import fit_answer
from models.chest_ct.learning.dataset import ChestCases, SliceCases
from models.chest_ct.learning.loss import ChestLoss, SlicesLoss
from models.chest_ct.learning.parts import whole_where_undrawn
from models.chest_ct.learning.publish import Trained, publish
from models.chest_ct.network import TriageCNN
from models.chest_ct.settings import ChestSettings
from models.training.checkpoint import as_written
from models.training.classification.roc import auc
from models.training.determinism import deterministic
from models.training.loop import CHECKPOINT, LOG, fit
from models.training.precision import chosen_device, reduced_precision
from models.training.run_options import RunOptions
from models.training.settings import read_settings, settings_digest, write_resolved
from models.training.strategy import SingleProcess
from models.training.tensorboard import TensorBoard
from models.training.tracking import Tracker, Watch

NETWORKS: Mapping[str, Path] = {
    name: Path(__file__).parent / f"{name}.toml"
    for name in ("cnn", "slices", "original")
}
"""Name of a network → the settings that are shipped for it."""

EVENTS = "tensorboard"
"""Folder of the event files, in that of the training."""


@dataclass(frozen=True, slots=True)
class Cases:
    """The cases of one fold, by what they are for."""

    training: Sequence[Kept]
    validation: Sequence[Kept]
    test: Sequence[Kept]

    @classmethod
    def of(cls, gathered: Gathered, settings: ChestSettings, fold: int) -> Cases:
        """Divide the cases; no patient is in two parts."""
        there = gathered.cases
        parts: Parts = parts_of([kept.case for kept in there], settings.split, fold)
        return cls(
            taken(there, parts.training),
            taken(there, parts.validation),
            taken(there, parts.test),
        )


def settings_of(path: Path | None, epochs: int | None) -> ChestSettings:
    """Return the settings in ``path``, else those of the 3D network.

    Raises
    ------
    ValueError
        The file is not one of settings: one line that says which key.
    """
    settings = read_settings(ChestSettings, path or NETWORKS["cnn"])
    if epochs is None:
        return settings
    loop = settings.loop.model_copy(update={"epochs": epochs})
    return settings.model_copy(update={"loop": loop})


def run(
    data: Path,
    output: Path,
    settings: ChestSettings,
    fold: int | None = None,
    options: RunOptions | None = None,
    release: str | None = None,
) -> Path:
    """Train on one split and return the folder of weights, record and log.

    A training that was broken off in ``output`` goes on; one that has ended there
    stays as it is.

    Parameters
    ----------
    data
        As `models.chest_ct.cases.gather.gather` takes it.
    fold
        Held out to choose epoch and threshold; None holds the first out. The test
        part is seen by none.
    release
        Version that the record states; else it says that it is the user's own.
    """
    options = options or RunOptions()
    check = partial(require_both_labels, settings=settings, fold=fold or 0)
    gathered = gather(data, settings.view, _told(options), check)
    settings = whole_where_undrawn(settings, gathered.cases)
    number = fold or 0
    record = output / f"{settings.network.kind}.json"
    if record.is_file():
        require_same(record, settings, gathered, number)
        return output
    train_fold(gathered, output, output, settings, number, options, release)
    return output


def require_same(
    record: Path, settings: ChestSettings, gathered: Gathered, fold: int
) -> None:
    """Refuse a record of another training.

    Raises
    ------
    ValueError
        It was made with other settings, other data, or for another fold.
    """
    content = json.loads(record.read_text(encoding="utf-8"))
    checks = {
        "settings": content["settings_sha256"] == settings_digest(settings),
        "data": content["data"]["sha256"] == gathered.sha256,
        "patients held out": content["fold"] == fold,
    }
    for what, is_same in checks.items():
        if not is_same:
            raise ValueError(
                f"{record.name} was made with other {what}: choose another --output, "
                "or delete it to train the fold again"
            )


def train_fold(
    gathered: Gathered,
    work: Path,
    output: Path,
    settings: ChestSettings,
    fold: int,
    options: RunOptions,
    release: str | None = None,
    name: str | None = None,
) -> Path:
    """Train without a fold, judge, publish, and return the record.

    Parameters
    ----------
    work
        Of checkpoint and log; a training that was broken off there goes on.
    output, name
        Where weights, record and log come, and under which name.

    Raises
    ------
    models.training.checkpoint.CheckpointError
        What lies in ``work`` is of other settings, data or fold.
    """
    require_both_labels([kept.case for kept in gathered.cases], settings, fold)
    cases = Cases.of(gathered, settings, fold)
    network = train_network(gathered, cases, settings, fold, work, options)
    record = publish(
        Trained(network, settings, gathered, fold, release or "own", work / LOG),
        judged(network, cases.validation, settings, options),
        judged(network, cases.test, settings, options),
        sorted({kept.case.patient for kept in cases.training}),
        output / (name or settings.network.kind),
    )
    (work / CHECKPOINT).unlink()  # what it led to is there
    return record


def require_both_labels(
    cases: Sequence[Case], settings: ChestSettings, fold: int
) -> None:
    """Refuse parts that could be neither learned from nor judged.

    Raises
    ------
    ValueError
        A part has studies of one label alone.
    """
    parts = parts_of(cases, settings.split, fold)
    for name in ("training", "validation", "test"):
        part = taken(cases, getattr(parts, name))
        for label in (True, False):
            if part and not any(case.is_positive is label for case in part):
                raise ValueError(
                    f"the {name} part has no study with pathology {label:d}: "
                    f"{FEWEST_PATIENTS} patients of each label are the fewest that "
                    "every part has some of; more teach more"
                )


def train_network(
    gathered: Gathered,
    cases: Cases,
    settings: ChestSettings,
    fold: int,
    folder: Path,
    options: RunOptions,
) -> nn.Module:
    """Return the averaged network of the best epoch, as it is written."""
    kind = SliceCases if settings.network.kind == "slices" else ChestCases
    loss = SlicesLoss if settings.network.kind == "slices" else ChestLoss
    made_by = {
        "settings": settings_digest(settings),
        "data": gathered.sha256,
        "fold": str(fold),
    }
    with deterministic(options.deterministic):
        torch.manual_seed(settings.loop.seed)
        network = fit(
            build_network(settings),
            kind(cases.training, settings),
            loss(settings.loss),
            settings.loop,
            SingleProcess(chosen_device(options.device)),
            folder,
            made_by,
            _watch(cases, settings, folder, options),
        )
        _answer(network, cases.training, settings, options)
    write_resolved(settings, folder)
    return as_written(network).eval()


def _answer(
    network: nn.Module,
    training: Sequence[Kept],
    settings: ChestSettings,
    options: RunOptions,
) -> None:
    """Fit the answer for whole chests, where only parts were learned from."""
    if settings.parts and isinstance(network, TriageCNN):
        fit_answer(network, training, settings, *_where(network, options))


def validated(
    network: nn.Module,
    cases: Sequence[Kept],
    settings: ChestSettings,
    options: RunOptions,
) -> dict[str, float]:
    """Return ``auc`` and ``loss``, that of the answers for studies, of some cases."""
    found = scored(judged(network, cases, settings, options))
    logits = torch.logit(torch.from_numpy(found.probability), eps=1e-6)
    loss = settings.loss.study(logits, torch.from_numpy(found.truth).double())
    return {"auc": round(auc(found), 5), "loss": round(float(loss), 5)}


def judged(
    network: nn.Module,
    cases: Sequence[Kept],
    settings: ChestSettings,
    options: RunOptions,
) -> list[CaseScore]:
    """Read cases where the network is, in the arithmetic of that processor."""
    return score(network, cases, settings, *_where(network, options))


def _where(network: nn.Module, options: RunOptions) -> tuple[str, str]:
    """Return the precision in which a network reads, and the device that it is on."""
    device = next(network.parameters()).device.type
    precision = "fp32" if options.deterministic else reduced_precision(device)
    return precision, device


def _watch(
    cases: Cases,
    settings: ChestSettings,
    folder: Path,
    options: RunOptions,
) -> Watch:
    trackers: list[Tracker] = options.onlookers()
    if options.tensorboard:
        trackers.append(TensorBoard(folder / EVENTS))

    def validate(network: nn.Module) -> Mapping[str, float]:
        answering = copy.deepcopy(network).eval()  # as it would be published
        _answer(answering, cases.training, settings, options)
        return validated(answering, cases.validation, settings, options)

    is_judged = options.validate_every or settings.loop.watched
    return Watch(trackers, validate if is_judged else None, options.validate_every or 1)


def _told(options: RunOptions) -> Any:
    return options.progress.read if options.progress else None
