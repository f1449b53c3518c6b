"""Cases with answers, made up for the tests of this folder."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from models.training.classification.scored import Scored


def answers(
    truth: list[bool] | list[int],
    probability: list[float],
    patients: list[str] | None = None,
) -> Scored:
    """Return cases of the class pathology, each of its own patient unless said."""
    return Scored(
        "pathology",
        patients or [f"p{number}" for number in range(len(truth))],
        np.array(truth, dtype=np.bool_),
        np.array(probability, dtype=np.float64),
    )


def drawn_answers(count: int, apart: float, seed: int = 0) -> Scored:
    """Return cases whose logits are normal, those of the class ``apart`` higher."""
    rng = np.random.default_rng(seed)
    truth = np.arange(count) % 2 == 0
    logits = rng.normal(size=count) + apart * (truth - 0.5)
    return answers(truth.tolist(), (1 / (1 + np.exp(-logits))).tolist())


@st.composite
def any_answers(draw: st.DrawFn) -> Scored:
    """Return cases of both classes, with ties and with patients of several cases."""
    size = draw(st.integers(2, 30))
    thousandth = (st.integers(0, 1000) | st.integers(0, 10).map(lambda n: 100 * n)).map(
        lambda number: number / 1000
    )
    probability = draw(st.lists(thousandth, min_size=size, max_size=size))
    truth = [
        True,
        False,
        *draw(st.lists(st.booleans(), min_size=size - 2, max_size=size - 2)),
    ]
    owner = st.integers(0, 8).map(str)
    return answers(
        truth, probability, draw(st.lists(owner, min_size=size, max_size=size))
    )
