"""Pictures of the cases worth a look: three planes with the contours of the labels.

Each plane goes through the place that the remark names, else through the middle of
what is labelled. The patient's right is on the right: the arrays are RAS, and a crop
proves no side anyway.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from models.eda.style import STYLE, WIDTH
from models.hippocampus.eda.analysis import Analysis
from models.hippocampus.eda.anatomy import Array
from models.hippocampus.eda.kinds import KINDS, Remark
from models.hippocampus.eda.measure import read
from models.hippocampus.eda.measurement import PARTS, STRUCTURES, SUFFIX, Voxel
from models.hippocampus.eda.plots import short
from models.hippocampus.findings import STRUCTURES as CODED

MOST_PER_KIND = 4
"""Pictures of one kind of finding, the most striking first."""

COLOURS = {
    structure.labels[0]: tuple(value / 255 for value in structure.colour)
    for structure in CODED
    if len(structure.labels) == 1
}
"""By label code, as the node's page draws them."""

PLANES = (("sagittal", 0), ("coronal", 1), ("axial", 2))
"""Name of a plane, and the axis that it cuts."""


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One picture of the gallery."""

    case: str
    caption: str
    figure: Figure


def gallery(analysis: Analysis) -> list[Exhibit]:
    """Draw a usual case, the extremes, then the most striking of every finding."""
    chosen = [*usual_and_extremes(analysis), *most_striking(analysis)]
    return [exhibit(analysis, remark) for remark in chosen]


def usual_and_extremes(analysis: Analysis) -> list[Remark]:
    """Return the cases of median, least and greatest volume, to compare with.

    The first is one of which nothing else is said.
    """
    ordered = sorted(analysis.passed, key=lambda case: case.volumes_mm3["whole"])
    plain = [case for case in ordered if case.name not in analysis.findings]
    if not plain:
        return []
    shown = (
        (plain[len(plain) // 2], "a usual case"),
        (ordered[0], "the smallest"),
        (ordered[-1], "the largest"),
    )
    return [
        Remark(case.name, "", f"{words}, {case.volumes_mm3['whole']:.0f} mm³")
        for case, words in shown
    ]


def most_striking(analysis: Analysis) -> list[Remark]:
    """Return at most `MOST_PER_KIND` findings of each kind, each case once."""
    chosen: dict[str, Remark] = {}
    for name, kind in KINDS.items():
        if not kind.is_fault:
            fresh = [each for each in analysis.of_kind(name) if each.case not in chosen]
            for remark in fresh[:MOST_PER_KIND]:
                chosen.setdefault(remark.case, remark)
    return list(chosen.values())


def exhibit(analysis: Analysis, remark: Remark) -> Exhibit:
    """Draw one case at the place that a remark is about."""
    image, labels = (
        read(analysis.folder / part / f"{remark.case}{SUFFIX}").voxels for part in PARTS
    )
    place = remark.where or middle(labels)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 1.9), layout="constrained")
        low, high = np.percentile(image, (1, 99.5))
        for panel, (name, axis) in zip(figure.subplots(1, 3), PLANES, strict=True):
            shown, drawn = (_cut(array, axis, place) for array in (image, labels))
            panel.imshow(shown, cmap="gray", vmin=low, vmax=high, origin="lower")
            _outline(panel, drawn)
            _ring(panel, axis, remark.where)
            panel.set_title(f"{name} {place[axis]}", fontsize=8, loc="left")
            panel.set_axis_off()
    title = KINDS[remark.kind].title + ": " if remark.kind else ""
    return Exhibit(
        remark.case, f"{short(remark.case)} · {title}{remark.detail}", figure
    )


def middle(labels: Array) -> Voxel:
    """Return the voxel in the middle of what is labelled."""
    x, y, z = (int(index) for index in np.argwhere(labels != 0).mean(axis=0).round())
    return x, y, z


def _cut(array: Array, axis: int, place: Sequence[int]) -> Array:
    """Return one plane, rows upwards or to the front."""
    plane: Array = np.take(array, place[axis], axis=axis).T
    return plane


def _outline(panel: Axes, drawn: Array) -> None:
    for code in STRUCTURES:
        if (drawn == code).any():
            panel.contour(
                drawn == code,
                levels=[0.5],
                colors=[COLOURS[code]],
                linewidths=1.1,
            )


def _ring(panel: Axes, axis: int, place: Voxel | None) -> None:
    """Ring the voxel that the remark is about."""
    if place is not None:
        x, y = (index for other, index in enumerate(place) if other != axis)
        ring: dict[str, Any] = {"facecolors": "none", "edgecolors": "#ff4d4d"}
        panel.scatter(x, y, s=150, linewidths=1.2, **ring)
