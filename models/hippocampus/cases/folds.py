"""The networks of the folds: ``fold<k>.safetensors`` and ``fold<k>.json`` in a folder.

A fold's record names the subjects that its network was trained on, so whoever uses
the network can see, rather than believe, that a case was held out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from torch import nn

from models.hippocampus.cases.data import Case
from models.hippocampus.cases.split import split_by_subject
from models.hippocampus.network import ResidualUNet
from models.hippocampus.preprocess import Preprocessing
from models.hippocampus.settings import HippocampusSettings
from models.training.checkpoint import load_weights, save_weights
from models.training.convolution import by_onednn
from models.volume.bundle import sha256_file


class LeakError(ValueError):
    """A subject is on both sides of a split."""


@dataclass(frozen=True, slots=True)
class Fold:
    """One fold's network on disk, and what it was trained on.

    Attributes
    ----------
    number
        ``0 … settings.split.folds - 1``; the fold that was held out.
    weights
        The safetensors file.
    sha256
        Of the weights.
    trained_on
        Subjects of the training cases.
    data_sha256
        Of the folder of all cases, those that were held out among them.
    """

    number: int
    weights: Path
    sha256: str
    settings: HippocampusSettings
    trained_on: frozenset[int]
    data_sha256: str

    @property
    def preprocessing(self) -> Preprocessing:
        """With the window that the network was trained in."""
        return Preprocessing(window=self.settings.window)

    def network(self) -> nn.Module:
        """Return the network in evaluation mode, fp32, on the CPU; read once."""
        return _network(self)

    def held_out(self, cases: Sequence[Case]) -> list[Case]:
        """Return the cases whose subjects the network never saw.

        Raises
        ------
        LeakError
            The split holds a subject out that the record names as trained on.
        """
        split = self.settings.split
        _, held_out = split_by_subject(cases, self.number, split.folds, split.seed)
        refuse_leak(self.trained_on, held_out, f"fold {self.number}")
        return held_out


@cache
def _network(fold: Fold) -> nn.Module:
    network = load_weights(ResidualUNet(fold.settings.widths), fold.weights)
    return by_onednn(network)


def refuse_leak(trained_on: Iterable[int], held_out: Iterable[Case], name: str) -> None:
    """Do nothing if no held-out case is of a subject that was trained on.

    Raises
    ------
    LeakError
        One is.
    """
    leaked = sorted({case.subject for case in held_out} & set(trained_on))
    if leaked:
        raise LeakError(
            f"{name}: trained on subjects that it holds out: "
            f"{', '.join(str(subject) for subject in leaked[:5])}"
        )


def read_folds(folder: Path) -> list[Fold]:
    """Return the folds that are there, by number.

    Raises
    ------
    FileNotFoundError
        There is none.
    ValueError
        A record is missing, lacks what is needed to use the network, or is of other
        weights.
    """
    found = {
        int(name[1]): path
        for path in folder.glob("fold*.safetensors")
        if (name := re.fullmatch(r"fold(\d+)", path.stem))
    }
    if not found:
        raise FileNotFoundError(
            f"no fold<k>.safetensors in {folder}; make them with: pacs-model train "
            "hippocampus --data DATA --output FOLDS --folds all"
        )
    return [read_fold(found[number]) for number in sorted(found)]


def read_fold(weights: Path) -> Fold:
    """Return the fold whose weights lie there.

    Raises
    ------
    ValueError
        As `read_folds`.
    """
    record = weights.with_suffix(".json")
    sha256 = sha256_file(weights)
    try:
        content = json.loads(record.read_text(encoding="utf-8"))
        if content["sha256"] != sha256:
            raise ValueError("it tells of other weights")
        training = content["training"]
        return Fold(
            number=int(content["fold"]),
            weights=weights,
            sha256=sha256,
            settings=HippocampusSettings(**training["settings"]),
            trained_on=frozenset(content["trained_on"]),
            data_sha256=training["data_sha256"],
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{record.name} is no record of {weights.name}: {_reason(error)}"
        ) from None


def _reason(error: Exception) -> str:
    """Return one line, without the place on this machine."""
    if isinstance(error, OSError):
        return "there is none"
    if isinstance(error, KeyError):
        return f"it lacks {error}"
    return str(error).splitlines()[0]


def write_fold(
    network: nn.Module,
    folder: Path,
    fold: int,
    trained_on: Iterable[Case],
    settings: HippocampusSettings,
    **more: Mapping[str, Any],
) -> Path:
    """Write weights in fp16 and the record of a fold, and return the record.

    Parameters
    ----------
    trained_on
        The training cases; the record holds their subjects.
    more
        Further objects of the record: ``training``, which holds ``data_sha256``, and
        ``metrics``.
    """
    weights = folder / f"fold{fold}.safetensors"
    record = weights.with_suffix(".json")
    drafts = [path.with_name(f"{path.name}.partial") for path in (weights, record)]
    save_weights(network, drafts[0])
    training = {"settings": settings.model_dump(mode="json")}
    content = dict(more) | {
        "fold": fold,
        "sha256": sha256_file(drafts[0]),
        "trained_on": sorted({case.subject for case in trained_on}),
        "training": dict(more.get("training", {})) | training,
    }
    drafts[1].write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    for draft, path in zip(drafts, (weights, record), strict=True):
        draft.replace(path)  # what is there is whole
    return record
