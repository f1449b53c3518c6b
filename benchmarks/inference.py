"""One window of the hippocampus network, by every way there is on this processor.

All ways take turns, window by window, in one process; a ratio is the median over the
rounds of a way beside the median of OpenVINO in fp32, its peer. Then the masks are
compared with those of plain torch in fp32, and whole crops are read as a worker reads
them. Takes about four minutes, two of them for `torch.compile`::

    python -m benchmarks.inference [--threads 1 2] [--rounds 15] [--no-compile] [--json]

Needs the ``[bench]`` extra: onnx, onnxruntime, openvino.
"""

from __future__ import annotations

import argparse
import copy
import json
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from benchmarks.machine import Moment, description
from models import bundle_folder
from models.contract import Context, SeriesInfo, Volume
from models.hippocampus.model import WEIGHTS, build
from models.hippocampus.network import ResidualUNet
from models.hippocampus.phantom_image import phantom
from models.hippocampus.preprocess import Preprocessing, fill_window, normalise
from models.hippocampus.validation.robustness.perturbations import UPRIGHT
from models.training.checkpoint import load_weights
from models.training.convolution import by_onednn
from models.training.metrics import dice
from models.training.precision import multiplies_bf16

Window = npt.NDArray[np.float32]
Way = Callable[[Window], npt.NDArray[np.float32]]
"""From a window ``(1, 1, D, H, W)`` to logits ``(1, 3, D, H, W)``."""

EAGER, PEER, SERVED = "torch fp32", "OpenVINO fp32", "torch fp32, oneDNN (served)"
CROPS = 8
GOAL_S, GOAL_RATIO = 0.1, 1.5


class Finest(nn.Module):
    """A network's finest logits alone: what exporters can write down."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(1, 1, D, H, W)`` to ``(1, 3, D, H, W)``."""
        found: Tensor = self.network(x)[0]
        return found


def by_torch(
    network: nn.Module, *, cast: bool = False, dtype: torch.dtype = torch.float32
) -> Way:
    """Return a way through torch; ``cast`` is autocast to bf16."""

    def run(window: Window) -> npt.NDArray[np.float32]:
        inputs = torch.from_numpy(window).to(dtype)
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, cast):
            return np.asarray(network(inputs).float().numpy())

    return run


def torch_ways(network: nn.Module, *, compiled: bool) -> dict[str, Way]:
    """Return every way through torch, the plain one first."""
    served = Finest(by_onednn(network.network))
    last = copy.deepcopy(network).to(memory_format=torch.channels_last_3d)
    reduced = copy.deepcopy(network).bfloat16()
    example = torch.zeros(1, 1, *Preprocessing().window)
    with torch.inference_mode():
        traced = torch.jit.freeze(torch.jit.trace(copy.deepcopy(network), example))
        frozen = torch.jit.optimize_for_inference(traced)
    ways = {
        EAGER: by_torch(network),
        SERVED: by_torch(served),
        "torch fp32, channels last": by_torch(last),
        "TorchScript fp32, frozen": by_torch(frozen),
        "torch bf16 autocast (served)": by_torch(served, cast=True),
        "torch bf16, channels last": by_torch(last, cast=True),
        "torch bf16 weights": by_torch(reduced, dtype=torch.bfloat16),
    }
    if compiled:
        ways["torch.compile fp32"] = by_torch(torch.compile(network))
        ways["torch.compile bf16 weights"] = by_torch(
            torch.compile(reduced), dtype=torch.bfloat16
        )
    return ways


def exported_ways(path: Path, threads: int) -> dict[str, Way]:
    """Return ONNX Runtime and OpenVINO over an exported network."""
    import onnxruntime
    import openvino

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(
        path, options, providers=["CPUExecutionProvider"]
    )
    ways: dict[str, Way] = {
        "ONNX Runtime fp32": lambda window: session.run(None, {"window": window})[0]
    }
    for name, hint in ((PEER, "f32"), ("OpenVINO bf16", "bf16")):
        request = openvino.compile_model(
            path,
            "CPU",
            {
                "INFERENCE_PRECISION_HINT": hint,
                "INFERENCE_NUM_THREADS": threads,
                "NUM_STREAMS": 1,
            },
        ).create_infer_request()
        ways[name] = lambda window, request=request: request.infer([window])[0].copy()
    return ways


def export(network: nn.Module, path: Path) -> Path:
    """Write the network as ONNX with its fixed window."""
    example = torch.zeros(1, 1, *Preprocessing().window)
    torch.onnx.export(
        network, (example,), path, input_names=["window"], dynamo=False, verbose=False
    )
    return path


@dataclass(frozen=True, slots=True)
class Measured:
    """One way: its seconds per window, and how its masks differ from plain torch's.

    Attributes
    ----------
    differ
        Share of all voxels with another label.
    dice
        Lowest Dice of any part of any crop.
    """

    seconds: list[float]
    differ: float
    dice: float

    @property
    def median_s(self) -> float:
        """Median over the rounds."""
        return statistics.median(self.seconds)


def windows() -> list[Window]:
    """Return phantoms as the network sees them."""
    field = Preprocessing().window
    crops = (normalise(phantom(seed)[0]) for seed in range(CROPS))
    return [fill_window(crop, field)[0][None, None] for crop in crops]


def measure(ways: Mapping[str, Way], rounds: int) -> dict[str, Measured]:
    """Let the ways take turns, then compare their masks on every crop."""
    crops = windows()
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds + 1):
        for name, way in ways.items():
            begin = time.perf_counter()
            way(crops[turn % CROPS])
            if turn:  # the first one warms up
                seconds[name].append(time.perf_counter() - begin)
    masks = {
        name: np.stack([way(crop)[0].argmax(axis=0) for crop in crops])
        for name, way in ways.items()
    }
    return {
        name: Measured(
            seconds[name],
            float((masks[name] != masks[EAGER]).mean()),
            min(
                dice(one == label, other == label)
                for one, other in zip(masks[name], masks[EAGER], strict=True)
                for label in (1, 2)
            ),
        )
        for name in ways
    }


def table(found: Mapping[str, Measured], threads: int) -> str:
    """Return the ways as lines for a terminal."""
    heads = f"{'ms':>7}{'min':>7}{'of peer':>9}{'voxels differ':>15}{'Dice':>9}"
    lines = [f"{f'{threads} thread(s), one window':<32}{heads}"]
    for name, way in found.items():
        ratio = way.median_s / found[PEER].median_s
        lines.append(
            f"  {name:<30}{way.median_s * 1e3:7.0f}{min(way.seconds) * 1e3:7.0f}"
            f"{ratio:9.2f}{way.differ:15.1e}{way.dice:9.5f}"
        )
    return "\n".join(lines)


def whole_readings(precision: str, rounds: int) -> tuple[float, dict[str, float]]:
    """Return median seconds of ``predict`` on one core, and of each of its stages."""
    model = build()
    context = Context(precision=precision, threads=1)
    seconds, stages = [], []
    for turn in range(rounds + 1):
        image, _ = phantom(turn % CROPS)
        series = SeriesInfo("2.25.1", "2.25.2", "MR", ())
        volume = Volume(image, UPRIGHT.copy(), "arbitrary", series)
        begin = time.perf_counter()
        findings = model.predict(volume, context)
        if turn:
            seconds.append(time.perf_counter() - begin)
            stages.append(findings.timings_s)
    medians = {name: statistics.median(s[name] for s in stages) for name in stages[0]}
    return statistics.median(seconds), medians


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--no-compile", action="store_true", help="not torch.compile")
    parser.add_argument("--json", action="store_true", help="for machines")
    return parser.parse_args()


def main() -> None:
    """Measure and print."""
    warnings.filterwarnings("ignore", category=DeprecationWarning)  # of the exporters
    warnings.filterwarnings("ignore", category=UserWarning)
    chosen = options()
    say: Callable[[str], None] = (lambda _: None) if chosen.json else print
    before = Moment.now()
    native = multiplies_bf16()
    say(f"{description()}\nbf16 {'native' if native else 'not native'}; {before}\n")
    plain = ResidualUNet()
    load_weights(plain, bundle_folder("hippocampus") / WEIGHTS)
    network = Finest(plain).eval()
    content: dict[str, object] = {"machine": description(), "bf16_native": native}
    for threads in chosen.threads:
        torch.set_num_threads(threads)
        with tempfile.TemporaryDirectory() as scratch:
            path = export(network, Path(scratch) / "network.onnx")
            ways = torch_ways(network, compiled=not chosen.no_compile)
            found = measure(ways | exported_ways(path, threads), chosen.rounds)
        say(table(found, threads) + "\n")
        content[f"threads_{threads}"] = {
            name: {"seconds": way.seconds, "differ": way.differ, "dice": way.dice}
            for name, way in found.items()
        }
        if threads == 1:
            ratio = found[SERVED].median_s / found[PEER].median_s
            met = "met" if ratio <= GOAL_RATIO else "NOT met"
            say(f"goal at most {GOAL_RATIO} x {PEER} in fp32: {met} ({ratio:.2f})\n")
    for precision in ("auto", "fp32"):
        seconds, stages = whole_readings(precision, chosen.rounds)
        parts = ", ".join(f"{name} {s * 1e3:.0f}" for name, s in stages.items())
        say(f"predict, {precision:<5} one core {seconds * 1e3:5.0f} ms ({parts})")
        content[f"predict_{precision}"] = {"seconds": seconds, "stages": dict(stages)}
        if precision == "auto" and native:
            met = "met" if seconds <= GOAL_S else "NOT met"
            say(f"goal at most {GOAL_S} s where bf16 is native: {met}")
    after = Moment.now()
    say(f"\nat the end: {after}")
    if chosen.json:
        print(json.dumps(content, indent=2))


if __name__ == "__main__":
    main()
