"""A whole bundle of the chest CT model with networks that have learned nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import save_file as save_arrays
from safetensors.torch import save_file

from models.chest_ct.aggregate import CNN, SLICES, Z_PROFILE
from models.chest_ct.kinds import Kind
from models.chest_ct.network import TriageCNN
from models.chest_ct.readers import PROFILE_FILE, SLICES_FILE, cnn_file
from models.chest_ct.slice_network import SliceNetwork
from models.chest_ct.zprofile.profile import LEVELS, QUANTITIES
from models.chest_ct.zprofile.reference import Reference
from models.chest_ct.zprofile.score import SIGNS
from models.volume.bundle import BUNDLE_FILE, sha256_file
from models.volume.lungs.network import SHARED_WEIGHTS

WIDTHS = (4, 8, 8, 8)

CNN_VIEW = {
    "spacing_mm": (6.0, 5.0, 5.0),
    "fwhm_mm": (8.0, 6.0, 6.0),
    "margin_mm": 5.0,
    "windows_hu": ((-1000.0, -500.0), (-700.0, 200.0)),
    "field": (48, 48, 64),
}
SLICES_VIEW = {**CNN_VIEW, "spacing_mm": (12.0, 5.0, 5.0), "field": (8, 48, 64)}

BAND = {
    "area": (0.0, 1.0),
    "mean_hu": (-900.0, -780.0),
    "dense": (0.0, 0.05),
    "ground_glass": (0.0, 0.1),
    "emphysema": (0.0, 0.05),
    "area_asymmetry": (-0.5, 0.5),
    "density_asymmetry": (-50.0, 50.0),
}


def rule(*names: str, threshold: float = 0.5) -> dict[str, Any]:
    """Return the rule of a bundle: all evidence counts alike."""
    return {
        "bias": 0.0,
        "weights": {name: 1 / len(names) for name in names},
        "threshold": {"value": threshold, "positive": "pathology"},
    }


def content(threshold: float = 0.5) -> dict[str, Any]:
    """Return what ``bundle.json`` says, but for the weights."""
    return {
        "name": "chest_ct",
        "title": "Chest CT triage",
        "version": "0.0.0",
        "status": "demonstration",
        "intended_use": "Tests.",
        "not_for": "Patients.",
        "licence": "Apache-2.0",
        "acceptance": {"modality": "CT", "min_slices": 20, "max_spacing_mm": 10.0},
        "preprocessing": {"cnn": CNN_VIEW, "slices": SLICES_VIEW},
        "training": {
            "cnn": {"networks": 2, "widths": WIDTHS},
            "slices": {"width": 4},
            "settings": {"cnn": {"view": CNN_VIEW}, "slices": {"view": SLICES_VIEW}},
            "z_profile": {"bias": -2.0, "weights": dict.fromkeys(SIGNS, 1.0)},
        },
        "decision": {
            "rules": {
                "full": rule(CNN, SLICES, Z_PROFILE, threshold=threshold),
                "fast": rule(CNN, Z_PROFILE, threshold=threshold),
            },
            "places": {kind.name.lower(): 0.5 for kind in Kind},
        },
        "metrics": {"validation": {"of": "nothing: tests"}},
        "shared_weights": dict(SHARED_WEIGHTS),
        "fast": {"en": "leaves out the slice network and saliency"},
    }


def write_bundle(folder: Path, threshold: float = 0.5, **changes: Any) -> Path:
    """Write a bundle; ``changes`` are of its content."""
    (folder / "weights").mkdir(parents=True)
    torch.manual_seed(0)
    for number in range(2):
        network = TriageCNN(len(Kind), channels=3, widths=WIDTHS)
        _save(network, folder / cnn_file(number))
    _save(SliceNetwork(len(Kind), channels=2, width=4), folder / SLICES_FILE)
    save_arrays(reference().tensors(), folder / PROFILE_FILE)
    files = sorted(folder.glob("weights/*.safetensors"))
    hashes = {f"weights/{file.name}": sha256_file(file) for file in files}
    plain = {**content(threshold), "weights": hashes, **changes}
    networks = {name: {"sha256": sha256} for name, sha256 in hashes.items()}
    plain["training"] = {"networks": networks, **plain["training"]}
    (folder / BUNDLE_FILE).write_text(json.dumps(plain), encoding="utf-8")
    return folder


def reference() -> Reference:
    """Return a band that is the same at every level."""
    curves = [
        {q: np.full(LEVELS, value) for q, value in zip(QUANTITIES, part, strict=True)}
        for part in (
            [BAND[q][0] for q in QUANTITIES],
            [sum(BAND[q]) / 2 for q in QUANTITIES],
            [BAND[q][1] for q in QUANTITIES],
        )
    ]
    low, middle, high = curves
    return Reference(low, middle, high, count=20)


def _save(network: torch.nn.Module, path: Path) -> None:
    save_file({name: t.half() for name, t in network.state_dict().items()}, path)
