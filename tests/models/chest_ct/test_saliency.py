"""Heat lies where the answer comes from, and reading with it changes nothing."""

from __future__ import annotations

import pytest
import torch

from models.chest_ct.network import STRIDE, TriageCNN
from models.chest_ct.saliency import explained

WIDTHS = (4, 8, 8, 8)


@pytest.fixture(name="network")
def network_fixture() -> TriageCNN:
    """Return a small network in evaluation mode."""
    torch.manual_seed(0)
    return TriageCNN(kinds=2, channels=2, widths=WIDTHS).eval()


def chest() -> torch.Tensor:
    """Return a study with one bright place, all of it lung."""
    image = torch.zeros(1, 2, 32, 32, 32)
    image[:, 1] = 1.0
    image[:, 0, 20:26, 6:12, 18:24] = 3.0
    return image


def test_the_reading_is_the_one_without_heat(network: TriageCNN) -> None:
    """Saliency looks on."""
    with torch.inference_mode():
        plain = network(chest())
    found = explained(network, chest()).reading
    torch.testing.assert_close(found.study, plain.study)
    torch.testing.assert_close(found.evidence, plain.evidence)


def test_heat_is_on_the_grid_of_the_evidence(network: TriageCNN) -> None:
    """From 0 to 1, one map for each study."""
    found = explained(network, chest())
    assert found.heat.shape == (1, *(32 // STRIDE,) * 3)
    assert 0 <= float(found.heat.min()) <= float(found.heat.max()) <= 1


def test_heat_is_where_the_answer_comes_from(network: TriageCNN) -> None:
    """A network that adds up brightness is warm where it is bright."""
    image = chest()
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith("weight") and parameter.ndim > 1:
                parameter.abs_()
        dict(network.named_parameters())["stem.0.weight"][:, 1] = 0.0
    heat = explained(network, image).heat[0]
    hottest = torch.tensor(torch.unravel_index(heat.argmax(), heat.shape))
    assert (hottest * STRIDE - torch.tensor([23, 9, 21])).abs().max() <= 3 * STRIDE


def test_the_network_is_left_as_it_was(network: TriageCNN) -> None:
    """No hook stays, and its parameters still learn."""
    explained(network, chest())
    assert not network.merge._forward_hooks
    assert all(parameter.requires_grad for parameter in network.parameters())
    assert all(parameter.grad is None for parameter in network.parameters())


def test_where_nothing_speaks_for_it_nothing_is_warm(network: TriageCNN) -> None:
    """No heat is made out of nothing by dividing by it."""
    torch.nn.init.zeros_(network.evidence.weight)
    assert not explained(network, chest()).heat.any()
