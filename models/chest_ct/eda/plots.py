"""The plots of the report: one function each, from an analysis to a figure.

Positive studies are orange and the others blue, everywhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from models.chest_ct.eda.analysis import Analysis
from models.chest_ct.eda.entries import Usable
from models.chest_ct.eda.telltales import LEAST_AUC, LUNG_DENSITY
from models.eda.style import ACCENT, FAINT, INK, STYLE, WIDTH

COLOURS = {True: "#d97706", False: "#0072c6"}
NAMES = {True: "pathology", False: "none"}

MOST_BARS = 12
"""Of a plot in words; the rest is one bar more."""

FEWEST_BARS = 3
"""That there is room for: a single bar is no wall."""

OTHERS = "others"


def people(analysis: Analysis) -> Figure:
    """Draw ages and sexes by label."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 3.6), layout="constrained")
        ages, sexes = figure.subplots(1, 2, width_ratios=(2, 1))
        cases = analysis.passed
        _by_label(ages, cases, [case.entry.age for case in cases])
        ages.set(xlabel="age, years", ylabel="studies")
        _legend(figure)
        _bars(sexes, cases, [case.entry.sex or "not said" for case in cases])
        sexes.set_xlabel("sex")
        return figure


def geometry(analysis: Analysis) -> Figure:
    """Draw slice spacing, slices, pixel spacing and noise by label."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 4.6), layout="constrained")
        cases = analysis.passed
        spacings = [case.seen.acquired.spacing_mm for case in cases]
        drawn: tuple[tuple[str, list[float | None]], ...] = (
            ("slice spacing, mm", [mm and mm[0] for mm in spacings]),
            ("pixel spacing, mm", [mm and mm[1] for mm in spacings]),
            ("slices", [float(case.seen.acquired.slices) for case in cases]),
            ("noise of soft tissue, HU", [case.pixels.noise_hu for case in cases]),
        )
        panels = figure.subplots(2, 2).ravel()
        for panel, (words, values) in zip(panels, drawn, strict=True):
            _by_label(panel, cases, values)
            panel.set_xlabel(words)
        _legend(figure)
        return figure


def kernels(analysis: Analysis) -> Figure:
    """Draw how often each kernel, and each manufacturer, stands under each label."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 4.2), layout="constrained")
        above, below = figure.subplots(2, 1)
        cases = analysis.passed
        known = [case.seen.acquired for case in cases]
        _bars(above, cases, [each.kernel or "not said" for each in known])
        above.set(xlabel="kernel", ylabel="studies")
        _legend(figure)
        _bars(below, cases, [each.manufacturer or "not said" for each in known])
        below.set(xlabel="manufacturer", ylabel="studies")
        return figure


def patients(analysis: Analysis) -> Figure:
    """Draw how many people have how many studies, and of which label."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 3.0), layout="constrained")
        panel = figure.subplots()
        labels: dict[str, list[bool]] = {}
        for case in analysis.passed:
            person = analysis.patients[case.entry.line]
            labels.setdefault(person, []).append(case.is_positive)
        groups = Counter((sum(each), len(each) - sum(each)) for each in labels.values())
        words = [f"{yes} / {no}" for yes, no in sorted(groups)]
        panel.bar(words, [groups[key] for key in sorted(groups)], color=FAINT)
        panel.set_xlim(-0.6, max(len(words), FEWEST_BARS) - 0.4)
        panel.set(xlabel="studies of a person: pathology / none", ylabel="people")
        panel.yaxis.set_major_locator(MaxNLocator(integer=True))
        return figure


def telltales(analysis: Analysis) -> Figure:
    """Draw how well each property tells the label alone."""
    with mpl.rc_context(STYLE):
        found = analysis.telltales[::-1]
        figure = Figure(figsize=(WIDTH, 0.8 + 0.28 * len(found)), layout="constrained")
        panel = figure.subplots()
        colours = [
            ACCENT if each.is_leak else INK if each.name == LUNG_DENSITY else FAINT
            for each in found
        ]
        names = [each.name for each in found]
        panel.barh(names, [each.auc - 0.5 for each in found], left=0.5, color=colours)
        places = range(len(found))
        panel.scatter([each.chance for each in found], places, 90, "k", marker="|")
        panel.axvline(LEAST_AUC, color=ACCENT, lw=0.8, ls=":")
        panel.set(xlim=(0.5, 1), xlabel="AUC of the property alone")
        return figure


def _legend(figure: Figure) -> None:
    """Say above the panels, where nothing is drawn, which colour is which label."""
    patches = [
        Patch(color=colour, label=NAMES[label]) for label, colour in COLOURS.items()
    ]
    figure.legend(handles=patches, loc="outside upper right", ncols=2)


def _by_label(
    panel: Axes, cases: Sequence[Usable], values: Sequence[float | None]
) -> None:
    """Draw a histogram for each label, over one another."""
    there = [value for value in values if value is not None]
    if not there:
        panel.text(0.5, 0.5, "not said", ha="center", transform=panel.transAxes)
        panel.set(xticks=[], yticks=[])
        return
    bins = np.histogram_bin_edges(there, min(20, max(5, len(there) // 3)))
    for label, colour in COLOURS.items():
        chosen = [
            value
            for case, value in zip(cases, values, strict=True)
            if value is not None and case.is_positive is label
        ]
        panel.hist(chosen, bins.tolist(), color=colour, alpha=0.55)
    panel.yaxis.set_major_locator(MaxNLocator(integer=True))


def _bars(panel: Axes, cases: Sequence[Usable], words: Sequence[str]) -> None:
    """Draw a stack for each value, the most frequent first."""
    common = [word for word, _ in Counter(words).most_common(MOST_BARS)]
    shown = [word if word in common else OTHERS for word in words]
    order = list(dict.fromkeys([*common, *shown]))
    bottom = np.zeros(len(order))
    for label, colour in COLOURS.items():
        counts = Counter(
            word
            for case, word in zip(cases, shown, strict=True)
            if case.is_positive is label
        )
        heights = np.array([counts[word] for word in order])
        panel.bar(order, heights, bottom=bottom, color=colour)
        bottom += heights
    panel.yaxis.set_major_locator(MaxNLocator(integer=True))
    panel.set_xlim(-0.6, max(len(order), FEWEST_BARS) - 0.4)
    if max(map(len, order), default=0) * len(order) > 60:
        panel.tick_params(axis="x", rotation=30)
