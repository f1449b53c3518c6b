"""One held-out case under one perturbation, read by the served path and judged."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache, partial
from pathlib import Path

import numpy as np
from scipy import ndimage

from models.contract import Context, LabelMap, SeriesInfo, UnfitInput, Volume
from models.hippocampus.cases.data import Case
from models.hippocampus.cases.folds import Fold
from models.hippocampus.cases.scores import PARTS
from models.hippocampus.model import HippocampusModel
from models.hippocampus.validation.robustness.perturbations import Scene, scene
from models.hippocampus.validation.robustness.suite import SUITE, Entry
from models.over_processes import over_processes
from models.terms import Grade, grade
from models.training.metrics import dice
from models.volume.bundle import Bundle, load_bundle
from models.volume.geometry import Affine

FREE = {"side_not_determinable", "no_head_size"}
"""Flags of every crop, which say nothing about its quality."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of one case under one perturbation.

    Attributes
    ----------
    entry
        Key of the perturbation.
    dice
        Part → Dice on the grid of the truth; empty when the reading was refused.
    mm3
        Volume of the whole; 0 when refused.
    codes
        Flags that not every crop has, or the reason of the refusal.
    signs
        From `models.hippocampus.quality.signs.signs`.
    """

    fold: int
    subject: int
    case: str
    entry: str
    grade: str
    mm3: float
    truth_mm3: float
    dice: dict[str, float] = field(default_factory=dict)
    codes: list[str] = field(default_factory=list)
    signs: dict[str, float] = field(default_factory=dict)

    @property
    def flagged(self) -> bool:
        """Whether a reader is warned: refused, or not of the best grade."""
        return self.grade != Grade.A

    @property
    def refused(self) -> bool:
        """Whether there is no result at all."""
        return not self.dice


def trials(
    pairs: Sequence[tuple[Fold, Case]],
    bundle: Path,
    entries: Sequence[Entry] = SUITE,
    precision: str = "fp32",
    processes: int = 1,
) -> Iterator[list[Trial]]:
    """Yield the trials of each case, in order, computed by processes.

    Parameters
    ----------
    pairs
        From `models.hippocampus.cases.held_out.held_out`.
    bundle
        Whose limits decide about flags.
    """
    work = partial(_trials_of, bundle=bundle, entries=entries, precision=precision)
    yield from over_processes(work, pairs, processes)


def _trials_of(
    pair: tuple[Fold, Case], bundle: Path, entries: Sequence[Entry], precision: str
) -> list[Trial]:
    fold, case = pair
    model = _model(fold, bundle)
    return [trial(model, fold.number, case, e, precision) for e in entries]


@cache
def _model(fold: Fold, bundle: Path) -> HippocampusModel:
    return HippocampusModel(as_fold(load_bundle(bundle), fold), fold.network())


def as_fold(shipped: Bundle, fold: Fold) -> Bundle:
    """Return the bundle with the fold's window, and without a reliability score.

    The score of a bundle was fitted on readings like these, so it may not grade them:
    `models.hippocampus.validation.reliability.fitting.graded` does, fold by fold.
    """
    window = {"window": list(fold.preprocessing.window)}
    training = {k: v for k, v in shipped.training.items() if k != "reliability"}
    return replace(
        shipped, preprocessing={**shipped.preprocessing, **window}, training=training
    )


def trial(
    model: HippocampusModel, fold: int, case: Case, entry: Entry, precision: str
) -> Trial:
    """Read one case under one perturbation and compare with the truth."""
    shown = entry.scene(scene(case.image, case.labels), case.name)
    known = {
        "fold": fold,
        "subject": case.subject,
        "case": case.name,
        "entry": entry.key,
        "truth_mm3": float((shown.truth > 0).sum()),
    }
    series = SeriesInfo("2.25.1", "2.25.2", "MR", ())
    volume = Volume(shown.image, shown.affine, "arbitrary", series)
    try:
        findings, signs = model.read(volume, Context(precision=precision))
    except UnfitInput as refusal:
        return Trial(**known, grade=Grade.C, mm3=0.0, codes=[refusal.reason])  # type: ignore[arg-type]  # mypy sees one type for all values
    labels = onto(findings.label_map, shown)
    return Trial(
        **known,  # type: ignore[arg-type]  # as above
        grade=grade(findings.flags),
        mm3=float((findings.label_map > 0).sum()) * volume.voxel_mm3,
        dice={
            part: dice(np.isin(labels, values), np.isin(shown.truth, values))
            for part, values in PARTS.items()
        },
        codes=sorted({flag.code for flag in findings.flags} - FREE),
        signs=signs,
    )


def onto(labels: LabelMap, shown: Scene) -> LabelMap:
    """Return a label map of the scene's image on the grid of its truth.

    Each voxel takes the nearest one; outside the image there is background.
    """
    to_image: Affine = np.linalg.inv(shown.affine) @ shown.truth_affine
    moved = ndimage.affine_transform(
        labels,
        to_image[:3, :3].round(9),
        to_image[:3, 3].round(9),
        shown.truth.shape,
        order=0,
        mode="constant",
    )
    return np.asarray(moved, dtype=np.uint8)


def as_line(trial: Trial) -> dict[str, object]:
    """Return a trial as JSON would hold it."""
    return asdict(trial)


def read_trials(path: Path) -> list[Trial]:
    """Read what `as_line` made, a trial per line.

    Raises
    ------
    ValueError
        A line is no trial.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return [Trial(**json.loads(line)) for line in lines]
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path.name} holds no trials: {error}") from None
