"""What the networks say of a prepared chest; serving and validation alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from models.chest_ct.locate import Evidence
from models.chest_ct.network import STRIDE, Reading, around
from models.chest_ct.preprocess import FIELD_STEP, Prepared, View, whole
from models.chest_ct.slice_network import SliceReading
from models.training.precision import autocast

READING = 3
"""Of the code: raised when equal prepared chests are read differently than before."""

Windows = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class ChestReading:
    """What the 3D network says of a study.

    Attributes
    ----------
    probability
        Of pathology, as the network has it.
    evidence
        Where each kind of finding is likely; None of a network that does not say.
    """

    probability: float
    evidence: Evidence | None


@dataclass(frozen=True, slots=True)
class SlicesReading:
    """What the slice network says of a study.

    Attributes
    ----------
    probability
        Of pathology, as the network has it.
    slices
        ``(S,)``, the probability of each slice alone.
    attention
        ``(S,)``, how much each counts; 1 in sum.
    places
        ``(S,)``, which slice of the prepared chest each is.
    """

    probability: float
    slices: npt.NDArray[np.float32]
    attention: npt.NDArray[np.float32]
    places: npt.NDArray[np.int_]


class ChestInput(NamedTuple):
    """A chest as the 3D network takes it.

    Attributes
    ----------
    points
        ``(1, C, D, H, W)`` float32: the windows, and the lungs last.
    affine
        ``(4, 4)``, point ``(d, h, w)`` to LPS millimetres.
    """

    points: Tensor
    affine: npt.NDArray[np.float64]


def read_chest(
    network: nn.Module,
    prepared: Prepared,
    view: View,
    precision: str = "fp32",
    device: str = "cpu",
) -> ChestReading:
    """Read a whole chest.

    Parameters
    ----------
    network
        In evaluation mode, on ``device``.
    """
    return read_input(network, chest_of(prepared, view), precision, device)


def read_input(
    network: nn.Module, chest: ChestInput, precision: str, device: str
) -> ChestReading:
    """Read a chest that several networks see alike."""
    with torch.inference_mode(), autocast(precision, device):
        reading: Reading = network(chest.points.to(device))
    return said(reading, chest)


def chest_of(prepared: Prepared, view: View) -> ChestInput:
    """Return a prepared chest as the 3D network takes it."""
    chest = whole(prepared)
    points = chest_input(
        torch.from_numpy(chest.hu)[None],
        torch.from_numpy(chest.lungs)[None],
        view.windows_hu,
    )
    return ChestInput(points, chest.affine)


def said(reading: Reading, chest: ChestInput) -> ChestReading:
    """Return in numbers what a 3D network said of a chest.

    Of cells away from the lungs nothing is said: they are no part of the answer, and
    no place of it.
    """
    evidence = None
    if reading.evidence.shape[1]:
        chances = reading.evidence[0].float().sigmoid().cpu().numpy()
        chances *= around(chest.points[:, -1:])[0].cpu().numpy()
        evidence = Evidence(chances, coarser(chest.affine, STRIDE))
    return ChestReading(float(reading.study.float().sigmoid()), evidence)


def read_slices(
    network: nn.Module,
    prepared: Prepared,
    view: View,
    precision: str = "fp32",
    device: str = "cpu",
) -> SlicesReading:
    """Read axial slices; of more than the field has, as many at equal distances.

    Parameters
    ----------
    network
        In evaluation mode, on ``device``.
    """
    chest = whole(prepared, (1, FIELD_STEP, FIELD_STEP))
    last = len(chest.hu) - 1
    places = np.unique(np.linspace(0, last, view.field[0]).round().astype(int))
    inputs = slice_input(torch.from_numpy(chest.hu[places])[None], view.windows_hu)
    with torch.inference_mode(), autocast(precision, device):
        reading: SliceReading = network(inputs.to(device))
    return SlicesReading(
        probability=float(reading.study.float().sigmoid()),
        slices=reading.slices[0].float().sigmoid().cpu().numpy(),
        attention=reading.attention[0].float().cpu().numpy(),
        places=places,
    )


def chest_input(hu: Tensor, lungs: Tensor, windows: Windows) -> Tensor:
    """Return the windows and the lungs as channels, ``(N, C, D, H, W)`` float32.

    Parameters
    ----------
    hu, lungs
        ``(N, D, H, W)``.
    """
    return torch.stack([*_windowed(hu, windows), lungs.float()], dim=1)


def slice_input(hu: Tensor, windows: Windows) -> Tensor:
    """Return the windows of slices ``(N, S, H, W)`` as ``(N, S, C, H, W)`` float32."""
    return torch.stack(_windowed(hu, windows), dim=2)


def _windowed(hu: Tensor, windows: Windows) -> list[Tensor]:
    values = hu.float()
    return [
        ((values - low) / (high - low)).clamp(0, 1) * 2 - 1 for low, high in windows
    ]


def coarser(affine: npt.NDArray[np.float64], stride: int) -> npt.NDArray[np.float64]:
    """Return the affine of a grid whose first point is that of a finer one."""
    result = affine.copy()
    result[:3, :3] *= stride
    return result
