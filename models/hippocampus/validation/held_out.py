"""Predictions by networks that never saw the subject.

Every figure of this model that is printed comes from here, so that no figure is read
off a case that its network was trained on.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from torch import nn

from models.hippocampus.learning.cases import Case, read_cases
from models.hippocampus.preprocess import FloatVolume
from models.hippocampus.segment import probabilities
from models.hippocampus.validation.folds import Fold, read_folds

Result = TypeVar("Result")


class Prediction(NamedTuple):
    """What a network says of a case that it never saw.

    Attributes
    ----------
    probabilities
        ``(3, D, H, W)`` float32: background, anterior, posterior, as the network
        gives them: nothing is removed or filled.
    fold
        Number of the fold whose network it was.
    """

    case: Case
    probabilities: FloatVolume
    fold: int


def held_out_predictions(
    folds_folder: Path, data: Path, cache: Path | None = None
) -> Iterator[Prediction]:
    """Yield every case of every fold that is there, by fold, then by name.

    Parameters
    ----------
    folds_folder
        With ``fold<k>.safetensors`` and ``fold<k>.json``.
    data
        Folder with ``images/`` and ``labels/``.
    cache
        Probabilities are kept here and read again: for other weights or another
        image, others.

    Raises
    ------
    models.hippocampus.validation.folds.LeakError
        A network was trained on a subject that its fold holds out.
    """
    networks = Networks(cache)
    for fold, case in held_out_cases(read_folds(folds_folder), read_cases(data)):
        yield networks.predict(fold, case)


def held_out_cases(
    folds: Sequence[Fold], cases: Sequence[Case]
) -> list[tuple[Fold, Case]]:
    """Return each case beside the fold that holds it out.

    Raises
    ------
    models.hippocampus.validation.folds.LeakError
        As `held_out_predictions`.
    """
    return [(fold, case) for fold in folds for case in fold.held_out(cases)]


@dataclass(slots=True)
class Networks:
    """Networks of folds, each read once, and a cache of what they said."""

    cache: Path | None = None
    _networks: dict[int, nn.Module] = field(default_factory=dict)
    _digests: dict[int, str] = field(default_factory=dict)

    def predict(self, fold: Fold, case: Case) -> Prediction:
        """Return the prediction of the fold's network, from the cache if it is there.

        Computed in fp32, so the figures are those of no particular processor.
        """
        kept = self._kept(fold, case)
        if kept and kept.is_file():
            return Prediction(case, np.load(kept), fold.number)
        if fold.number not in self._networks:
            self._networks[fold.number] = fold.network()
        network = self._networks[fold.number]
        chances = probabilities(network, case.image, fold.preprocessing)
        if kept:
            _keep(chances, kept)
        return Prediction(case, chances, fold.number)

    def _kept(self, fold: Fold, case: Case) -> Path | None:
        if self.cache is None:
            return None
        if fold.number not in self._digests:
            self._digests[fold.number] = fold.digest()[:12]
        folder = f"fold{fold.number}-{self._digests[fold.number]}"
        image = hashlib.sha256(case.image.tobytes()).hexdigest()[:12]
        return self.cache / folder / f"{case.name}-{image}.npy"


def _keep(chances: FloatVolume, path: Path) -> None:
    """Write under a name of this process, then rename: several may write at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.partial")
    with partial.open("wb") as file:
        np.save(file, chances)
    partial.replace(path)


def over_held_out(
    function: Callable[[Prediction], Result],
    pairs: Sequence[tuple[Fold, Case]],
    cache: Path | None = None,
    processes: int = 1,
) -> Iterator[Result]:
    """Yield ``function`` of each prediction, in order, computed by processes.

    Parameters
    ----------
    function
        Of module level: it is sent to the processes by its name.
    pairs
        From `held_out_cases`.
    """
    if processes == 1:
        networks = Networks(cache)
        for fold, case in pairs:
            yield function(networks.predict(fold, case))
        return
    with ProcessPoolExecutor(
        processes, get_context("spawn"), _start_process, (cache,)
    ) as pool:
        yield from pool.map(_work, [(function, *pair) for pair in pairs])


_ours: Networks = Networks()
"""The networks of this worker process."""


def _start_process(cache: Path | None) -> None:
    torch.set_num_threads(1)
    _ours.cache = cache


def _work(job: tuple[Callable[[Prediction], Result], Fold, Case]) -> Result:
    function, fold, case = job
    return function(_ours.predict(fold, case))
