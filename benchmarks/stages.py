"""Three stages beside their naive forms: reading, inference, drawing.

The original system claimed 3 to 5 times for reading files in parallel, 5 to 10 for
inference in batches and 2 to 3 for drawing in threads. Each claim is tried twice:
by the means that it names alone, and as this node does the stage. All forms of a
stage take turns in one process.
"""

from __future__ import annotations

import importlib
import os
import statistics
import textwrap
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from pydicom import dcmread
from torch import nn

from benchmarks.studies import CROP, WHOLE_SERIES
from models import bundle_folder
from models.hippocampus.findings import STRUCTURES
from models.hippocampus.model import WEIGHTS
from models.hippocampus.network import ResidualUNet
from models.hippocampus.phantom import phantom
from models.hippocampus.preprocess import Preprocessing, fill_window, normalise
from models.training.checkpoint import load_weights
from models.training.precision import (
    SERVING_LIMIT,
    autocast,
    choose_precision,
    reduced_precision,
)
from models.volume.series import load_volume, read_study
from node.report.page import (
    GAP,
    MOST_SLICES,
    PLANES_HEIGHT,
    RIGHT_WIDTH,
)
from node.report.pictures import (
    Plane,
    common_scale,
    draw,
    strip,
    three_planes,
    window,
)

CROPS = 8
"""In one batch of the network."""

Form = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage in several forms, the naive one first and this node's last.

    Attributes
    ----------
    claimed
        Least and most times faster, as the original said.
    means
        What the original said makes it faster.
    alone
        Names of the forms without and with that means, nothing else differing.
    seconds
        Of each round, by form.
    note
        What a reader of the numbers must know.
    """

    name: str
    claimed: tuple[int, int]
    means: str
    alone: tuple[str, str]
    seconds: Mapping[str, Sequence[float]]
    note: str

    def ratio(self, slow: str, fast: str) -> float:
        """Return how many times faster the median of ``fast`` is."""
        medians = (statistics.median(self.seconds[form]) for form in (slow, fast))
        return next(medians) / next(medians)

    @property
    def gain(self) -> float:
        """How many times faster this node's form is than the naive one."""
        forms = list(self.seconds)
        return self.ratio(forms[0], forms[-1])

    @property
    def gain_alone(self) -> float:
        """How many times faster the claimed means makes it, nothing else changed."""
        return self.ratio(*self.alone)


def cores() -> int:
    """Return the cores that this process may use."""
    return len(os.sched_getaffinity(0))


def in_turns(
    forms: Mapping[str, Form], rounds: int, before: Form = lambda: None
) -> dict[str, list[float]]:
    """Return the seconds of each form, taken in turns after a first, unmeasured one.

    ``before`` is called ahead of every form and not measured.
    """
    seconds: dict[str, list[float]] = {name: [] for name in forms}
    for turn in range(rounds + 1):
        for name, form in forms.items():
            before()
            begin = time.perf_counter()
            form()
            if turn:
                seconds[name].append(time.perf_counter() - begin)
    return seconds


def reading(folder: Path, wanted: str, rounds: int, *, cold: bool) -> Stage:
    """Measure files to volume: one series out of all files below ``folder``.

    Parameters
    ----------
    wanted
        Series Description of the series.
    cold
        Whether the files are dropped from the page cache before each form.

    Raises
    ------
    AssertionError
        The forms do not read the same volume.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    serial, threaded = "pydicom, one by one", f"pydicom, {cores()} threads"
    forms: dict[str, Form] = {
        serial: partial(stacked, files, wanted, 1),
        threaded: partial(stacked, files, wanted, cores()),
        "ours, 1 thread": partial(ours, files, wanted, 1),
        f"ours, {cores()} threads": partial(ours, files, wanted, cores()),
    }
    assert np.array_equal(stacked(files, wanted, 1), ours(files, wanted, cores()))
    drop = partial(forget, files) if cold else lambda: None
    return Stage(
        f"Reading {wanted}: {len(files)} files, {'cold' if cold else 'warm'}",
        (3, 5),
        "threads",
        (serial, threaded),
        in_turns(forms, rounds, drop),
        "Naive: dcmread of every file, the series sorted by position, stacked.",
    )


def forget(files: Sequence[Path]) -> None:
    """Drop files from the page cache of this machine; a disk below may keep its own."""
    for path in files:
        with path.open("rb") as stream:
            os.fsync(stream.fileno())  # a page not yet written is not dropped
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def stacked(
    files: Sequence[Path], wanted: str, threads: int
) -> npt.NDArray[np.generic]:
    """Return a series as pydicom reads it, ``(D, H, W)`` from foot to head."""
    if threads == 1:
        read = [dcmread(path) for path in files]
    else:
        with ThreadPoolExecutor(threads) as pool:
            read = list(pool.map(dcmread, files))
    slices = [ds for ds in read if ds.SeriesDescription == wanted]
    slices.sort(key=lambda ds: float(ds.ImagePositionPatient[2]))
    return np.stack([ds.pixel_array for ds in slices])


def ours(files: Sequence[Path], wanted: str, threads: int) -> npt.NDArray[np.generic]:
    """Return the series as this node reads it."""
    (series,) = (
        series
        for series in read_study(files, threads).series
        if series.tags["SeriesDescription"] == wanted
    )
    return load_volume(series, threads).array


def inference(precision: str, rounds: int) -> Stage:
    """Measure the network of the hippocampus on eight crops, fp32 and ``precision``."""
    network, crops = _network(), _crops()
    serial, batched = "fp32, one by one", f"fp32, batch of {CROPS}"
    forms: dict[str, Form] = {
        serial: partial(_logits, network, crops, 1, "fp32"),
        batched: partial(_logits, network, crops, CROPS, "fp32"),
    }
    if precision != "fp32":
        forms[f"{precision}, batch of {CROPS}"] = partial(
            _logits, network, crops, CROPS, precision
        )
        forms[f"{precision}, one by one"] = partial(
            _logits, network, crops, 1, precision
        )
    else:
        forms["fp32, one by one, as the node does"] = forms[serial]
    return Stage(
        f"Network on {CROPS} crops",
        (5, 10),
        "batches",
        (serial, batched),
        in_turns(forms, rounds),
        "The node gives the network one window at a time and gains by arithmetic "
        "alone. Measured on the processor; a GPU, which batches fill, was not tried.",
    )


def chosen_precision(wanted: str) -> tuple[str, float]:
    """Return the arithmetic that is wanted, or the processor's, and the seconds."""
    network, crops = _network(), _crops()[:1]
    begin = time.perf_counter()
    step = partial(_logits, network, crops, 1)
    chosen = choose_precision(step, wanted, reduced_precision("cpu"), SERVING_LIMIT)
    return chosen, time.perf_counter() - begin


def _network() -> nn.Module:
    torch.set_num_threads(cores())
    path = bundle_folder("hippocampus") / WEIGHTS
    return load_weights(ResidualUNet(), path)


def _crops() -> torch.Tensor:
    """Return prepared crops, ``(N, 1, D, H, W)``."""
    size = Preprocessing().window
    images = (normalise(phantom(seed)[0]) for seed in range(CROPS))
    return torch.from_numpy(np.stack([fill_window(i, size)[0] for i in images]))[
        :, None
    ]


def _logits(
    network: nn.Module, crops: torch.Tensor, batch: int, precision: str
) -> None:
    for begin in range(0, len(crops), batch):
        with torch.inference_mode(), autocast(precision, "cpu"):
            network(crops[begin : begin + batch])


def drawing(crop: Path, rounds: int) -> Stage:
    """Measure the pictures of a page, from the series in the folder ``crop``."""
    planes, scales = pictures(crop)
    levels = window(planes)
    serial, threaded = "ours, one by one", "ours, 4 threads"

    def one(plane: Plane, scale: float) -> object:
        return draw(plane, STRUCTURES[:2], scale, levels)

    def threads() -> list[object]:
        with ThreadPoolExecutor(4) as pool:
            return list(pool.map(one, planes, scales))

    forms: dict[str, Form] = {
        serial: lambda: list(map(one, planes, scales)),
        threaded: threads,
    }
    note = "Not measured beside matplotlib: pip install matplotlib."
    if importlib.util.find_spec("matplotlib"):
        naive: dict[str, Form] = {
            "matplotlib, one by one": lambda: [
                plotted(plane, scale, levels)
                for plane, scale in zip(planes, scales, strict=True)
            ]
        }
        forms = naive | forms
        note = (
            "Naive: a matplotlib figure for each picture, of the same size, image "
            "and outlines, one after another."
        )
    return Stage(
        f"Drawing the {len(planes)} pictures of a page",
        (2, 3),
        "threads",
        (serial, threaded),
        in_turns(forms, rounds),
        note,
    )


def pictures(crop: Path) -> tuple[list[Plane], list[float]]:
    """Return the planes and slices of a page and their pixels per millimetre."""
    (series,) = read_study(sorted(crop.iterdir())).series
    volume = load_volume(series)
    _, truth = phantom(0)
    labels = np.ascontiguousarray(truth[:, ::-1, ::-1]).astype(np.uint8)
    planes = three_planes(volume, labels)
    room = (RIGHT_WIDTH - (len(planes) - 1) * GAP, PLANES_HEIGHT)
    scale = common_scale(planes, room)
    slices = strip(volume, labels, MOST_SLICES)
    small = ((RIGHT_WIDTH - (MOST_SLICES - 1) * GAP) // MOST_SLICES, 150)
    scales = [common_scale([plane], small) for plane in slices]
    return [*planes, *slices], [scale] * len(planes) + scales


def plotted(plane: Plane, scale: float, levels: tuple[float, float]) -> Image.Image:
    """Draw one plane as a figure of matplotlib, in the size of ours."""
    figures: Any = importlib.import_module("matplotlib.figure")
    agg: Any = importlib.import_module("matplotlib.backends.backend_agg")
    width, height = (max(1, int(size * scale)) for size in plane.size_mm)
    figure = figures.Figure(figsize=(width / 100, height / 100), dpi=100)
    canvas = agg.FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.axis("off")
    low, high = levels
    axes.imshow(
        plane.image,
        cmap="gray",
        vmin=low,
        vmax=high,
        interpolation="bicubic",
        aspect="auto",
    )
    for structure in STRUCTURES[:2]:
        mask = plane.labels == structure.labels[0]
        if mask.any():
            colour = tuple(value / 255 for value in structure.colour)
            axes.contour(mask, levels=[0.5], colors=[colour], linewidths=1.4)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])


def stages(large: Path, precision: str, rounds: int = 5) -> list[Stage]:
    """Measure all on one large study, reading also with cold files."""
    first = WHOLE_SERIES[0].description
    return [
        reading(large / "series1", first, rounds, cold=False),
        reading(large, CROP, rounds, cold=False),
        reading(large, CROP, rounds, cold=True),
        inference(precision, rounds),
        drawing(large / "hippocrop", rounds),
    ]


def told(stage: Stage) -> str:
    """Return a stage as lines for a terminal."""
    naive = next(iter(stage.seconds))
    lines = [f"{stage.name:<38}{'ms':>8}{'min to max':>19}{'times':>8}"]
    for form, seconds in stage.seconds.items():
        milliseconds = [1000 * value for value in seconds]
        spread = f"{min(milliseconds):.1f} to {max(milliseconds):.1f}"
        middle = statistics.median(milliseconds)
        gain = stage.ratio(naive, form)
        lines.append(f"  {form:<36}{middle:8.1f}{spread:>19}{gain:8.1f}")
    note = textwrap.indent(textwrap.fill(stage.note, 76), "  ")
    return "\n".join([*lines, *_verdicts(stage), note])


def _verdicts(stage: Stage) -> list[str]:
    low, high = stage.claimed
    tried = ((f"by {stage.means} alone", stage.gain_alone), ("as we do it", stage.gain))
    return [
        f"  claimed {low} to {high} times, {how}: "
        f"{'met' if gain >= low else 'NOT met'} ({gain:.1f})"
        for how, gain in tried
    ]
