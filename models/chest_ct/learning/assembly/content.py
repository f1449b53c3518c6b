"""What ``bundle.json`` says beside the figures of one training."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from models.chest_ct.cases.records import Record, networks
from models.chest_ct.cases.simulated import Simulated
from models.chest_ct.learning.assembly.profiles import ZProfile
from models.chest_ct.learning.assembly.settings import BundleSettings
from models.chest_ct.simulator.settings import SHIPPED, SimulatorSettings, shipped
from models.training.settings import settings_digest

OF_SIMULATED = (
    "Demonstration and research: which chest CTs should be looked at first. It has "
    "learned from simulated chests alone, and no figure of it is of patients."
)
OF_OWN = (
    "Research: which chest CTs should be looked at first. It has learned from the "
    "studies of one site."
)
NOT_FOR = (
    "Diagnosis, exclusion of disease, any decision about a patient, the order of a "
    "worklist that patients depend on; children; images that show no whole chest. An "
    "answer below the threshold does not say that a chest is normal."
)

LICENCE = "Apache-2.0; weights trained on images that this project's simulator draws"
OWN_LICENCE = "not stated; the training data decide what may be done with the weights"
REAL_NODULES = (
    "; some of the nodules have the shape of nodules of LIDC-IDRI (Armato et al. 2011, "
    "doi 10.1118/1.3528204; The Cancer Imaging Archive, CC BY 3.0)"
)

ACCEPTANCE: Mapping[str, Any] = {
    "modality": "CT",
    "min_slices": 20,
    "min_matrix": 64,
    "max_spacing_mm": 10.0,
    "planes": ["axial"],
    "image_types_refused": ["LOCALIZER", "MIP", "MINIP", "PROJECTION IMAGE"],
    "prefer": ["original", "coverage", "thin", "kernel"],
    "thin_enough_mm": 1.0,
    "kernels": [
        r"^(B[3-4]\d|BR[3-4]\d|I[3-4]\d|STANDARD|SOFT|CHST|B$|C$|FC0|FC1)",
        r"^(B[5-8]\d|BR[5-8]\d|BL[5-8]\d|I[5-8]\d|LUNG|BONE|EDGE|SHARP|YA|YC|L$|FC[5-8])",
    ],
}
"""Which series is read: `models.volume.rule`. Spacing is bounded along every axis;
the pixels decide whether it is a chest (`models.chest_ct.admission`)."""

COLUMNS: Mapping[str, Mapping[str, str]] = {
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
    "right_lung_ml": {"structure": "Right lung", "unit": "mL"},
    "left_lung_ml": {"structure": "Left lung", "unit": "mL"},
}

FAST: Mapping[str, str] = {
    "en": "asks the Z-profile and the 3D networks alone: no slice network, no heat map",
    "ru": "использует только Z-профиль и 3D-сети: без сети по срезам и тепловой карты",
}


def texts(drawn_by: Simulated | None) -> dict[str, Any]:
    """Return what a bundle says of its purpose.

    Parameters
    ----------
    drawn_by
        A study of the training data, where those are simulated.
    """
    is_simulated = drawn_by is not None
    lent = REAL_NODULES if drawn_by is not None and drawn_by.nodules else ""
    return {
        "name": "chest_ct",
        "title": "Chest CT triage",
        "status": "demonstration",
        "intended_use": OF_SIMULATED if is_simulated else OF_OWN,
        "not_for": NOT_FOR,
        "licence": LICENCE + lent if is_simulated else OWN_LICENCE,
        "acceptance": dict(ACCEPTANCE),
        "columns": {name: dict(column) for name, column in COLUMNS.items()},
        "fast": dict(FAST),
    }


def training(
    cnns: Sequence[Record],
    slices: Record,
    profile: ZProfile,
    settings: BundleSettings,
    drawn_by: Simulated | None,
) -> dict[str, Any]:
    """Return the ``training`` object of a bundle.

    Parameters
    ----------
    drawn_by
        As for `texts`.
    """
    first = cnns[0]
    data = first.content["data"]
    return {
        "data": dict(data),
        **({"simulator": _simulator(drawn_by.settings)} if drawn_by else {}),
        "networks": dict(networks([*cnns, slices])),
        "cnn": {
            "networks": len(cnns),
            "widths": list(first.settings.network.widths),
        },
        "slices": {"width": slices.settings.network.widths[0]},
        "z_profile": {
            "bias": profile.scoring.bias,
            "weights": dict(profile.scoring.weights),
            "usual_profiles": profile.reference.count,
        },
        "settings": {
            "cnn": first.settings.model_dump(mode="json"),
            "slices": slices.settings.model_dump(mode="json"),
            "bundle": settings.model_dump(mode="json"),
        },
    }


def _simulator(settings: SimulatorSettings) -> dict[str, Any]:
    """Return which settings drew the studies, and which commit they are of."""
    is_shipped = settings == shipped()
    return {
        "settings_sha256": settings_digest(settings),
        "settings_commit": _commit(SHIPPED) if is_shipped else "",
        "train_patients": settings.train_patients,
        "test_patients": settings.test_patients,
    }


def _commit(path: Path) -> str:
    """Return the commit that last changed a file; "" where there is no repository."""
    command = ["git", "log", "-1", "--format=%H", "--", path.name]
    try:
        done = subprocess.run(  # noqa: S603 - fixed words, and a file of ours
            command, cwd=path.parent, capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
