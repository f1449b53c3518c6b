"""Thumbnails: a coronal slice of every study, so that an eye has passed over all.

The head is above, the patient's right on the left, in the lung window.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from models.chest_ct.eda.analysis import Analysis
from models.chest_ct.eda.entries import Usable

MOST = 60
"""Thumbnails of a report."""

DOTS = 100.0
"""Pixels of a thumbnail to an inch of the figure."""


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One thumbnail."""

    key: str
    caption: str
    figure: Figure


def gallery(analysis: Analysis) -> list[Exhibit]:
    """Draw the chosen studies, in the order of the table."""
    return [_exhibit(case) for case in chosen(analysis)]


def chosen(analysis: Analysis) -> list[Usable]:
    """Return at most `MOST` lines: those with a finding first, the rest evenly."""
    cases = analysis.passed
    if len(cases) <= MOST:
        return list(cases)
    told = {each.line for each in analysis.findings}
    striking = [case for case in cases if case.entry.line in told][:MOST]
    plain = [case for case in cases if case.entry.line not in told]
    places = np.linspace(0, len(plain) - 1, MOST - len(striking)).round().astype(int)
    both = [*striking, *(plain[place] for place in sorted(set(places.tolist())))]
    return sorted(both, key=lambda case: case.entry.line)


def _exhibit(case: Usable) -> Exhibit:
    plane = case.pixels.thumbnail
    height, width = plane.shape
    figure = Figure(figsize=(width / DOTS, height / DOTS))
    panel = figure.add_axes((0, 0, 1, 1))
    panel.imshow(plane, cmap="gray", vmin=0, vmax=255, aspect="auto")
    panel.set_axis_off()
    label = "pathology" if case.is_positive else "none"
    caption = f"{case.entry.name} · {label}"
    return Exhibit(f"line_{case.entry.line}", caption, figure)
