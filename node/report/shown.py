"""On which image the report draws what: one outline an image, as far as that can be.

A viewer writes the numbers beside an outline. Two outlines that end at one place of one
image, as of both lungs and of the larger of them, have their words one upon the other
(seen in OHIF 3.13.2), and nobody can read either.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from models.evidence import Location
from models.terms import Structure
from node.report.contours import Polygon, largest_outline
from node.report.sop import Report

LEAST_SHARE = 0.8
"""Of the largest area of a structure: on an image with less it is not drawn instead."""


def shown_slices(report: Report, structures: Iterable[Structure]) -> dict[str, int]:
    """Return for each structure the slice that its outline is drawn on, from 0.

    The one that holds most of it and that no place (`shape_of`) and no structure before
    it is drawn on. Where none of these holds `LEAST_SHARE` of its largest area, it is
    drawn on the largest, whatever else is drawn there.
    """
    taken = {shape_of(location)[0] for location in report.findings.locations}
    shown = {}
    for structure in structures:
        voxels = report.counts[:, structure.labels].sum(axis=1)
        fullest_first = np.argsort(-voxels, kind="stable").tolist()
        enough = LEAST_SHARE * voxels.max()
        free = (i for i in fullest_first if voxels[i] >= enough and i not in taken)
        shown[structure.name] = next(free, fullest_first[0])
        taken.add(shown[structure.name])
    return shown


def shape_of(location: Location) -> tuple[int, Polygon, bool]:
    """Return the slice that shows a location best, and its outline there.

    Returns
    -------
    tuple
        Slice; closed polygon ``(N, 2)`` as in `node.report.contours`; whether it is
        the outline of the place. Without one it is the box, in its middle slice.
    """
    d, h, w = (
        slice(first, last + 1)
        for first, last in zip(location.first, location.last, strict=True)
    )
    if location.outline is not None:
        within = int(location.outline.sum(axis=(1, 2)).argmax())
        outline = largest_outline(location.outline[within])
        if outline is not None:
            return d.start + within, outline + np.array([w.start, h.start]), True
    x, y, right, bottom = w.start, h.start, w.stop, h.stop
    box = [(x, y), (right, y), (right, bottom), (x, bottom), (x, y)]
    return (d.start + d.stop - 1) // 2, np.array(box, np.float64), False
