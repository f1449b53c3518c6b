"""Pictures of an evaluation: ROC, answers, calibration, and profiles in their band."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from models.chest_ct.cases.case import Case
from models.chest_ct.findings import SHOWN
from models.chest_ct.readers import Readers
from models.chest_ct.validation.evaluation.figures import scored
from models.chest_ct.validation.evaluation.judged import Judged
from models.chest_ct.validation.evaluation.real import PAIR, kernel_of, real_volumes
from models.chest_ct.zprofile.profile import LEVELS, LungProfile, measure
from models.chest_ct.zprofile.reference import Reference
from models.chest_ct.zprofile.sampling import SPACING_MM, lungscape
from models.contract import Volume
from models.training.classification.plots import (
    BLUE,
    DOTS_PER_INCH,
    GREY,
    INK,
    ORANGE,
    STYLE,
    write_plots,
)
from models.training.classification.threshold import Threshold
from models.volume.bundle import Bundle
from models.volume.lungs import find_lungs

LINES = ((INK, "-"), (ORANGE, "-"), (BLUE, "-"), (BLUE, "--"))
"""Colour and stroke: of a study without disease, of one with, of two kernels."""

PROFILES = "profiles.png"


def write_pictures(
    judged: Sequence[Judged],
    cases: Sequence[Case],
    threshold: Threshold,
    bundle: Bundle,
    data: str,
    folder: Path,
) -> None:
    """Write the pictures into a folder; ``data`` says of what they are."""
    there = [case for case in judged if case.reading.scores]
    of_what = f"{bundle.status}: {bundle.title},\n{data}"
    write_plots(scored(there, "full"), threshold, folder, words=of_what)
    shown = dict(_shown(judged, {case.name: case for case in cases}))
    write_profiles(shown, Readers.of(bundle).reference, folder / PROFILES)


def write_profiles(
    shown: Mapping[str, LungProfile], reference: Reference, path: Path
) -> None:
    """Draw profiles in the band of the reference.

    Parameters
    ----------
    shown
        Words → profile; four at most.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(11.0, 5.2), layout="constrained")
        panels = figure.subplots(1, len(SHOWN), sharey=True)
        for axes, quantity in zip(panels, SHOWN, strict=True):
            _draw(axes, quantity, shown, reference)
        panels[0].set_ylabel("apex to base, % of the lungs' height")
        panels[0].invert_yaxis()
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=DOTS_PER_INCH)


def profile_of(volume: Volume) -> LungProfile | None:
    """Return the profile of a volume, as it is measured in service."""
    scape = lungscape(volume, find_lungs(volume).labels)
    return measure(scape.array, scape.labels, SPACING_MM)


def _draw(
    axes: Axes, quantity: str, shown: Mapping[str, LungProfile], reference: Reference
) -> None:
    height = 100 * (np.arange(LEVELS) + 0.5) / LEVELS
    is_share = quantity != "mean_hu"
    scale = 100.0 if is_share else 1.0
    axes.fill_betweenx(
        height,
        scale * reference.low[quantity],
        scale * reference.high[quantity],
        color=GREY,
        alpha=0.25,
        linewidth=0,
        label=f"5th to 95th percentile of {reference.count} without disease",
    )
    for (words, profile), line in zip(shown.items(), LINES, strict=False):
        colour, stroke = line
        curve = scale * profile.curves[quantity]
        axes.plot(curve, height, label=words, color=colour, linestyle=stroke)
    axes.set_title(SHOWN[quantity])
    axes.set_xlabel("% of the lungs" if is_share else "HU")


def _shown(
    judged: Sequence[Judged], cases: Mapping[str, Case]
) -> Iterator[tuple[str, LungProfile]]:
    """Yield a study without disease, one with diffuse disease, and a real pair."""
    for words, wanted in (
        ("without disease", (c for c in judged if not c.is_positive)),
        ("with diffuse disease", (c for c in judged if c.diffuse)),
    ):
        chosen = next((c for c in wanted if c.reading.scores), None)
        if chosen is None:
            continue
        profile = profile_of(cases[chosen.study].source.load().volume)
        if profile is not None:
            yield f"a held-out study {words}", profile
    for series, volume in real_volumes(PAIR):
        profile = profile_of(volume)
        if profile is not None:
            yield f"{PAIR}, kernel {kernel_of(series)}", profile
