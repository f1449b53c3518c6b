"""What each piece of evidence says of one chest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch
from torch import nn

from models.chest_ct.aggregate import CNN, SLICES
from models.chest_ct.locate import Evidence
from models.chest_ct.network import STRIDE, TriageCNN
from models.chest_ct.preprocess import Prepared, View
from models.chest_ct.reading import (
    ChestReading,
    chest_of,
    coarser,
    read_input,
    read_slices,
    said,
)
from models.chest_ct.saliency import METHOD, explained
from models.evidence import HeatMap
from models.training.precision import autocast


@dataclass(frozen=True, slots=True)
class NetworkScores:
    """What the networks say.

    Attributes
    ----------
    by_name
        Name of the evidence → probability as the network has it; what was not looked
        at is absent.
    evidence
        Mean of the 3D networks.
    heat
        None in the fast mode, which leaves it out.
    """

    by_name: Mapping[str, float]
    evidence: Evidence
    heat: HeatMap | None = None


def fast_scores(
    cnns: Sequence[nn.Module],
    prepared: Prepared,
    view: View,
    precision: str,
    device: str,
) -> NetworkScores:
    """Return what the 3D networks say, without a picture of why."""
    chest = chest_of(prepared, view)
    readings = [read_input(cnn, chest, precision, device) for cnn in cnns]
    return NetworkScores(
        MappingProxyType({CNN: _mean_probability(readings)}), _mean_evidence(readings)
    )


def full_scores(
    cnns: Sequence[nn.Module],
    slices: nn.Module,
    chests: tuple[Prepared, Prepared],
    views: tuple[View, View],
    precision: str,
    device: str,
) -> NetworkScores:
    """Return what all networks say, and where the answer of the 3D ones comes from.

    Parameters
    ----------
    chests, views
        Of the 3D networks, and of the slice network.
    """
    chest = chest_of(chests[0], views[0])
    readings, heats = [], []
    for cnn in cnns:
        if not isinstance(cnn, TriageCNN):
            raise TypeError(f"{type(cnn).__name__} does not say where")
        with autocast(precision, device):
            found = explained(cnn, chest.points.to(device))
        readings.append(said(found.reading, chest))
        heats.append(found.heat[0].float().cpu())
    heat = torch.stack(heats).mean(dim=0).numpy().astype(np.float32)
    by_slice = read_slices(slices, chests[1], views[1], precision, device)
    scores = {CNN: _mean_probability(readings), SLICES: by_slice.probability}
    return NetworkScores(
        MappingProxyType(scores),
        _mean_evidence(readings),
        HeatMap(heat, coarser(chest.affine, STRIDE), METHOD),
    )


def _mean_probability(readings: Sequence[ChestReading]) -> float:
    return float(np.mean([reading.probability for reading in readings]))


def _mean_evidence(readings: Sequence[ChestReading]) -> Evidence:
    maps = [reading.evidence for reading in readings if reading.evidence is not None]
    if not maps:
        raise TypeError("no 3D network says where")
    chances = np.stack([each.chances for each in maps]).mean(axis=0)
    return Evidence(chances, maps[0].affine)
