"""The lungs of every real chest at hand, to be looked at: ``python -m`` this module.

Seven axial slices from the apex to the base and a coronal one, with the outlines of
right and left lung. The pictures show patients: they are for the eye, and not for the
repository.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import typer
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from models.chest_ct.validation.evaluation.real import SERIES, kernel_of, real_volumes
from models.contract import LabelMap, Volume
from models.training.classification.plots import (
    BLUE,
    DOTS_PER_INCH,
    ORANGE,
    STYLE,
)
from models.volume.geometry import reorientation
from models.volume.lungs import LEFT_LUNG, RIGHT_LUNG, find_lungs

AXES = "SPL"
"""Slices to the head, rows to the back, columns to the patient's left."""

WINDOW_HU = (-1150.0, 350.0)
SLICES = 7
COLOURS = {RIGHT_LUNG: BLUE, LEFT_LUNG: ORANGE}


def write_strip(volume: Volume, title: str, path: Path) -> None:
    """Draw the lungs that are found in a volume."""
    change = reorientation(volume.affine, AXES)
    hu = change.apply(np.asarray(volume.array, np.float32))
    lungs = change.apply(find_lungs(volume).labels)
    d_mm, h_mm, w_mm = (volume.spacing_mm[axis] for axis in change.axes)
    (there,) = np.nonzero(lungs.any(axis=(1, 2)))
    if not there.size:
        raise ValueError(f"{title}: no lungs were found")
    places = np.linspace(there[-1], there[0], SLICES + 2)[1:-1].round().astype(int)
    row = int((lungs > 0).sum(axis=(0, 2)).argmax())
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(20.0, 3.2), layout="constrained")
        panels = figure.subplots(1, SLICES + 1)
        for axes, place in zip(panels, places, strict=False):
            _draw(axes, hu[place], lungs[place], h_mm / w_mm)
            axes.set_title(f"slice {place}")
        _draw(panels[-1], hu[::-1, row], lungs[::-1, row], d_mm / w_mm)
        panels[-1].set_title(f"coronal, row {row}")
        figure.suptitle(title)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=DOTS_PER_INCH)


def _draw(
    axes: Axes, plane: npt.NDArray[np.float32], lungs: LabelMap, aspect: float
) -> None:
    low, high = WINDOW_HU
    axes.imshow(plane, "gray", vmin=low, vmax=high, aspect=aspect)
    for side, colour in COLOURS.items():
        if (lungs == side).any():
            axes.contour(lungs == side, [0.5], colors=colour, linewidths=0.8)
    axes.set_axis_off()


def main(
    folder: Annotated[Path, typer.Argument(help="Where the pictures are written.")],
) -> None:
    """Write a picture for each real series of the shared data (PACS_AI_DATA)."""
    for name in SERIES:
        for series, volume in real_volumes(name):
            title = f"{name} {kernel_of(series)}".strip()
            path = folder / f"{title.replace(' ', '_')}.png"
            write_strip(volume, title, path)
            typer.echo(str(path))


if __name__ == "__main__":
    typer.run(main)
