"""The plots of the report: one function each, from an analysis to a figure.

Figures are made without pyplot, so nothing global changes; a notebook shows them with
``%matplotlib inline``. They are narrow, because they are also read on a small screen.
"""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from models.eda.style import ACCENT, FAINT, INK, RULE, STYLE, WIDTH
from models.hippocampus.eda import statistics
from models.hippocampus.eda.analysis import Analysis
from models.hippocampus.eda.cohort import subject_pairs
from models.hippocampus.eda.measurement import Measured

COLOURS = {"anterior": "#c98500", "posterior": "#0072c6", "whole": "#2f8f5b"}
"""Those of the node's page, darker: they stand on white paper here."""

NAMED = 6
"""Outliers that are named in a plot; more would cover each other."""


def volumes(analysis: Analysis) -> Figure:
    """Draw the distribution of each volume: median, and 5 and 95 % dotted."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 4.2), layout="constrained")
        panels = figure.subplots(3, 1, sharex=True)
        bins = _bins([case.volumes_mm3[s] for case in analysis.passed for s in COLOURS])
        for panel, (structure, found) in zip(
            panels, statistics.volumes(analysis.passed).items(), strict=True
        ):
            values = [case.volumes_mm3[structure] for case in analysis.passed]
            panel.hist(values, bins, color=COLOURS[structure], alpha=0.85)
            _percentiles(panel, found)
            panel.set_ylabel("cases")
            panel.set_title(structure, loc="left", fontweight="bold", fontsize=9)
        panels[-1].set_xlabel("volume, mm³")
        return figure


def anterior_against_posterior(analysis: Analysis) -> Figure:
    """Draw the two parts of each case against each other, with lines of equal sum."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 4.2), layout="constrained")
        panel = figure.subplots()
        x = [case.volumes_mm3["posterior"] for case in analysis.passed]
        y = [case.volumes_mm3["anterior"] for case in analysis.passed]
        panel.scatter(x, y, s=16, color=COLOURS["whole"], alpha=0.6, linewidths=0)
        _name_outliers(panel, analysis, "volume_outlier", x, y)
        _equal_sums(panel)
        panel.set(xlabel="posterior, mm³", ylabel="anterior, mm³")
        return figure


def two_sides(analysis: Analysis) -> Figure:
    """Draw the two files of each subject against each other."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 4.2), layout="constrained")
        panel = figure.subplots()
        both = subject_pairs(analysis.passed)
        x, y = ([pair[side].volumes_mm3["whole"] for pair in both] for side in (0, 1))
        panel.scatter(x, y, s=16, color=COLOURS["whole"], alpha=0.6, linewidths=0)
        panel.axline((min(x), min(x)), slope=1, color=FAINT, lw=0.8, ls="--")
        panel.set(xlabel="file 2k - 1, whole, mm³", ylabel="file 2k, whole, mm³")
        return figure


def intensities(analysis: Analysis) -> Figure:
    """Draw how bright each image is, and how its hippocampus stands out."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 4.8), layout="constrained")
        above, below = figure.subplots(2, 1)
        medians = [
            max(case.intensities.percentiles[2], 1e-3)
            for case in analysis.passed
            if case.intensities
        ]
        low, high = np.log10(min(medians)), np.log10(max(medians))
        bins = np.logspace(np.floor(low), np.ceil(high + 0.01), 49)
        above.hist(medians, bins.tolist(), color=FAINT)
        above.set(xscale="log", ylabel="cases")
        above.set_xlabel("median of the image, arbitrary units")
        _draw_contrast(below, analysis)
        return figure


def shapes(analysis: Analysis) -> Figure:
    """Draw how many voxels the crops have along each axis."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 3.6), layout="constrained")
        panels = figure.subplots(3, 1, sharex=True, sharey=True)
        edges = np.array(
            [case.image_grid.shape for case in analysis.passed if case.image_grid]
        )
        bins = np.arange(edges.min() - 0.5, edges.max() + 1)
        words = ("x, to the right", "y, to the front", "z, upwards")
        for panel, along, name in zip(panels, edges.T, words, strict=True):
            panel.hist(along, bins.tolist(), color=COLOURS["posterior"], alpha=0.75)
            panel.set_ylabel("cases")
            panel.set_title(name, loc="left", fontweight="bold", fontsize=9)
        panels[-1].set_xlabel("voxels of 1 mm")
        return figure


def _bins(values: Sequence[float]) -> list[float]:
    step = 100
    first, last = min(values) // step * step, max(values) // step * step + step
    return [float(edge) for edge in np.arange(first, last + step, step)]


def _percentiles(panel: Axes, found: statistics.Distribution) -> None:
    """Mark median, 5 % and 95 %."""
    low, middle, high = (found.percentiles[index] for index in (1, 3, 5))
    panel.axvline(middle, color=INK, lw=1.2)
    for edge in (low, high):
        panel.axvline(edge, color=INK, lw=0.8, ls=":")
    panel.annotate(
        f"{middle:.0f}",
        (middle, 1),
        xycoords=("data", "axes fraction"),
        xytext=(0, 1),
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize=8,
    )


def _equal_sums(panel: Axes) -> None:
    """Draw dashed lines along which both parts add up to the same."""
    (left, right), (bottom, top) = panel.get_xlim(), panel.get_ylim()
    for total in range(0, int(right + top) + 500, 500):
        panel.plot(
            (total - top, total - bottom), (top, bottom), color=RULE, lw=0.8, zorder=0
        )
        at_right = total - right
        if bottom < at_right < top:
            panel.annotate(
                f"{total}", (right, at_right), color=FAINT, fontsize=7, va="center"
            )
    panel.set(xlim=(left, right), ylim=(bottom, top))


def _draw_contrast(panel: Axes, analysis: Analysis) -> None:
    seen = [case for case in analysis.passed if case.contrast]
    x = [case.contrast.step for case in seen if case.contrast]
    y = [case.contrast.spread for case in seen if case.contrast]
    panel.scatter(x, y, s=16, color=COLOURS["posterior"], alpha=0.5, linewidths=0)
    _name_outliers(panel, analysis, "intensity_outlier", x, y)
    panel.set_xlabel("hippocampus less its surroundings, SD of the image")
    panel.set_ylabel("spread inside, SD")


def _name_outliers(
    panel: Axes, analysis: Analysis, kind: str, x: Sequence[float], y: Sequence[float]
) -> None:
    """Ring and name the most striking cases of a kind; points are in case order."""
    names = [case.name for case in analysis.passed]
    striking = dict.fromkeys(remark.case for remark in analysis.of_kind(kind))
    for name in list(striking)[:NAMED]:
        place = names.index(name)
        panel.scatter(x[place], y[place], s=46, facecolors="none", edgecolors=ACCENT)
        panel.annotate(
            short(name),
            (x[place], y[place]),
            xytext=(6, 3),
            textcoords="offset points",
            color=ACCENT,
            fontsize=8,
        )


def short(name: str) -> str:
    """Return the number of a case, as a plot has room for it."""
    return name.rsplit("_", 1)[-1]


def has_pairs(cases: Sequence[Measured]) -> bool:
    """Whether `two_sides` has anything to draw."""
    return len(subject_pairs(cases)) > 0
