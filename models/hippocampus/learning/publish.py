"""From trained weights to a bundle folder that serves at once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from models.hippocampus.findings import mean_entropy
from models.hippocampus.golden import golden_case
from models.hippocampus.learning.cases import Case
from models.hippocampus.learning.settings import HippocampusSettings
from models.hippocampus.model import WEIGHTS, build
from models.hippocampus.preprocess import Preprocessing, Shape
from models.hippocampus.segment import probabilities
from models.training.checkpoint import save_weights
from models.training.settings import settings_digest
from models.volume.bundle import BUNDLE_FILE, sha256_file

SHIPPED = Path(__file__).parents[1] / BUNDLE_FILE
"""What does not depend on a training is taken from the shipped bundle."""


def publish(
    network: nn.Module,
    folder: Path,
    *,
    training: Mapping[str, Any],
    metrics: Mapping[str, Any],
    version: str,
) -> Path:
    """Write weights and ``bundle.json`` into ``folder`` and return it.

    Raises
    ------
    models.volume.bundle.BundleError
        What was written cannot be served.
    """
    save_weights(network, folder / WEIGHTS)
    content = json.loads(SHIPPED.read_text(encoding="utf-8"))
    content |= {
        "version": version,
        "weights": {WEIGHTS: sha256_file(folder / WEIGHTS)},
        "training": dict(training),
        "metrics": dict(metrics),
        "golden_case": {},
    }
    content["preprocessing"]["window"] = training["settings"]["window"]
    _write(folder, content)
    content["golden_case"] = golden_case(build(folder))
    _write(folder, content)
    return folder


def training_record(
    cases: Sequence[Case],
    data_sha256: str,
    settings: HippocampusSettings,
    entropy: float,
) -> dict[str, Any]:
    """Return the ``training`` object of a bundle: data, recipe, and their limits.

    Parameters
    ----------
    entropy
        Largest mean entropy on held-out cases, from `largest_entropy`.
    """
    parts = np.array([[(c.labels == k).sum() for k in (1, 2)] for c in cases])
    totals = np.percentile(parts.sum(axis=1), [1, 99])
    ratios = np.percentile(parts[:, 0] / np.maximum(parts[:, 1], 1), [1, 99])
    return {
        "data": "Task04_Hippocampus without the broken 010, 118 and 281",
        "data_sha256": data_sha256,
        "cases": len(cases),
        "subjects": len({case.subject for case in cases}),
        "settings_sha256": settings_digest(settings),
        "settings": settings.model_dump(mode="json"),
        "limits": {
            "total_mm3": [round(float(value)) for value in totals],
            "anterior_to_posterior": [round(float(value), 3) for value in ratios],
            "entropy": round(entropy, 4),
        },
    }


def largest_entropy(network: nn.Module, cases: Sequence[Case], window: Shape) -> float:
    """Return the largest mean entropy inside the mask over the cases, in nats."""
    seen = Preprocessing(window=window)
    return max(mean_entropy(probabilities(network, case.image, seen)) for case in cases)


def _write(folder: Path, content: Mapping[str, Any]) -> None:
    text = json.dumps(content, indent=2, ensure_ascii=False)
    (folder / BUNDLE_FILE).write_text(text + "\n", encoding="utf-8")
