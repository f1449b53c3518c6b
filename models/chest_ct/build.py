"""A network from its settings, and its weights from a file."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from models.chest_ct.kinds import Kind
from models.chest_ct.network import OriginalCNN, TriageCNN
from models.chest_ct.settings import ChestSettings
from models.chest_ct.slice_network import SliceNetwork
from models.training.checkpoint import load_weights
from models.volume.bundle import BundleError, sha256_file


def build_network(settings: ChestSettings) -> nn.Module:
    """Return the network of the settings, untrained.

    Nothing that answers a question is made here: see `load_network`.
    """
    wanted, windows = settings.network, len(settings.view.windows_hu)
    if wanted.kind == "slices":
        return SliceNetwork(len(Kind), windows, wanted.widths[0], wanted.dropout)
    channels = windows + 1  # and the lungs
    if wanted.kind == "original":
        return OriginalCNN(channels, wanted.widths, wanted.head, wanted.dropout)
    return TriageCNN(len(Kind), channels, wanted.widths, wanted.dropout)


def load_network(settings: ChestSettings, path: Path, sha256: str) -> nn.Module:
    """Return the network with its weights, in evaluation mode.

    Parameters
    ----------
    sha256
        That the file must have, hexadecimal.

    Raises
    ------
    models.volume.bundle.BundleError
        The file is missing, is another one, or holds the weights of another network.
        There is no network without its weights.
    """
    if not path.is_file():
        raise BundleError(f"{path.name} is missing")
    if sha256_file(path) != sha256:
        raise BundleError(f"{path.name} is not the file that was published")
    try:
        return load_weights(build_network(settings), path)
    except RuntimeError as error:
        first = str(error).splitlines()[-1].strip()
        raise BundleError(f"{path.name} is of another network: {first}") from None
