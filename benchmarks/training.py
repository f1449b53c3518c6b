"""The training beside its naive forms: loading, arithmetic, and the whole epoch.

Loading: pairs of NIfTI read one by one, by processes from the first file on, and as
`read_data` decides. Arithmetic: a step in fp32 and in the sixteen bits that the
processor may be good at. The epoch: pairs read one by one and steps in fp32, beside
the loop of this project with what it chooses by itself. Forms take turns; the
medians are compared. Phantoms only. Takes one to three minutes::

    python -m benchmarks.training [--pairs 16] [--rounds 3] [--json]
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from benchmarks.machine import Moment, description
from models.hippocampus.cases.data import Case, read_data
from models.hippocampus.eda.checks import EDGE_VOXELS
from models.hippocampus.eda.phantom_pairs import write_pair, write_pairs
from models.hippocampus.learning.dataset import AugmentedCases
from models.hippocampus.learning.train import settings_of
from models.hippocampus.network import ResidualUNet
from models.hippocampus.phantom_image import phantom
from models.hippocampus.settings import HippocampusSettings
from models.over_processes import cores
from models.training.loop import LOG, fit
from models.training.loss import deeply_supervised
from models.training.precision import autocast, reduced_precision
from models.training.strategy import SingleProcess

LARGE = (EDGE_VOXELS[1],) * 3
"""Voxels of the pairs that are long to read: those of Task04 take milliseconds."""

WIDTHS = (8, 16, 32)
"""A network half as wide: the ratios are asked for, not the minutes."""

Form = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage in several forms, the naive one first.

    Attributes
    ----------
    seconds
        Of each round, by form.
    note
        What a reader of the numbers must know.
    """

    name: str
    seconds: Mapping[str, Sequence[float]]
    note: str = ""

    def ratio(self, form: str) -> float:
        """Return how many times faster a form is than the naive one."""
        naive = next(iter(self.seconds.values()))
        return statistics.median(naive) / statistics.median(self.seconds[form])


def in_turns(forms: Mapping[str, Form], rounds: int) -> dict[str, list[float]]:
    """Return the seconds of each form, which take turns."""
    seconds: dict[str, list[float]] = {name: [] for name in forms}
    for _ in range(rounds):
        for name, form in forms.items():
            begin = time.perf_counter()
            form()
            seconds[name].append(time.perf_counter() - begin)
    return seconds


def write_large(folder: Path, count: int) -> Path:
    """Write phantoms in the largest crops that are accepted as training pairs."""
    for number in range(1, 2 * count, 2):
        image, truth = (_padded(array) for array in phantom(number))
        write_pair(folder, f"hippocampus_{number:03d}", image, truth)
    return folder


def _padded(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return ``(x, y, z)`` of a phantom ``(D, H, W)``."""
    more = [(0, size - n) for size, n in zip(LARGE, array.shape, strict=True)]
    mode = "wrap" if array.dtype.kind == "f" else "constant"
    padded: npt.NDArray[Any] = np.pad(array, more, mode=mode)
    return padded.transpose(2, 1, 0)


def loading(folder: Path, rounds: int, name: str) -> Stage:
    """Measure reading all pairs; every form must give the same cases."""
    one_by_one, pooled = (
        read_data(folder, processes=1),
        read_data(folder, processes=cores()),
    )
    for one, other in zip(one_by_one.cases, pooled.cases, strict=True):
        assert one.name == other.name
        assert np.array_equal(one.image, other.image)
    forms: dict[str, Form] = {
        "one by one": partial(read_data, folder, processes=1),
        f"{cores()} processes": partial(read_data, folder, processes=cores()),
        "as read_data decides": partial(read_data, folder),
    }
    note = "A process costs its start: Python, numpy and nibabel are loaded anew."
    return Stage(name, in_turns(forms, rounds), note)


def arithmetic(cases: Sequence[Case], rounds: int) -> Stage:
    """Measure one training step in fp32 and in sixteen bits."""
    settings = small_settings("fp32")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    network = ResidualUNet(WIDTHS).to(device).train()
    batch = augmented(cases, settings).batch([0, 1], torch.Generator().manual_seed(0))
    native = reduced_precision(device, fp16=True)
    forms: dict[str, Form] = {
        precision: partial(step, network, batch, precision, device)
        for precision in ("fp32", "bf16" if native == "fp32" else native)
    }
    in_turns(forms, 1)  # the first ones prepare
    note = "auto takes sixteen bits where the processor has them and gains 1.2 times."
    return Stage("One step", in_turns(forms, rounds), note)


def step(
    network: nn.Module, batch: tuple[torch.Tensor, ...], precision: str, device: str
) -> float:
    """Do what the loop does with one batch, without moving the weights."""
    inputs, targets = (each.to(device) for each in batch)
    with autocast(precision, device):
        outputs = network(inputs)
    value = deeply_supervised(outputs, targets)
    torch.autograd.grad(value, list(network.parameters()))
    return float(value.item())  # waits for a GPU


def epoch(folder: Path, work: Path, rounds: int) -> tuple[Stage, str]:
    """Measure one epoch from files to checkpoint; return the precision chosen, too."""
    numbers = iter(range(1000))

    def train(precision: str, processes: int | None) -> None:
        cases = read_data(folder, processes=processes).cases
        settings = small_settings(precision)
        place = work / f"run{next(numbers)}"
        device = "cuda" if precision == "auto" and torch.cuda.is_available() else "cpu"
        torch.manual_seed(0)
        fit(
            ResidualUNet(WIDTHS),
            augmented(cases, settings),
            deeply_supervised,
            settings.loop,
            SingleProcess(device),
            place,
        )

    forms: dict[str, Form] = {
        "one by one, fp32": partial(train, "fp32", 1),
        "as pacs-model train": partial(train, "auto", None),
    }
    seconds = in_turns(forms, rounds)
    last = work / f"run{next(numbers) - 1}" / LOG
    chosen = json.loads(last.read_text(encoding="utf-8").splitlines()[-1])["precision"]
    note = (
        f"Chosen here: {chosen}. The timing that chose it is part of this one epoch; "
        "a training pays it once."
    )
    return Stage("One epoch, files to checkpoint", seconds, note), chosen


def small_settings(precision: str) -> HippocampusSettings:
    """Return the shipped settings for one epoch."""
    settings = settings_of(None, epochs=1)
    loop = settings.loop.model_copy(update={"precision": precision})
    return settings.model_copy(update={"loop": loop})


def augmented(cases: Sequence[Case], settings: HippocampusSettings) -> AugmentedCases:
    """Return the cases as the loop takes them."""
    return AugmentedCases(cases, settings.window, settings.augmentation)


def told(stage: Stage) -> str:
    """Return a stage as lines for a terminal."""
    lines = [f"{stage.name:<38}{'s':>8}{'min to max':>19}{'times':>8}"]
    for form, seconds in stage.seconds.items():
        spread = f"{min(seconds):.2f} to {max(seconds):.2f}"
        middle = statistics.median(seconds)
        lines.append(f"  {form:<36}{middle:8.2f}{spread:>19}{stage.ratio(form):8.1f}")
    return "\n".join([*lines, f"  {stage.note}"])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()
    moment = Moment.now()
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "small"
        write_pairs(small, wanted.pairs // 2)
        large = write_large(Path(folder) / "large", wanted.pairs)
        cases = read_data(small).cases
        whole, chosen = epoch(small, Path(folder) / "work", wanted.rounds)
        stages = [
            loading(small, wanted.rounds, f"{wanted.pairs} pairs, crops"),
            loading(
                large,
                wanted.rounds,
                f"{wanted.pairs} pairs, {LARGE[0]} voxels an edge",
            ),
            arithmetic(cases, wanted.rounds),
            whole,
        ]
    if wanted.json:
        result = {"machine": description(), "moment": str(moment), "precision": chosen}
        print(json.dumps(result | {"stages": [asdict(stage) for stage in stages]}))
        return
    print(description(), str(moment), "", sep="\n")
    print("\n\n".join(map(told, stages)))


if __name__ == "__main__":
    main()
