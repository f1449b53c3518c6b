"""From a crop to the volumes that a report would print, network by network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from torch import nn

from models.hippocampus.cases.data import Case
from models.hippocampus.cases.folds import Fold
from models.hippocampus.cases.held_out import held_out
from models.hippocampus.findings import STRUCTURES, largest_pieces
from models.hippocampus.preprocess import FloatVolume, Preprocessing
from models.hippocampus.segment import probabilities

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


@dataclass(frozen=True, slots=True)
class FoldReader:
    """Reads crops with the network of a fold; small enough to send to a process.

    In fp32, so the figures are those of no particular processor.
    """

    fold: Fold

    def __call__(self, image: FloatVolume) -> Volumes:
        """Read one crop."""
        return reader(self.fold.network(), self.fold.preprocessing)(image)


def held_out_readers(folds: Path, data: Path) -> list[tuple[Case, Read]]:
    """Return each case with a reader whose network never saw its subject.

    Raises
    ------
    FileNotFoundError, ValueError
        As `models.hippocampus.cases.held_out.held_out` raises them.
    """
    return [(case, FoldReader(fold)) for fold, case in held_out(folds, data)]
