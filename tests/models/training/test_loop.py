"""The one training loop: gone on from exactly, watched freely, one of its kind."""

from __future__ import annotations

import ast
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from models.training.checkpoint import CheckpointError
from models.training.determinism import deterministic
from models.training.loop import CHECKPOINT, LOG
from models.training.tracking import Tracker, Watch
from tests.models.training.lines import Points, dropping_network, equal, train

ROOT = Path(__file__).parents[3]


class Interrupted(Tracker):
    """Breaks off after the first step of an epoch, as Ctrl-C does."""

    def __init__(self, epoch: int) -> None:
        self._left = epoch

    def step(self, step: int, loss: float) -> None:
        """Count epochs by their first steps."""
        self._left -= step == 1
        if self._left == 0:
            raise KeyboardInterrupt


def records(folder: Path) -> list[dict[str, object]]:
    """Return the lines of the log."""
    return [json.loads(x) for x in (folder / LOG).read_text("utf-8").splitlines()]


def test_a_training_that_goes_on_gives_the_same_weights_to_the_bit(
    tmp_path: Path,
) -> None:
    """N epochs equal k and then N - k on the CPU, dropout and counts included."""
    whole = train(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "parts", watch=Watch([Interrupted(4)]))

    parts = train(tmp_path / "parts")

    assert equal(whole, parts)
    assert [line["epoch"] for line in records(tmp_path / "parts")] == list(range(1, 7))


KILLED = """
import os, signal, sys
from pathlib import Path
import torch
from tests.models.training import lines
from models.training.strategy import SingleProcess
from models.training.tracking import Tracker, Watch

class Killer(Tracker):
    epochs = 0
    def step(self, step, loss):
        self.epochs += step == 1
        if where == "step" and self.epochs == 4:
            os.kill(os.getpid(), signal.SIGKILL)

def half_written(self, state, path):
    if len(state["history"]) < 4:
        return whole_save(self, state, path)
    path.with_suffix(".partial").write_bytes(path.read_bytes()[:999])
    os.kill(os.getpid(), signal.SIGKILL)

where, folder = sys.argv[1], Path(sys.argv[2])
if where == "save":
    whole_save, SingleProcess.save = SingleProcess.save, half_written
torch.set_num_threads(1)
lines.train(folder, watch=Watch([Killer()]))
"""
"""Trains, and is killed in a step of epoch 4 or while that epoch is being saved."""


@pytest.mark.parametrize("where", ["step", "save"])
def test_a_killed_training_goes_on_as_if_nothing_had_been(
    tmp_path: Path, where: str
) -> None:
    """Killed in the middle of an epoch, or with half a checkpoint on the disk."""
    torch.set_num_threads(1)  # as in the process that is killed: sums go by threads
    whole = train(tmp_path / "whole")
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, where, str(tmp_path / "killed")],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert len(records(tmp_path / "killed")) == 3

    assert equal(whole, train(tmp_path / "killed"))
    assert [x["epoch"] for x in records(tmp_path / "killed")] == list(range(1, 7))


def test_a_line_whose_checkpoint_was_lost_is_not_written_twice(tmp_path: Path) -> None:
    """The log is what the checkpoint says, not what lies there."""
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, watch=Watch([Interrupted(3)]))
    with (tmp_path / LOG).open("a", encoding="utf-8") as log:
        log.write('{"epoch": 3, "loss"')

    train(tmp_path)

    assert [line["epoch"] for line in records(tmp_path)] == list(range(1, 7))


def test_the_loss_falls_and_every_epoch_is_logged(tmp_path: Path) -> None:
    """One line of JSON per epoch says what was done on what, and it learns."""
    train(tmp_path, 30, network=nn.Linear(1, 1))

    first, *_, last = records(tmp_path)
    assert last["epoch"] == 30
    assert float(str(last["loss"])) < float(str(first["loss"])) / 10
    assert set(last) == {
        *("epoch", "loss", "learning_rate", "seconds"),
        *("precision", "processor"),
    }


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"epochs": 3}, "recipe"),
        ({"made_by": {"data": "b", "fold": "0"}}, "data"),
        ({"made_by": {"data": "b", "fold": "1"}}, "data and fold"),
    ],
)
def test_a_checkpoint_of_another_training_is_refused(
    tmp_path: Path, change: dict[str, object], words: str
) -> None:
    """In one line that says what differs and what to do."""
    known: dict[str, object] = {"epochs": 2, "made_by": {"data": "a", "fold": "0"}}
    train(tmp_path, **known)  # type: ignore[arg-type]  # as they are above

    with pytest.raises(CheckpointError) as refused:
        train(tmp_path, **(known | change))  # type: ignore[arg-type]  # likewise

    assert f"that differs in {words}: choose another --output" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_training_that_mixed_its_operations_is_no_deterministic_one(
    tmp_path: Path,
) -> None:
    """It is refused by that name, whatever the precision, also when it is over."""
    train(tmp_path, 2, precision="auto")

    with (
        deterministic(),
        pytest.raises(CheckpointError, match="differs in deterministic: choose"),
    ):
        train(tmp_path, 2, precision="auto")


def test_a_deterministic_training_times_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No machine repeats what a clock says."""
    monkeypatch.setattr("models.training.loop.choose_precision", None)

    with deterministic():
        train(tmp_path, 1, precision="auto")

    assert records(tmp_path)[0]["precision"] == "fp32"


def test_a_damaged_checkpoint_is_refused_not_trained_over(tmp_path: Path) -> None:
    """Half a file, as a full disk or a broken copy leaves it."""
    train(tmp_path, 2)
    path = tmp_path / CHECKPOINT
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    with pytest.raises(CheckpointError, match="is damaged: delete it to begin anew"):
        train(tmp_path, 2)


class Looker(Tracker):
    """Draws and reads as a careless tracker might."""

    def epoch(self, record: object, network: nn.Module) -> None:
        """Take a random number and let the network read."""
        network(torch.rand(4, 1))


def test_a_training_that_is_watched_gives_the_same_weights(tmp_path: Path) -> None:
    """Validation and trackers move neither torch's generator nor the weights."""

    def validate(network: nn.Module) -> dict[str, float]:
        assert not network.training
        return {"dice": float(network(torch.rand(4, 1)).mean())}

    alone = train(tmp_path / "alone")
    watch = Watch([Looker()], validate, every=4)
    watched = train(tmp_path / "watched", watch=watch)

    assert equal(alone, watched)
    judged = [x["epoch"] for x in records(tmp_path / "watched") if "validation" in x]
    assert judged == [4, 6]


def test_two_halves_of_a_batch_give_its_gradient(tmp_path: Path) -> None:
    """Accumulating 2 x 2 cases is a batch of 4. Adam would hide another scale."""
    networks = []
    for name, batch, accumulate in (("one", 4, 1), ("two", 2, 2)):
        torch.manual_seed(0)
        networks.append(nn.Linear(1, 1))
        train(
            tmp_path / name,
            1,
            cases=Points(noise=0),
            network=networks[-1],
            batch=batch,
            accumulate=accumulate,
            clip_norm=1e6,
        )

    for one, other in zip(*(each.parameters() for each in networks), strict=True):
        assert one.grad is not None
        assert other.grad is not None
        assert torch.allclose(one.grad, other.grad, rtol=1e-4)


def test_fewer_cases_than_a_step_are_one_smaller_step(tmp_path: Path) -> None:
    """Their mean gradient is taken; no part is empty."""
    few = train(tmp_path / "few", batch=6, accumulate=4, network=nn.Linear(1, 1))

    assert all(parameter.isfinite().all() for parameter in few.parameters())


class Overflowing(Points):
    """Points whose first batch is too large for sixteen bits."""

    calls = 0

    def batch(
        self, chosen: Sequence[int], generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Return inputs and targets ``(N, 1)``."""
        inputs, targets = super().batch(chosen, generator)
        self.calls += 1
        return (inputs * 1e30 if self.calls == 1 else inputs), targets


def test_fp16_skips_a_step_that_overflows_and_learns_on(tmp_path: Path) -> None:
    """The scaled loss: an infinite gradient moves nothing, as far as a CPU shows."""
    learned = train(
        tmp_path, 60, cases=Overflowing(), network=nn.Linear(1, 1), precision="fp16"
    )

    (point,) = learned(torch.tensor([[0.5]]))
    assert float(point) == pytest.approx(2.5, abs=0.1)
    assert records(tmp_path)[-1]["precision"] == "fp16"


def test_a_timed_precision_is_kept_when_a_training_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Timing again might choose another one, and other weights."""
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, precision="auto", watch=Watch([Interrupted(3)]))
    chosen = records(tmp_path)[0]["precision"]
    other = {"fp32": "bf16", "bf16": "fp32"}[str(chosen)]
    monkeypatch.setattr("models.training.loop.choose_precision", lambda *a, **k: other)

    train(tmp_path, precision="auto")

    assert {line["precision"] for line in records(tmp_path)} == {chosen}


def test_the_network_that_is_returned_does_not_train(tmp_path: Path) -> None:
    """It is the average, in evaluation mode, and no gradient is kept for it."""
    averaged = train(tmp_path, 2, network=dropping_network())

    assert not averaged.training
    assert not any(parameter.requires_grad for parameter in averaged.parameters())


def functions_that_learn(path: Path) -> Iterator[str]:
    """Yield each function of a file that calls ``.backward()``."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and any(
            isinstance(inner, ast.Call)
            and isinstance(inner.func, ast.Attribute)
            and inner.func.attr == "backward"
            for inner in ast.walk(node)
        ):
            yield f"{path.relative_to(ROOT)}:{node.name}"


def test_there_is_one_training_loop() -> None:
    """One function of the project takes a gradient, and one file has the steps."""
    files = sorted((ROOT / "models").rglob("*.py"))
    found = [name for path in files for name in functions_that_learn(path)]

    assert found == ["models/training/loop.py:gradient"]
