"""Networks and cases that a bundle is made of, untrained: seconds in all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from models.chest_ct.build import build_network
from models.chest_ct.cases.cache import Kept, write_prepared
from models.chest_ct.cases.gather import Gathered
from models.chest_ct.cases.scores import CaseScore
from models.chest_ct.cases.split import parts_of, taken
from models.chest_ct.learning.publish import Trained, publish
from models.chest_ct.settings import ChestSettings
from models.chest_ct.zprofile.profile import LEVELS, QUANTITIES
from models.training.loop import LOG
from tests.models.chest_ct.cases.made import made_cases
from tests.models.chest_ct.learning.made import chest, tiny_settings

CASES = 80
"""Of half as many patients: a band of usual profiles needs twenty."""

EPOCH = '{"epoch": 1, "seconds": 1.0, "processor": "none", "precision": "fp32"}\n'


class Assembled(NamedTuple):
    """Prepared cases, the folder of the networks, and the bundle that is of them."""

    there: Gathered
    folds: Path
    bundle: Path


def profile(seed: int, *, sick: bool) -> Mapping[str, object]:
    """Return the profile of a case as it is kept; in a sick one there is haze."""
    generator = np.random.default_rng(seed)
    curves = {q: generator.normal(0, 0.05, LEVELS) for q in QUANTITIES}
    if sick:
        curves["ground_glass"][8:20] += 0.4
    return {
        "curves": {name: curve.tolist() for name, curve in curves.items()},
        "slices": list(range(LEVELS)),
        "height_mm": 240.0,
    }


def gathered(folder: Path) -> Gathered:
    """Return prepared cases, every second one sick, each with its profile."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = []
    for number, case in enumerate(made_cases(CASES)):
        path = folder / f"{number}.safetensors"
        facts = {"profile": profile(number, sick=case.is_positive)}
        write_prepared(path, chest(number, sick=case.is_positive), facts)
        kept.append(Kept(case, path))
    return Gathered("made", kept, (), "0" * 64)


def said(cases: Sequence[Kept], seed: int) -> list[CaseScore]:
    """Return scores that know a little."""
    generator = np.random.default_rng(seed)
    return [
        CaseScore(
            kept.case.name,
            kept.case.patient,
            kept.case.is_positive,
            round(float(generator.uniform(0.1, 0.6) + 0.3 * kept.case.is_positive), 6),
        )
        for kept in cases
    ]


def write_record(
    there: Gathered, settings: ChestSettings, fold: int, folder: Path
) -> Path:
    """Write a network of random weights as a training leaves it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / LOG).write_text(EPOCH, encoding="utf-8")
    torch.manual_seed(fold)
    parts = parts_of([kept.case for kept in there.cases], settings.split, fold)
    training, validation, test = (
        taken(there.cases, part)
        for part in (parts.training, parts.validation, parts.test)
    )
    network = build_network(settings).eval()
    return publish(
        Trained(network, settings, there, fold, "own", folder / LOG),
        said(validation, fold),
        said(test, fold + 10),
        sorted({kept.case.patient for kept in training}),
        folder / f"{settings.network.kind}{fold}",
    )


def write_folds(there: Gathered, folder: Path) -> Path:
    """Write the networks of all folds, and that of the slices; return the folder."""
    cnn, slices = tiny_settings("cnn"), tiny_settings("slices")
    for fold in range(cnn.split.folds):
        write_record(there, cnn, fold, folder)
    write_record(there, slices, 0, folder)
    return folder
