"""What a network says of cases."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from models.chest_ct.build import build_network
from models.chest_ct.cases.scores import score, scored
from models.chest_ct.kinds import POSITIVE
from models.chest_ct.reading import read_chest
from tests.models.chest_ct.learning.made import tiny_cases, tiny_settings


def test_cases_are_read_as_in_service_and_say_whose_they_are(tmp_path: Path) -> None:
    """The probability is that of a reading, the class is the one of the labels."""
    settings, cases = tiny_settings(), tiny_cases(tmp_path, 4)
    torch.manual_seed(0)
    network = build_network(settings).eval()

    found = score(network, cases, settings)

    alone = read_chest(network, cases[3].prepared(), settings.view)
    assert found[3].probability == alone.probability
    assert found[3].plain()["probability"] == round(alone.probability, 6)
    together = scored(found)
    assert together.positive == POSITIVE
    assert together.truth.tolist() == [False, True, False, True]
    assert together.patients == ["patient 0", "patient 0", "patient 1", "patient 1"]


def test_an_untrained_network_is_even(tmp_path: Path) -> None:
    """It says one half of everything: it never was right by how it began."""
    settings, cases = tiny_settings(), tiny_cases(tmp_path, 2)
    torch.manual_seed(0)
    network = build_network(settings).eval()
    for each in score(network, cases, settings):
        assert each.probability == pytest.approx(0.5, abs=0.2)
