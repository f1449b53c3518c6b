"""From a crop to the volumes that a report would print, network by network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from torch import nn

from models.hippocampus.findings import STRUCTURES, largest_pieces
from models.hippocampus.learning.cases import Case, read_cases
from models.hippocampus.preprocess import FloatVolume, Preprocessing
from models.hippocampus.segment import probabilities
from models.hippocampus.validation.folds import Fold, read_folds
from models.hippocampus.validation.held_out import held_out_cases
from models.training.convolution import by_onednn
from models.training.precision import multiplies_bf16

Volumes = Mapping[str, float]
"""Name of a structure → mm³."""

Read = Callable[[FloatVolume], Volumes]
"""Reads one crop, ``(D, H, W)`` in the network's frame at 1 mm."""


def volumes_of(labels: npt.NDArray[np.uint8]) -> dict[str, float]:
    """Return the volume of every structure of a label map at 1 mm, in mm³."""
    counts = np.bincount(labels.ravel(), minlength=3)
    return {s.name: float(counts[list(s.labels)].sum()) for s in STRUCTURES}


def reader(
    network: nn.Module, preprocessing: Preprocessing, precision: str = "fp32"
) -> Read:
    """Return what reads a crop with this network, as the node would."""

    def read(image: FloatVolume) -> Volumes:
        chances = probabilities(network, image, preprocessing, precision)
        labels, _ = largest_pieces(chances.argmax(axis=0).astype(np.uint8))
        return volumes_of(labels)

    return read


def held_out_readers(folds: Path, data: Path) -> list[tuple[Case, Read]]:
    """Return each case with a reader whose network never saw its subject.

    It reads in bf16 where the processor multiplies that itself, as the node does.

    Raises
    ------
    models.hippocampus.validation.folds.LeakError
        A network was trained on a subject that its fold holds out.
    FileNotFoundError
        There are no folds, or no cases.
    """
    precision = "bf16" if multiplies_bf16() else "fp32"
    found = held_out_cases(read_folds(folds), read_cases(data))
    by_number = {fold.number: fold for fold, _ in found}
    readers = {n: _reader(fold, precision) for n, fold in by_number.items()}
    return [(case, readers[fold.number]) for fold, case in found]


def _reader(fold: Fold, precision: str) -> Read:
    network = fold.network()
    if precision == "fp32":
        network = by_onednn(network)
    return reader(network, fold.preprocessing, precision)
