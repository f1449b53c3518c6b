"""Parts of a chest to learn from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.chest_ct.kinds import Kind
from models.chest_ct.learning.dataset import ChestCases
from models.chest_ct.learning.parts import drawn_parts, drawn_size, whole_where_undrawn
from models.chest_ct.settings import ChestSettings, Parts
from tests.models.chest_ct.learning.made import chest, tiny_cases, tiny_settings

PART = (16, 16, 16)


def in_parts(of_each: int = 1) -> ChestSettings:
    """Return settings of a training on parts."""
    parts = (Parts(size=PART, of_each=of_each),)
    return tiny_settings().model_copy(update={"parts": parts})


@given(st.integers(0, 10_000))
def test_a_part_is_a_piece_of_the_chest(seed: int) -> None:
    """Densities, labels and affine say of each point what the whole chest says."""
    whole = chest(3, sick=True)
    (part,) = drawn_parts(whole, PART, 1, torch.Generator().manual_seed(seed))

    assert part.hu.shape == PART
    there = np.argwhere(part.labels > 0)
    assert len(there)
    places = there @ part.affine[:3, :3].T + part.affine[:3, 3]
    d, h, w = (
        np.linalg.solve(whole.affine[:3, :3], (places - whole.affine[:3, 3]).T)
        .round()
        .astype(int)
    )
    assert np.array_equal(whole.hu[d, h, w], part.hu[tuple(there.T)])
    assert np.array_equal(whole.labels[d, h, w], part.labels[tuple(there.T)])


def test_most_parts_of_a_sick_chest_show_what_it_has() -> None:
    """The finding lies in most of them, now here and now there."""
    generator = torch.Generator().manual_seed(0)
    parts = drawn_parts(chest(3, sick=True), PART, 60, generator)

    showing = [part for part in parts if (part.truth == Kind.NODULE).any()]
    firsts = {tuple(np.argwhere(part.truth > 0)[0]) for part in showing}

    assert len(showing) > 45
    assert len(firsts) > 20


def test_a_part_is_called_what_it_shows(tmp_path: Path) -> None:
    """A part of a sick chest beside its finding is a healthy one."""
    cases = ChestCases(tiny_cases(tmp_path, 2), in_parts())
    generator = torch.Generator().manual_seed(0)
    answers = set()

    for _ in range(40):
        inputs, (label, cells, known) = cases.batch([0, 1], generator)
        assert inputs.shape == (2, 2, *PART)
        assert known.tolist() == [1, 1]
        assert label.bool().tolist() == cells.flatten(1).any(dim=1).tolist()
        assert label[0] == 0
        answers.add(float(label[1]))

    assert answers == {0.0, 1.0}


def test_several_parts_of_each_chest_fill_a_batch(tmp_path: Path) -> None:
    """They are called one by one, in the order of the chests."""
    cases = ChestCases(tiny_cases(tmp_path, 2), in_parts(5))

    inputs, (label, cells, known) = cases.batch(
        [0, 1], torch.Generator().manual_seed(0)
    )

    assert inputs.shape == (10, 2, *PART)
    assert len(label) == len(cells) == len(known) == 10
    assert not label[:5].any()
    assert label[5:].any()


def test_sizes_are_drawn_by_their_weights() -> None:
    """One of four steps learns from what has a third of the weight."""
    sizes = [Parts(size=PART, weight=1), Parts(size=(32, 32, 32), weight=3)]
    generator = torch.Generator().manual_seed(0)
    drawn = [drawn_size(sizes, generator) for _ in range(400)]

    assert 70 < drawn.count(sizes[0]) < 130
    assert drawn.count(sizes[0]) + drawn.count(sizes[1]) == 400


def test_what_nobody_has_drawn_is_not_learned_from_in_parts(tmp_path: Path) -> None:
    """A label of the whole study is none of its parts: the error says what to do."""
    cases = ChestCases(tiny_cases(tmp_path, 2, drawn=False), in_parts())

    with pytest.raises(ValueError, match="leave out parts in the settings"):
        cases.batch([0, 1], torch.Generator().manual_seed(0))


def test_studies_that_nobody_has_drawn_in_are_seen_whole(tmp_path: Path) -> None:
    """The shipped settings do for labels alone; one drawing that lacks is enough."""
    drawn = tiny_cases(tmp_path / "drawn", 4)
    labelled = tiny_cases(tmp_path / "labelled", 4, drawn=False)

    assert whole_where_undrawn(in_parts(), drawn).parts == in_parts().parts
    whole = whole_where_undrawn(in_parts(), labelled)
    assert whole.parts == ()
    assert (whole.loop.batch, whole.loop.accumulate) == (2, 2)  # four cases a step
    assert whole_where_undrawn(in_parts(), [*drawn, labelled[1]]).parts == ()
    assert whole_where_undrawn(in_parts(), [*drawn, labelled[0]]).parts


@pytest.mark.parametrize(("kind", "part"), [("cnn", (8, 16, 16)), ("slices", PART)])
def test_settings_that_cannot_be_are_refused(
    kind: str, part: tuple[int, int, int]
) -> None:
    """Edges that cannot be halved; slices of a network that sees slices."""
    content = tiny_settings("slices" if kind == "slices" else "cnn").model_dump()

    with pytest.raises(ValueError, match=r"parts|edges"):
        ChestSettings.model_validate({**content, "parts": [{"size": part}]})
