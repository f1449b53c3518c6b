"""Small findings, put into other chests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.chest_ct.kinds import Kind
from models.chest_ct.learning.dataset import ChestCases
from models.chest_ct.learning.pasting import LARGEST, pasted, patches_of
from models.chest_ct.preprocess import SIDE, Prepared
from models.chest_ct.settings import Augmentation, Parts
from tests.models.chest_ct.learning.made import tiny_cases, tiny_settings

SHAPE = (16, 24, 24)
LUNG_HU, NODULE_HU = -850, 40


def lung() -> Prepared:
    """Return a healthy piece, the last columns of which are wall."""
    hu = np.full(SHAPE, LUNG_HU, np.int16)
    labels = np.full(SHAPE, SIDE, np.uint8)
    hu[..., 20:], labels[..., 20:] = 30, 0
    return Prepared(hu, labels, np.eye(4))


def with_nodule(edge: int = 3, kind: Kind = Kind.NODULE, first: int = 6) -> Prepared:
    """Return a piece with a cube in it that blurs by a point."""
    piece = lung()
    box = tuple(slice(first, first + edge) for _ in range(3))
    wide = tuple(slice(first - 1, first + 1 + edge) for _ in range(3))
    piece.hu[wide] = -400
    piece.hu[box] = NODULE_HU
    piece.labels[box] += np.uint8(kind)
    return piece


@given(st.integers(0, 10_000))
def test_a_nodule_comes_with_its_border_and_its_name(seed: int) -> None:
    """It lies about a point of the lungs; nothing else of the piece has changed."""
    healthy = lung()
    piece = pasted(
        healthy, patches_of([with_nodule()]), torch.Generator().manual_seed(seed)
    )

    is_nodule = piece.truth == Kind.NODULE
    changed = piece.hu != healthy.hu
    assert is_nodule.sum() == 27
    assert (piece.hu[is_nodule & piece.lungs] == NODULE_HU).all()
    assert (piece.hu >= healthy.hu).all()
    assert changed.sum() <= 27 + 6 * 9  # its sides, and no corners
    assert np.array_equal(piece.sides, healthy.sides)
    assert not healthy.truth.any()  # the piece that was given stays as it was


def test_what_would_not_be_seen_is_not_put_there() -> None:
    """A consolidation hides a nodule: a name without a thing teaches nothing true."""
    dense = lung()
    dense.hu[:] = NODULE_HU

    piece = pasted(dense, patches_of([with_nodule()]), torch.Generator().manual_seed(0))

    assert not piece.truth.any()
    assert np.array_equal(piece.hu, dense.hu)


def test_only_small_findings_that_may_lie_anywhere_are_lent() -> None:
    """An effusion belongs to the wall; a lobe is no patch."""
    chests = [
        with_nodule(),
        with_nodule(kind=Kind.EFFUSION),
        with_nodule(edge=LARGEST[0] - 1, first=2),
        with_nodule(kind=Kind.CONSOLIDATION),
    ]

    kinds = [[patch.kind for patch in alike] for alike in patches_of(chests)]

    assert kinds == [[Kind.NODULE], [Kind.CONSOLIDATION]]


def test_without_lungs_nothing_is_put_anywhere() -> None:
    """A part that holds the chest wall alone stays what it is."""
    wall = Prepared(np.full(SHAPE, 30, np.int16), np.zeros(SHAPE, np.uint8), np.eye(4))

    assert (
        pasted(wall, patches_of([with_nodule()]), torch.Generator().manual_seed(0))
        is wall
    )


def test_a_healthy_chest_shows_something_where_something_was_put(
    tmp_path: Path,
) -> None:
    """Parts of it are then called what they show."""
    plain = tiny_settings()
    settings = plain.model_copy(
        update={
            "parts": (Parts(size=(16, 16, 16), of_each=8),),
            "augmentation": Augmentation(pasted=0.9),
        }
    )
    cases = ChestCases(tiny_cases(tmp_path, 2), settings)

    _, (label, cells, _) = cases.batch([0, 0], torch.Generator().manual_seed(0))

    assert not cases.cases[0].case.is_positive
    assert label.sum() > 4
    assert cells[:, Kind.NODULE - 1].flatten(1).any(dim=1).equal(label.bool())
