"""The answer for a study, learned from whole chests."""

from __future__ import annotations

from pathlib import Path

import torch

from models.chest_ct.build import build_network
from models.chest_ct.cases.scores import score, scored
from models.chest_ct.learning.answer import fit_answer
from models.chest_ct.network import TriageCNN
from models.chest_ct.settings import ChestSettings
from models.training.classification.roc import auc
from tests.models.chest_ct.learning.made import tiny_cases, tiny_settings


def many_features() -> ChestSettings:
    """Return settings of a network whose coarsest features are more than a few."""
    settings = tiny_settings()
    network = settings.network.model_copy(update={"widths": (4, 6, 8, 32)})
    return settings.model_copy(update={"network": network})


def untrained(settings: ChestSettings) -> TriageCNN:
    """Return a network as it is before anything is learned."""
    torch.manual_seed(0)
    network = build_network(settings).eval().requires_grad_(False)
    assert isinstance(network, TriageCNN)
    return network


def test_the_answer_is_learned_and_the_map_stays(tmp_path: Path) -> None:
    """Features that nobody trained tell these chests apart; nothing else changes."""
    settings, cases = many_features(), tiny_cases(tmp_path, 24)
    network = untrained(settings)
    before = {name: value.clone() for name, value in network.state_dict().items()}

    left = fit_answer(network, cases, settings)

    changed = {
        name
        for name, value in network.state_dict().items()
        if not torch.equal(value, before[name])
    }
    assert changed == {"weight", "whole.weight", "whole.bias"}
    assert left < 0.6  # nats; 0.693 is guessing
    assert auc(scored(score(network, cases, settings))) > 0.9
    assert not any(each.requires_grad for each in network.parameters())


def test_shuffled_labels_are_learned_by_rote_at_most(tmp_path: Path) -> None:
    """Other chests are answered by chance: few weights, and they are held down."""
    settings = tiny_settings()
    labels = [number % 4 < 2 for number in range(24)]  # half of them wrong
    network = untrained(settings)

    fit_answer(network, tiny_cases(tmp_path / "a", 24, labels), settings)
    others = tiny_cases(tmp_path / "b", 48, [n % 4 < 2 for n in range(48)])[24:]

    assert 0.2 < auc(scored(score(network, others, settings))) < 0.8


def test_a_map_that_tells_nothing_apart_gives_an_answer_that_can_be_written(
    tmp_path: Path,
) -> None:
    """Evidence that differs by a hair: its weight grows, and stays a number."""
    settings, cases = tiny_settings(), tiny_cases(tmp_path, 12)
    network = untrained(settings)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.startswith("whole") or parameter.ndim < 2:
                continue
            parameter.mul_(1e-3)

    fit_answer(network, cases, settings)

    for name, value in network.state_dict().items():
        assert value.half().isfinite().all(), name
