"""From trained weights to a bundle folder that serves at once."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from models.hippocampus.cases.data import TASK04_SHA256, Case
from models.hippocampus.golden import golden_case
from models.hippocampus.model import WEIGHTS, build
from models.hippocampus.settings import HippocampusSettings
from models.training.checkpoint import save_weights
from models.training.settings import settings_digest
from models.volume.bundle import (
    BUNDLE_FILE,
    Bundle,
    BundleError,
    load_bundle,
    sha256_file,
    write_content,
)

SHIPPED = Path(__file__).parents[1] / BUNDLE_FILE
"""What does not depend on a training is taken from the shipped bundle."""

TASK04 = "Task04_Hippocampus without the broken 010, 118 and 281"

OWN_LICENCE = "not stated; the training data decide what may be done with the weights"
"""Of weights that were trained on other data than those of the shipped ones."""

DRAFT = "bundle.draft"
"""Folder in which a bundle is made before it takes the place of another."""


def publish(
    network: nn.Module,
    folder: Path,
    *,
    training: Mapping[str, Any],
    metrics: Mapping[str, Any],
    version: str,
) -> Path:
    """Write weights and ``bundle.json`` into ``folder`` and return it.

    Whoever reads the folder meanwhile finds what was there, or nothing. Where the
    same weights are there, what was measured of them stays.

    Raises
    ------
    models.volume.bundle.BundleError
        What was written cannot be served.
    """
    draft = folder / DRAFT
    shutil.rmtree(draft, ignore_errors=True)
    save_weights(network, draft / WEIGHTS)
    content = json.loads(SHIPPED.read_text(encoding="utf-8"))
    content |= {
        "version": version,
        "weights": {WEIGHTS: sha256_file(draft / WEIGHTS)},
        "training": dict(training),
        "metrics": dict(metrics),
        "golden_case": {},
    }
    content["preprocessing"]["window"] = training["settings"]["window"]
    if training["data_sha256"] != TASK04_SHA256:
        content["licence"] = OWN_LICENCE
    write_content(draft, content)
    content["golden_case"] = golden_case(build(draft))
    if earlier := _of_weights(folder, content["weights"]):
        content["training"] |= earlier.training
        content["metrics"] = earlier.metrics
    write_content(draft, content)
    _put(draft, folder)
    return folder


def _of_weights(folder: Path, weights: Mapping[str, str]) -> Bundle | None:
    """Return the bundle that is there, if it is one of these weights."""
    try:
        found = load_bundle(folder)
    except BundleError:
        return None
    return found if dict(found.weights) == weights else None


def _put(draft: Path, folder: Path) -> None:
    """Move a bundle, its description last: without one, nothing is served."""
    (folder / WEIGHTS).parent.mkdir(exist_ok=True)
    for name in (WEIGHTS, BUNDLE_FILE):
        (draft / name).replace(folder / name)
    shutil.rmtree(draft)


def training_record(
    name: str, cases: Sequence[Case], data_sha256: str, settings: HippocampusSettings
) -> dict[str, Any]:
    """Return the ``training`` object of a bundle: data, recipe, and their limits.

    Parameters
    ----------
    name
        Of the folder of the data.
    cases
        Those that it was trained on.
    data_sha256
        Of all cases of the folder.
    """
    parts = np.array([[(c.labels == k).sum() for k in (1, 2)] for c in cases])
    totals = np.percentile(parts.sum(axis=1), [1, 99])
    ratios = np.percentile(parts[:, 0] / np.maximum(parts[:, 1], 1), [1, 99])
    return {
        "data": TASK04 if data_sha256 == TASK04_SHA256 else f"own, folder {name}",
        "data_sha256": data_sha256,
        "cases": len(cases),
        "subjects": len({case.subject for case in cases}),
        "settings_sha256": settings_digest(settings),
        "settings": settings.model_dump(mode="json"),
        "limits": {
            "total_mm3": [round(float(value)) for value in totals],
            "anterior_to_posterior": [round(float(value), 3) for value in ratios],
        },
    }
