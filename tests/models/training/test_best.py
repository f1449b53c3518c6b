"""A figure steers a training: its best epoch is kept, its plateau slows and ends it."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console
from torch import nn

from models.training.best import Best
from models.training.loop import LOG
from models.training.progress import TerminalProgress
from models.training.settings import Watched
from models.training.tracking import Tracker, Validate, Watch
from tests.models.training.lines import dropping_network, equal, train

RISING_THEN_FLAT = [0.5, 0.6, 0.9, 0.8, 0.7, 0.85, 0.8, 0.7]


def told(figures: Sequence[float], start: int = 0) -> Validate:
    """Return a validation that tells one figure after the other."""
    numbers = count(start)
    return lambda network: {"auc": figures[next(numbers)]}


class Snapshots(Tracker):
    """Keeps the averaged weights of every epoch, and breaks off where it is wished."""

    def __init__(self, broken_in: int = 0) -> None:
        self.weights: dict[int, dict[str, torch.Tensor]] = {}
        self._left = broken_in

    def step(self, step: int, loss: float) -> None:
        """Break off in the first step of an epoch."""
        self._left -= step == 1
        if self._left == 0 and step == 1:
            raise KeyboardInterrupt

    def epoch(self, record: Any, network: nn.Module) -> None:
        """Copy."""
        state = network.state_dict().items()
        self.weights[record.epoch] = {name: value.clone() for name, value in state}


def watching(
    folder: Path,
    figures: Sequence[float],
    *,
    start: int = 0,
    trackers: Sequence[Tracker] = (),
    watched: Mapping[str, object] | None = None,
    **recipe: Any,
) -> nn.Module:
    """Train on points while ``auc`` is watched, with torch's generator set anew."""
    torch.manual_seed(3)
    return train(
        folder,
        len(figures),
        network=dropping_network(),
        watch=Watch(trackers, told(figures, start)),
        watched={"figure": "auc", **(watched or {})},
        **({"schedule": "constant"} | recipe),
    )


def rates(folder: Path) -> list[float]:
    """Return the learning rate of every epoch."""
    lines = (folder / LOG).read_text("utf-8").splitlines()
    return [json.loads(line)["learning_rate"] for line in lines]


def test_the_weights_of_the_best_epoch_are_returned(tmp_path: Path) -> None:
    """Epoch 3 was best; what came later is not what ships."""
    seen = Snapshots()

    network = watching(tmp_path, RISING_THEN_FLAT, trackers=[seen])

    assert len(rates(tmp_path)) == 8
    for name, value in network.state_dict().items():
        assert torch.equal(value, seen.weights[3][name])
    assert not torch.equal(seen.weights[3]["0.weight"], seen.weights[8]["0.weight"])


def test_where_less_is_better_the_least_figure_is_best(tmp_path: Path) -> None:
    """A loss is watched as well as an AUC."""
    seen = Snapshots()

    network = watching(
        tmp_path,
        RISING_THEN_FLAT,
        trackers=[seen],
        watched={"larger_is_better": False},
    )

    assert torch.equal(network.state_dict()["0.weight"], seen.weights[1]["0.weight"])


def test_a_figure_is_looked_at_as_often_as_is_wished(tmp_path: Path) -> None:
    """Every third epoch and the last, which was the best of the three."""
    seen = Snapshots()

    network = watching(
        tmp_path, RISING_THEN_FLAT, trackers=[seen], watched={"every": 3}
    )

    lines = (tmp_path / LOG).read_text("utf-8").splitlines()
    looks = [line["epoch"] for line in map(json.loads, lines) if "auc" in str(line)]
    assert looks == [3, 6, 8]
    best = seen.weights[8]["0.weight"]  # told 0.5, 0.6 and 0.9
    assert torch.equal(network.state_dict()["0.weight"], best)


def test_patience_cannot_end_before_the_first_look() -> None:
    """Else nothing would have been looked at when it does."""
    with pytest.raises(ValueError, match="patience ends before the next look"):
        Watched(figure="auc", patience=2, every=3)


def test_a_training_ends_when_patience_has_ended(tmp_path: Path) -> None:
    """Three epochs without a better one after the third: six in all."""
    watching(tmp_path, RISING_THEN_FLAT, watched={"patience": 3})

    assert len(rates(tmp_path)) == 6


def test_the_rate_falls_on_a_plateau_and_not_below_the_least(tmp_path: Path) -> None:
    """Two epochs are borne; the third one without a gain halves what follows."""
    figures = [0.5] * 11
    plateau = {"factor": 0.5, "patience": 2, "least": 0.03}

    watching(tmp_path, figures, schedule="plateau", plateau=plateau)

    assert rates(tmp_path) == [0.1] * 4 + [0.05] * 3 + [0.03] * 4


@pytest.mark.parametrize("broken_in", [2, 5, 7])
def test_a_steered_training_goes_on_to_the_bit(tmp_path: Path, broken_in: int) -> None:
    """Before and after its best epoch, with the plateau's count where it was."""
    how: dict[str, Any] = {
        "schedule": "plateau",
        "plateau": {"patience": 1},
        "watched": {"patience": 5},
    }
    whole = watching(tmp_path / "whole", RISING_THEN_FLAT, **how)
    parts = tmp_path / "parts"
    with pytest.raises(KeyboardInterrupt):
        watching(parts, RISING_THEN_FLAT, trackers=[Snapshots(broken_in)], **how)

    gone_on = watching(parts, RISING_THEN_FLAT, start=broken_in - 1, **how)

    assert equal(whole, gone_on)
    assert rates(parts) == rates(tmp_path / "whole")


def test_a_training_that_ended_early_stays_ended(tmp_path: Path) -> None:
    """The same line again trains nothing and returns the same weights."""
    ended = watching(tmp_path, RISING_THEN_FLAT, watched={"patience": 2})

    again = watching(tmp_path, RISING_THEN_FLAT, watched={"patience": 2})

    assert equal(ended, again)
    assert len(rates(tmp_path)) == 5


def test_a_figure_that_is_no_number_is_never_best() -> None:
    """An AUC of one class is none; the network then keeps the weights it has."""
    best = Best(Watched(figure="auc", patience=2))
    network = nn.Linear(1, 1)
    before = network.weight.item()

    best.hear(1, {"auc": math.nan}, network)
    best.restore(network)
    assert (best.epoch, best.is_over(1), best.is_over(2)) == (0, False, True)
    assert network.weight.item() == before

    best.hear(2, {"auc": 0.4}, network)
    best.hear(3, {"auc": math.nan}, network)
    assert (best.epoch, best.value) == (2, 0.4)


@pytest.mark.parametrize(
    ("watch", "words"),
    [
        (Watch(), "auc is watched, but no case is held out to tell it"),
        (
            Watch(validate=lambda network: {"dice": 1.0}),
            "auc is watched, but the validation tells dice",
        ),
    ],
)
def test_a_figure_that_nobody_tells_is_refused(
    tmp_path: Path, watch: Watch, words: str
) -> None:
    """In one line, and not by training on without it."""
    with pytest.raises(ValueError, match=words):
        train(tmp_path, 2, watch=watch, watched={"figure": "auc"})


def test_a_person_hears_whose_weights_are_kept(tmp_path: Path) -> None:
    """And that the training ended before its last epoch."""
    written = io.StringIO()
    progress = TerminalProgress(Console(file=written, width=80))

    watching(tmp_path, RISING_THEN_FLAT, trackers=[progress], watched={"patience": 1})

    assert written.getvalue().splitlines()[-1] == (
        "ended early, after epoch 4; the weights are those of epoch 3 (0.9000)"
    )
