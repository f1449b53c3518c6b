"""A search by trials: what falls behind is given up, what fails is said."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import pytest
from pydantic import ValidationError
from torch import nn

from models.training.settings import Recipe, Watched
from models.training.tracking import Epoch, Tracker
from models.training.tuning import search as searching
from models.training.tuning.search import Ended, Search, best, search
from models.training.tuning.space import Choice, Span, changed, grid

RECIPE = Recipe(epochs=3, watched=Watched(figure="auc"))
SEEDS = Search(
    settings=RECIPE,
    space={"seed": Choice((0, 1, 2))},
    watched=Watched(figure="auc"),
    made_by="data",
)


def curves(figures: Sequence[Sequence[float]], seen: list[int]) -> searching.Train:
    """Return a training whose seed says which figures its epochs have."""

    def train(settings: Recipe, folder: Path, tracker: Tracker) -> float:
        for epoch, value in enumerate(figures[settings.seed], start=1):
            seen.append(settings.seed)
            record = Epoch(epoch, 1.0, 0.1, 1.0, "fp32", "none", {"auc": value})
            tracker.epoch(record, nn.Identity())
        return max(figures[settings.seed])

    return train


def test_a_trial_that_falls_behind_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its second epoch is worse than the median of the others: no third one."""
    monkeypatch.setattr(searching, "UNPRUNED", 2)
    figures = [[0.6, 0.7, 0.8], [0.6, 0.75, 0.9], [0.7, 0.5, 1.0]]
    seen: list[int] = []

    ended = list(search(SEEDS, curves(figures, seen), tmp_path, None))

    assert seen == [0, 0, 0, 1, 1, 1, 2, 2]
    assert [trial.value for trial in ended[:2]] == [0.8, 0.9]
    assert math.isnan(ended[2].value)
    assert ended[2].reason == "given up after epoch 2"
    assert best(ended, SEEDS.watched) == ended[1]


def test_a_trial_that_fails_is_said_and_the_search_goes_on(tmp_path: Path) -> None:
    """A batch too large for the memory, a figure that is none; nothing is hidden."""

    def train(settings: Recipe, folder: Path, tracker: Tracker) -> float:
        if settings.seed == 0:
            raise RuntimeError("out of memory\nwith a long story")
        return math.nan if settings.seed == 1 else 0.7

    ended = list(search(SEEDS, train, tmp_path, None))

    assert [trial.reason for trial in ended] == [
        "out of memory",
        "auc is no number",
        "",
    ]
    assert best(ended, SEEDS.watched) == ended[2]
    assert list(search(SEEDS, train, tmp_path, None))[2] == ended[2]


def test_a_point_of_a_grid_that_was_broken_off_is_not_forgotten(
    tmp_path: Path,
) -> None:
    """Ctrl-C in the second of three: it is tried again."""
    seen: list[int] = []

    def train(settings: Recipe, folder: Path, tracker: Tracker) -> float:
        seen.append(settings.seed)
        if seen == [0, 1]:
            raise KeyboardInterrupt
        return 0.5

    with pytest.raises(KeyboardInterrupt):
        list(search(SEEDS, train, tmp_path, None))
    ended = list(search(SEEDS, train, tmp_path, None))

    assert seen[:2] == [0, 1]
    assert sorted(seen[2:]) == [1, 2]
    assert sorted(int(trial.point["seed"]) for trial in ended) == [0, 1, 2]


def test_less_may_be_better() -> None:
    """The best loss is the least; no figure, no best."""
    ended = [Ended(n, {}, value, "") for n, value in enumerate([0.3, 0.1, math.nan])]

    assert best(ended, Watched(figure="loss", larger_is_better=False)) == ended[1]
    assert best(ended[2:], Watched(figure="loss")) is None


def test_the_points_of_a_grid_are_spaced_as_the_span_says() -> None:
    """By ratio for a rate, by difference for a share; ends are among them."""
    points = grid({"learning_rate": Span(1e-4, 1e-2, log=True), "ema": Span(0.1, 0.5)})

    assert {point["ema"] for point in points} == {0.1, 0.3, 0.5}
    rates = sorted({float(point["learning_rate"]) for point in points})
    assert rates == pytest.approx([1e-4, 1e-3, 1e-2])


def test_a_point_outside_the_settings_is_refused() -> None:
    """A key that there is not, a value that may not be."""
    assert changed(RECIPE, {"watched.patience": 4}).watched == Watched(
        figure="auc", patience=4
    )
    for point in ({"learning_rat": 0.1}, {"learning_rate": -1.0}):
        with pytest.raises(ValidationError):
            changed(RECIPE, point)
