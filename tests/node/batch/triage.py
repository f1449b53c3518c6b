"""A model that decides, without torch: bright tissue is suspected, the first box told.

The first voxel of a series is its probability in thousandths. ``perform`` registers
the model in a worker's process; ``write_bundle`` makes its bundle, with the columns of
chest CT triage.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import models
from models.contract import Context, Findings, UnfitInput, Volume
from models.evidence import Classification, Location
from models.terms import Code, Flag, Measurement, Structure
from models.volume.bundle import Bundle, load_bundle
from node.batch.order import Order, with_bundle
from node.batch.restore import perform as perform_as_ever
from node.config import Settings
from node.jobs.job import JobRequest, Outcome
from tests.dicom_series import write_series
from tests.node.batch.orders import SETTINGS

NAME = "hippocampus"
"""Of all names the one that the settings know."""

THRESHOLD = 0.5
QUESTION = Code("1", "99TEST", "Pathology of the lungs")
TISSUE = Code("91723000", "SCT", "Anatomical Structure")
LUNG = Code("39607008", "SCT", "Lung")
ML = Code("mL", "UCUM", "milliliter")
VOLUME = Code("118565006", "SCT", "Volume")

COLUMNS: dict[str, dict[str, str]] = {
    "probability_of_pathology": {"shows": "probability"},
    "pathology": {"shows": "decision"},
    "processing_status": {"shows": "common"},
    "time_of_processing": {"shows": "common"},
    "most_dangerous_pathology_type": {"shows": "type"},
    "pathology_localization": {"shows": "box"},
    "method": {"shows": "decided_by"},
    "quality_flags": {"shows": "common"},
    "reason": {"shows": "common"},
    "answer": {"shows": "answer"},
    "threshold": {"shows": "threshold"},
    "localization_mm": {"shows": "box_mm"},
    "localization_images": {"shows": "images"},
    "lungs_ml": {"structure": "Lungs", "unit": "mL"},
}
"""Of chest CT triage, in the order that hospitals know."""

FAST = {"en": "leaves out the heat map", "ru": "не строит тепловую карту"}


def write_bundle(folder: Path, **changes: Any) -> Path:
    """Write the bundle of a demonstration; ``changes`` are of its content."""
    folder.mkdir(parents=True)
    weights = b"no weights"
    (folder / "none.safetensors").write_bytes(weights)
    content = {
        "name": NAME,
        "title": "Chest CT triage",
        "version": "0.1.0",
        "status": "demonstration",
        "intended_use": "Tests.",
        "not_for": "Patients.",
        "licence": "Apache-2.0",
        "acceptance": {"modality": "CT", "min_slices": 2},
        "weights": {"none.safetensors": hashlib.sha256(weights).hexdigest()},
        "columns": COLUMNS,
        "fast": FAST,
    } | changes
    (folder / "bundle.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


def order(folder: Path, **changes: Any) -> Order:
    """Return the order to read ``in`` into ``out`` with the bundle in ``bundle``."""
    if not (folder / "bundle").exists():
        write_bundle(folder / "bundle")
    settings: Settings
    settings, name = with_bundle(SETTINGS, folder / "bundle", None)
    ordered = Order(folder / "in", folder / "out", (name,), settings)
    return replace(ordered, **changes)


def write_study(folder: Path, probability: float, number: int) -> None:
    """Write a CT of so suspicious a patient."""
    array = np.full((4, 16, 16), 40, np.int16)
    array[0, 0, 0] = round(1000 * probability)
    array[1:3, 4:8, 2:10] = 300
    write_series(folder, array, modality="CT", PatientID=f"P{number}")


class Triage:
    """Decides by one voxel."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle

    def predict(self, volume: Volume, context: Context) -> Findings:
        """Decide; 0.999 is no chest at all."""
        probability = float(volume.array[0, 0, 0]) / 1000
        if probability > 0.998:
            raise UnfitInput("constant_image", "no chest")
        bright = volume.array.astype(np.float32) > 200
        labels = np.where(bright, 2, 1).astype(np.uint8)
        last = (2, 7, 9)
        answer = Classification(
            "Lungs",
            QUESTION,
            "pathology",
            probability,
            THRESHOLD,
            "z_profile" if context.fast else "cnn_3d",
            {"cnn_3d": probability},
        )
        return Findings(
            label_map=labels,
            structures=(
                Structure("Lungs", (1, 2), TISSUE, LUNG, LUNG),
                Structure("Lung", (1,), TISSUE, LUNG, LUNG),
                Structure("Consolidation", (2,), TISSUE, LUNG, LUNG),
            ),
            measurements=(Measurement("Lungs", VOLUME, labels.size / 1000, ML, 1),),
            flags=(Flag("thick_slices", "Thick slices."),),
            timings_s={"lungs": 0.2, "cnn_3d": 0.4},
            classifications=(answer,),
            locations=(Location("Consolidation", (1, 4, 2), last, 0.9, "cnn_3d"),),
        )


def build(bundle: Path | None = None) -> Triage:
    """Return the model of a bundle."""
    if bundle is None:
        raise KeyError(NAME)
    return Triage(load_bundle(bundle))


def register() -> None:
    """Put the model in the place of the one that the settings know."""
    models.MODELS[NAME] = f"{__name__}:build"


def perform(request: JobRequest) -> Outcome:
    """Do one attempt, in a process that knows the model."""
    register()
    return perform_as_ever(request)
