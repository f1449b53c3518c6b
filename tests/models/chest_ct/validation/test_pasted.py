"""Disease that is pasted into known lungs."""

from __future__ import annotations

import numpy as np

from models.chest_ct.validation.pasted import NOISE_HU, TISSUE_HU, Pasted, pasted
from tests.models.volume.chest_phantom import chest, lung


def made(seed: int = 0) -> list[Pasted]:
    """Return diseases in the phantom."""
    return list(pasted(chest(), lung(1) | lung(2), 2, seed))


def test_disease_lies_in_the_lungs_and_is_tissue() -> None:
    """Nothing outside is changed; what is pasted is as dense as the wall."""
    whole = lung(1) | lung(2)
    for ill in made():
        assert ill.disease.any()
        assert not (ill.disease & ~whole).any()
        densities = np.asarray(ill.volume.array)[ill.disease]
        assert np.abs(densities - TISSUE_HU).max() < 6 * NOISE_HU
        same = np.asarray(ill.volume.array)[~ill.disease]
        assert np.array_equal(same, np.asarray(chest().array)[~ill.disease])


def test_there_is_as_much_of_each_kind() -> None:
    """Two of each; fluid and lobes lie low and at the back of one lung."""
    kinds = [ill.kind for ill in made()]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "nodule": 2,
        "consolidation": 2,
        "fluid": 2,
        "lower lobe": 2,
    }
    for ill in made():
        if ill.kind == "lower lobe":
            one = lung(1) if ill.disease[lung(1)].any() else lung(2)
            assert not (ill.disease & ~one).any()
            assert 0.4 < ill.disease.sum() / one.sum() < 0.5
            low, high = np.argwhere(ill.disease).mean(0), np.argwhere(one).mean(0)
            assert low[0] < high[0]
            assert low[1] > high[1]


def test_equal_seeds_give_equal_disease() -> None:
    """And others another one."""
    first, again, other = made(), made(), made(1)
    assert all(
        np.array_equal(a.disease, b.disease) for a, b in zip(first, again, strict=True)
    )
    assert not np.array_equal(first[0].disease, other[0].disease)
