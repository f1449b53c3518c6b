"""From a trained network to the files that a bundle is made of.

``<name>.safetensors`` holds the weights, ``<name>.json`` says what they are, with the
threshold and every score, and ``<name>.jsonl`` how they were trained. The record is
written last: what has a record is whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from models.chest_ct.build import build_network, load_network
from models.chest_ct.cases.gather import Gathered
from models.chest_ct.cases.records import LEARNED_VIEW
from models.chest_ct.cases.scores import CaseScore, scored
from models.chest_ct.kinds import POSITIVE
from models.chest_ct.preprocess import View
from models.chest_ct.settings import ChestSettings
from models.training.checkpoint import save_weights
from models.training.classification.results import history_of, results, write
from models.training.classification.threshold import Threshold, choose
from models.training.settings import settings_digest
from models.volume.bundle import sha256_file


@dataclass(frozen=True, slots=True)
class Trained:
    """A network with what it was made from.

    Attributes
    ----------
    log
        Of its training.
    learned_view
        How it saw chests when it learned, where that is not as in ``settings``.
    """

    network: nn.Module
    settings: ChestSettings
    gathered: Gathered
    fold: int
    version: str
    log: Path
    learned_view: View | None = None


def publish(
    trained: Trained,
    validation: Sequence[CaseScore],
    test: Sequence[CaseScore],
    trained_on: Sequence[str],
    place: Path,
) -> Path:
    """Write weights, log and record, and return the record.

    The threshold is chosen on the validation cases, and the test cases are judged by
    it.

    Parameters
    ----------
    place
        Path of the files without their endings.
    """
    weights, log = place.with_suffix(".safetensors"), place.with_suffix(".jsonl")
    save_weights(trained.network, weights)
    log.write_bytes(trained.log.read_bytes())
    threshold = threshold_of(trained.settings, validation)
    judged = {"validation": validation, "test": test}
    content = {
        **description(trained),
        "weights": {"file": weights.name, "sha256": sha256_file(weights)},
        "positive": POSITIVE,
        "threshold": threshold.plain(),
        "metrics": {
            part: results(scored(scores), threshold)
            for part, scores in judged.items()
            if scores
        },
        "trained_on": list(trained_on),
        "scores": {
            part: [each.plain() for each in scores] for part, scores in judged.items()
        },
    }
    load_network(trained.settings, weights, content["weights"]["sha256"])
    record = place.with_suffix(".json")
    write(content, record)
    return record


def threshold_of(settings: ChestSettings, validation: Sequence[CaseScore]) -> Threshold:
    """Return the threshold that the rule of the settings finds, with its class."""
    rule = settings.threshold
    return choose(scored(validation), rule.rule, rule.sensitivity)


def description(trained: Trained) -> dict[str, Any]:
    """Return what a record says of the training."""
    settings, gathered = trained.settings, trained.gathered
    parameters = sum(p.numel() for p in build_network(settings).parameters())
    epochs = history_of(trained.log)
    return {
        "network": settings.network.kind,
        "version": trained.version,
        "parameters": parameters,
        "fold": trained.fold,
        "data": {
            "name": gathered.name,
            "sha256": gathered.sha256,
            "studies": len(gathered.cases),
            "patients": len({kept.case.patient for kept in gathered.cases}),
            "left_out": [each.reason for each in gathered.left_out],
        },
        "epochs": len(epochs),
        "minutes": round(sum(epoch["seconds"] for epoch in epochs) / 60, 1),
        "processor": ", ".join(sorted({epoch["processor"] for epoch in epochs})),
        "precision": ", ".join(sorted({epoch["precision"] for epoch in epochs})),
        "settings_sha256": settings_digest(settings),
        "settings": settings.model_dump(mode="json"),
        **_learned(trained.learned_view),
    }


def _learned(view: View | None) -> dict[str, Any]:
    return {} if view is None else {LEARNED_VIEW: view.model_dump(mode="json")}
