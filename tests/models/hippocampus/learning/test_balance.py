"""Volumes that are right in the mean over the cases that a network learned from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import models
from models.hippocampus.cases.data import Case
from models.hippocampus.learning.balance import LARGEST, balance, finest_bias
from models.hippocampus.network import ResidualUNet
from models.hippocampus.preprocess import Preprocessing
from models.hippocampus.segment import probabilities
from tests.models.hippocampus.learning.test_dataset import build_case

SEEN = Preprocessing(window=(40, 56, 40))
CASES = [build_case(subject, seed=subject) for subject in range(3)]


@pytest.fixture
def network() -> ResidualUNet:
    """Return the shipped network."""
    [weights] = Path(models.bundle_folder("hippocampus")).glob("weights/*.safetensors")
    network = ResidualUNet()
    network.load_state_dict(
        {name: tensor.float() for name, tensor in load_file(weights).items()}
    )
    return network.eval()


def bias_of(network: ResidualUNet, case: Case) -> float:
    """Return the signed relative volume error of the whole."""
    found = probabilities(network, case.image, SEEN).argmax(axis=0)
    return np.count_nonzero(found) / np.count_nonzero(case.labels) - 1


def test_the_mean_volume_has_no_bias_afterwards(network: ResidualUNet) -> None:
    """A network that draws too large is set right, up to a voxel or two."""
    with torch.no_grad():
        finest_bias(network)[0] -= 1.5
    before = np.mean([bias_of(network, case) for case in CASES])

    balance(network, CASES, SEEN)

    after = np.mean([bias_of(network, case) for case in CASES])
    assert abs(before) > 0.01
    assert after == pytest.approx(0, abs=1e-3)


def test_what_is_balanced_stays(network: ResidualUNet) -> None:
    """A second time finds nothing to do."""
    balance(network, CASES, SEEN)

    assert balance(network, CASES, SEEN) == pytest.approx(0, abs=0.01)


def test_one_number_changes(network: ResidualUNet) -> None:
    """The bias of the background in the layer that is used in the end."""
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}

    shift = balance(network, CASES, SEEN)

    changes = {
        name: (tensor - before[name]).abs().sum().item()
        for name, tensor in network.state_dict().items()
        if not torch.equal(tensor, before[name])
    }
    assert changes == {"heads.2.bias": pytest.approx(abs(shift), abs=1e-6)}


def test_a_network_that_has_not_learned_is_shifted_within_bounds() -> None:
    """It cannot be set right, and no number runs away."""
    torch.manual_seed(0)

    assert abs(balance(ResidualUNet((4, 8)).eval(), CASES, SEEN)) <= LARGEST
