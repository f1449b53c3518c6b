"""Three pictures of a classifier: its ROC curve, its answers, its probabilities."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from models.training.classification.rates import confusion, rates
from models.training.classification.reliability import expected_error, reliability
from models.training.classification.roc import GRID, auc_interval, band, roc
from models.training.classification.scored import Scored
from models.training.classification.threshold import Threshold

BLUE, ORANGE, INK, GREY = "#0072b2", "#d55e00", "#1d2733", "#64748b"
"""The first two are told apart by colour-blind eyes (Okabe & Ito 2008)."""

STYLE: dict[Any, Any] = {
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.titlesize": 10,
    "axes.edgecolor": GREY,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "legend.frameon": False,
}

SIDE_INCHES, DOTS_PER_INCH = 5.0, 150


def write_plots(
    scored: Scored, threshold: Threshold, folder: Path, seed: int = 0, words: str = ""
) -> tuple[Path, ...]:
    """Write ``roc.png``, ``confusion.png``, ``reliability.png``; return their paths.

    Where all cases are of one class there is no ROC curve, and no file of it.

    Parameters
    ----------
    words
        Above each picture: of what it is.

    Raises
    ------
    ValueError
        The threshold is of another class.
    """
    draw: dict[str, Callable[[Axes], None]] = {
        "roc": lambda axes: draw_roc(axes, scored, threshold, seed),
        "confusion": lambda axes: draw_confusion(axes, scored, threshold),
        "reliability": lambda axes: draw_reliability(axes, scored),
    }
    if not scored.has_both:
        del draw["roc"]
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, onto in draw.items():
        path = folder / f"{name}.png"
        with mpl.rc_context(STYLE):
            figure = Figure(figsize=(SIDE_INCHES, SIDE_INCHES), layout="constrained")
            figure.suptitle(words, fontsize=mpl.rcParams["axes.titlesize"])
            onto(figure.add_subplot())
            figure.savefig(path, dpi=DOTS_PER_INCH)
        written.append(path)
    return tuple(written)


def draw_roc(axes: Axes, scored: Scored, threshold: Threshold, seed: int = 0) -> None:
    """Draw the curve in its band, the chance, and where the threshold is on it."""
    curve, around = roc(scored), band(scored, seed)
    here = rates(scored, threshold)
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=1, label="chance")
    axes.fill_between(
        GRID,
        around.low,
        around.high,
        color=BLUE,
        alpha=0.2,
        linewidth=0,
        label="95 % band",
    )
    axes.plot(
        curve.false_positive_rate,
        curve.sensitivity,
        color=BLUE,
        label=f"area {auc_interval(scored, seed)}",
    )
    axes.plot(
        1 - here.specificity.value,
        here.sensitivity.value,
        "o",
        color=ORANGE,
        label=f"threshold {threshold.value:.3f}",
        clip_on=False,
    )
    axes.set_xlabel("1 - specificity")
    axes.set_ylabel(f"sensitivity for {scored.positive}")
    axes.set_title(_of(scored))
    _unit_square(axes)
    axes.legend(loc="lower right")


def draw_confusion(axes: Axes, scored: Scored, threshold: Threshold) -> None:
    """Draw the cases by truth and answer, each with its share of the row."""
    found = confusion(scored, threshold)
    table = np.array(
        [
            [found.true_positive, found.false_negative],
            [found.false_positive, found.true_negative],
        ]
    )
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(table):
        share = float(shares[row, column])
        axes.text(
            column,
            row,
            f"{count}\n{share:.0%}",
            ha="center",
            va="center",
            color="white" if share > 0.5 else "black",
            fontsize=14,
        )
    names = [scored.positive, f"not {scored.positive}"]
    axes.set_xticks([0, 1], [f"called {names[0]}", "called not"])
    axes.set_yticks([0, 1], names, rotation=90, va="center")
    axes.set_title(f"{_of(scored)}, threshold {threshold.value:.3f}")


def draw_reliability(axes: Axes, scored: Scored) -> None:
    """Draw how often cases are of the class against how likely that was said to be."""
    bins = [each for each in reliability(scored) if each.cases]
    said = np.array([each.mean for each in bins])
    share = np.array([each.positive.value for each in bins])
    low = share - np.array([each.positive.low for each in bins])
    high = np.array([each.positive.high for each in bins]) - share
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=1, label="perfect")
    axes.errorbar(
        said,
        share,
        yerr=np.stack([low, high]),
        fmt="o",
        color=BLUE,
        capsize=3,
        label=f"expected error {expected_error(scored):.3f}",
    )
    for each in bins:
        axes.annotate(
            str(each.cases),
            (each.mean, each.positive.value),
            color=GREY,
            xytext=(6, 4),
            textcoords="offset points",
            fontsize=8,
        )
    axes.set_xlabel(f"probability of {scored.positive}, as it was said")
    axes.set_ylabel(f"share of {scored.positive}, with cases and 95 % interval")
    axes.set_title(_of(scored))
    _unit_square(axes)
    axes.legend(loc="upper left")


def _of(scored: Scored) -> str:
    positives = int(scored.truth.sum())
    others = len(scored.truth) - positives
    return f"{positives} cases of {scored.positive}, {others} others"


def _unit_square(axes: Axes) -> None:
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_aspect("equal")
