"""A model that needs no torch and no training: what is bright is the structure.

The Series Description asks for a fault: ``crop <fault>``.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from types import MappingProxyType

import numpy as np

from models.contract import Context, Findings, UnfitInput, Volume
from models.terms import Code, Flag, Grade, Measurement, Structure
from models.volume.bundle import Bundle, BundleError
from models.volume.rule import Acceptance

BRAIN = Code("12738006", "SCT", "Brain")
BRIGHT = Structure(
    "Bright", (1,), Code("91723000", "SCT", "Anatomical Structure"), BRAIN, BRAIN
)
MM3 = Code("mm3", "UCUM", "cubic millimeter")
VOLUME = Code("118565006", "SCT", "Volume")


def build(bundle: Path | None = None) -> StandIn:
    """Return the model; any bundle folder is a broken one."""
    if bundle is not None:
        raise BundleError("the SHA-256 of its weights is not the one in bundle.json")
    return StandIn()


class StandIn:
    """Accepts MR series named ``crop``."""

    bundle = Bundle(
        folder=Path(),
        name="stand_in",
        title="Stand-in",
        version="1.0",
        status="research",
        intended_use="Tests.",
        not_for="Anything else.",
        licence="Apache-2.0",
        acceptance=Acceptance("MR", "^crop", min_slices=2, min_matrix=8),
        weights=MappingProxyType({}),
        digest="1" * 64,
        weights_digest="2" * 64,
    )

    def predict(self, volume: Volume, context: Context) -> Findings:
        """Measure what is brighter than 100, or do the fault that is asked for."""
        bright = volume.array.astype(np.float32) > 100
        labels = bright.astype(np.uint8)
        match volume.series.series_description:
            case "crop unfit":
                raise UnfitInput("constant_image", "every voxel has the same value")
            case "crop of another kind":
                raise UnfitInput("not_a_crop", "no crop", not_applicable=True)
            case "crop memory":
                raise MemoryError
            case "crop killer":
                os.kill(os.getpid(), signal.SIGKILL)
            case "crop error":
                raise RuntimeError("Doe^John")
            case "crop value":
                raise ValueError("Doe^John")
            case "crop grid":
                labels = labels[1:]
            case "crop undrawn":
                labels = np.zeros_like(labels)
            case _:
                pass
        is_doubtful = volume.series.series_description == "crop doubtful"
        doubt = Grade.C if is_doubtful else Grade.A
        value = float(bright.sum()) * volume.voxel_mm3
        return Findings(
            label_map=labels,
            structures=(BRIGHT,),
            measurements=(
                Measurement("Bright", VOLUME, value, MM3, decimals=0),
                Measurement(
                    "Bright", VOLUME, value / 1000, Code("mL", "UCUM", "milliliter"), 1
                ),
            ),
            flags=(*volume.flags, Flag("stand_in", "A stand-in.", doubt)),
            timings_s={"network": 0.001},
        )
