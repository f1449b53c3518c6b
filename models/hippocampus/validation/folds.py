"""The networks of the folds: ``fold<k>.safetensors`` and ``fold<k>.json`` in a folder.

A fold's record names the subjects that its network was trained on, so whoever uses
the network can see, rather than believe, that a case was held out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from models.hippocampus.learning.cases import Case
from models.hippocampus.learning.dataset import split_by_subject
from models.hippocampus.learning.settings import HippocampusSettings, Split
from models.hippocampus.network import ResidualUNet
from models.hippocampus.preprocess import Preprocessing
from models.training.checkpoint import load_weights, save_weights
from models.volume.bundle import sha256_file

SHIPPED_FOLDS = Path(__file__).parents[1] / "folds"
"""Where the folds of the shipped recipe lie."""


class LeakError(ValueError):
    """A subject is on both sides of a split."""


@dataclass(frozen=True, slots=True)
class Fold:
    """One fold's network on disk, and what it was trained on.

    Attributes
    ----------
    number
        ``0 … split.folds - 1``; the fold that was held out.
    weights
        The safetensors file.
    preprocessing
        With the window that the network was trained in.
    trained_on
        Subjects of the training cases.
    """

    number: int
    weights: Path
    widths: tuple[int, ...]
    preprocessing: Preprocessing
    split: Split
    trained_on: frozenset[int]

    def network(self) -> nn.Module:
        """Return the network in evaluation mode, fp32, on the CPU."""
        return load_weights(ResidualUNet(self.widths), self.weights)

    def digest(self) -> str:
        """Return the SHA-256 of the weights."""
        return sha256_file(self.weights)

    def held_out(self, cases: Sequence[Case]) -> list[Case]:
        """Return the cases whose subjects the network never saw.

        Raises
        ------
        LeakError
            The split holds a subject out that the record names as trained on.
        """
        _, held_out = split_by_subject(
            cases, self.number, self.split.folds, self.split.seed
        )
        refuse_leak(self.trained_on, held_out, f"fold {self.number}")
        return held_out


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
        A record is missing, or lacks what is needed to use the network.
    """
    weights = sorted(folder.glob("fold[0-9].safetensors"))
    if not weights:
        raise FileNotFoundError(f"no fold<k>.safetensors in {folder.name}")
    return [_read_fold(path) for path in weights]


def _read_fold(weights: Path) -> Fold:
    record = weights.with_suffix(".json")
    try:
        content = json.loads(record.read_text(encoding="utf-8"))
        settings = content["training"]["settings"]
        fold = Fold(
            number=int(content["fold"]),
            weights=weights,
            widths=tuple(settings["widths"]),
            preprocessing=Preprocessing(window=tuple(settings["window"])),
            split=Split(**settings["split"]),
            trained_on=frozenset(content["trained_on"]),
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{record.name} is no record of a fold: {error!r}") from None
    if content.get("sha256") != fold.digest():
        raise ValueError(f"{weights.name} is not the file that {record.name} tells of")
    return fold


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
        Further objects of the record: ``training`` (merged), ``metrics``.
    """
    weights = folder / f"fold{fold}.safetensors"
    save_weights(network, weights)
    training = {"settings": settings.model_dump(mode="json")}
    content = dict(more) | {
        "fold": fold,
        "sha256": sha256_file(weights),
        "trained_on": sorted({case.subject for case in trained_on}),
        "training": dict(more.get("training", {})) | training,
    }
    path = folder / f"fold{fold}.json"
    partial = path.with_suffix(".partial")  # a record that is there is whole
    partial.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    partial.replace(path)
    return path
