"""Cases drawn by weight: as often as wished, and the same on every machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from models.training.sampling import balanced
from models.training.strategy import SingleProcess
from tests.models.training.lines import Points, equal, train


@given(st.lists(st.integers(0, 4), min_size=1, max_size=40))
def test_every_class_has_an_equal_share_of_the_draws(labels: list[int]) -> None:
    """The weights of a class add up to one part of as many as there are classes."""
    weights = balanced(labels)

    for label in set(labels):
        share = sum(w for w, one in zip(weights, labels, strict=True) if one == label)
        assert share == pytest.approx(1 / len(set(labels)))


def test_cases_are_drawn_by_weight_and_by_the_generator_alone() -> None:
    """One sick of ten makes half of the draws; the seed decides which."""
    weights = balanced([True] + [False] * 9)

    def drawn(seed: int) -> list[int]:
        generator = torch.Generator().manual_seed(seed)
        return SingleProcess().sampler(1000, generator, weights * 100)

    assert sum(number % 10 == 0 for number in drawn(1)) == pytest.approx(500, abs=60)
    assert drawn(1) == drawn(1) != drawn(2)


class Seen(Points):
    """Points of which only the first two have a weight; notes what was drawn."""

    weights: Sequence[float] = (1.0, 3.0, 0, 0, 0, 0, 0, 0)

    def __init__(self) -> None:
        super().__init__()
        self.drawn: list[int] = []

    def batch(
        self, chosen: Sequence[int], generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Return inputs and targets ``(N, 1)``."""
        self.drawn += chosen
        return super().batch(chosen, generator)


def test_a_recipe_may_draw_by_weight(tmp_path: Path) -> None:
    """The loop then sees what weighs, and equal runs see equal cases."""
    runs = [Seen(), Seen()]
    networks = []
    for number, cases in enumerate(runs):
        torch.manual_seed(0)
        folder = tmp_path / str(number)
        net = nn.Linear(1, 1)
        networks.append(train(folder, 20, cases=cases, network=net, sampler="weighted"))

    assert set(runs[0].drawn) == {0, 1}
    assert runs[0].drawn.count(1) > 2 * runs[0].drawn.count(0)
    assert runs[0].drawn == runs[1].drawn
    assert equal(*networks)


def test_cases_without_weights_are_not_drawn_as_if_they_had_some(
    tmp_path: Path,
) -> None:
    """One line instead of a sampler that is not there."""
    with pytest.raises(ValueError, match="cases of this model have no weights"):
        train(tmp_path, 1, sampler="weighted")
