"""Trainings that are over in seconds: small chests, tiny networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from models.chest_ct.cases.cache import DRAWN, Kept, write_prepared
from models.chest_ct.cases.gather import Gathered
from models.chest_ct.kinds import Kind
from models.chest_ct.preprocess import SIDE, Prepared, View
from models.chest_ct.settings import ChestSettings
from models.training.settings import TrainingSection
from tests.models.chest_ct.cases.made import made_cases

SHAPE = (16, 32, 32)

VIEW = View(
    spacing_mm=(8, 8, 8),
    fwhm_mm=(10, 10, 10),
    margin_mm=0,
    windows_hu=((-1000, 200),),
    field=SHAPE,
)

WIDTHS = {"cnn": (4, 6, 8, 8), "slices": (4,), "original": (4, 6, 8)}


def chest(seed: int, *, sick: bool, is_drawn: bool = True) -> Prepared:
    """Return two lungs of noise, and in a sick one a lump."""
    generator = np.random.default_rng(seed)
    lungs = np.zeros(SHAPE, np.uint8)
    lungs[2:14, 6:26, 3:15] = 1
    lungs[2:14, 6:26, 17:29] = 2
    hu = np.where(lungs > 0, -850, 30) + generator.normal(0, 40, SHAPE)
    labels = lungs * SIDE
    if sick:
        d, h, w = generator.integers((3, 8, 5), (10, 20, 11))
        lump = (slice(d, d + 4), slice(h, h + 5), slice(w, w + 4))
        hu[lump] = 30
        labels[lump] += Kind.NODULE * is_drawn
    return Prepared(hu.astype(np.int16), labels.astype(np.uint8), np.eye(4))


def tiny_cases(
    folder: Path, count: int, labels: Sequence[bool] | None = None, drawn: bool = True
) -> list[Kept]:
    """Write cases, every second one sick.

    Parameters
    ----------
    labels
        What is said of each; None says the truth.
    """
    folder.mkdir(parents=True, exist_ok=True)
    kept = []
    for number, case in enumerate(made_cases(count)):
        path = folder / f"{number}.safetensors"
        seen = chest(number, sick=case.is_positive, is_drawn=drawn)
        write_prepared(path, seen, {DRAWN: bool(seen.truth.any())})
        said = case.is_positive if labels is None else bool(labels[number])
        kept.append(Kept(replace(case, is_positive=said), path))
    return kept


def tiny_gathered(folder: Path, count: int = 30) -> Gathered:
    """Return cases as a training takes them."""
    return Gathered("made", tiny_cases(folder, count), (), "0" * 64)


def tiny_settings(
    kind: Literal["cnn", "slices", "original"] = "cnn", **changes: Any
) -> ChestSettings:
    """Return settings of a tiny network.

    Parameters
    ----------
    changes
        Of the recipe.
    """
    content: dict[str, Any] = {
        "network": {"kind": kind, "widths": WIDTHS[kind], "head": 8, "dropout": 0.0},
        "view": VIEW,
        "slices": 4,
        "loop": {
            "epochs": 1,
            "batch": 4,
            "precision": "fp32",
            "ema": 0.5,
            "watched": {"figure": "auc"},
            **changes,
        },
        "loss": {"places": 1.0},
    }
    return ChestSettings.model_validate(_plain(content))


def _plain(content: dict[str, Any]) -> dict[str, Any]:
    return {
        key: each.model_dump() if isinstance(each, TrainingSection) else each
        for key, each in content.items()
    }
