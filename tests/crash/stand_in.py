"""A model of the shipped model's name and bundle that takes milliseconds and faults.

It notes each reading in ``readings/<study>`` of the folder that ``CRASH_FOLDER``
names, with the process that did it, and then does what ``faults/<study>`` says.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np

import models
from models.contract import Context, Findings, UnfitInput, Volume
from models.terms import Code, Measurement, Structure
from models.volume.bundle import load_bundle

BRAIN = Code("12738006", "SCT", "Brain")
ANATOMY = Code("91723000", "SCT", "Anatomical Structure")
BRIGHT = Structure("Bright", (1,), ANATOMY, BRAIN, BRAIN)
VOLUME = Code("118565006", "SCT", "Volume")
MM3 = Code("mm3", "UCUM", "cubic millimeter")

FAULTS = "faults"
READINGS = "readings"
MIB = 1 << 20


class StandIn:
    """Reads what the hippocampus model reads, by brightness."""

    def __init__(self) -> None:
        self.bundle = load_bundle(models.bundle_folder("hippocampus"))

    def predict(self, volume: Volume, context: Context) -> Findings:
        """Mark the brighter half."""
        _note(volume.series.study_instance_uid)
        image = volume.array.astype(np.float32)
        labels = (image > image.mean()).astype(np.uint8)
        value = float(labels.sum()) * volume.voxel_mm3
        return Findings(
            label_map=labels,
            structures=(BRIGHT,),
            measurements=(Measurement("Bright", VOLUME, value, MM3, decimals=0),),
            flags=volume.flags,
        )


def build(bundle: Path | None = None) -> StandIn:
    """Return the model."""
    return StandIn()


def _note(study_instance_uid: str) -> None:
    """Write down that this process reads the study, and do the fault asked for."""
    folder = Path(os.environ["CRASH_FOLDER"])
    readings = folder / READINGS
    readings.mkdir(exist_ok=True)
    with (readings / study_instance_uid).open("a", encoding="utf-8") as stream:
        stream.write(f"{os.getpid()}\n")
    fault = folder / FAULTS / study_instance_uid
    match fault.read_text(encoding="utf-8") if fault.exists() else "":
        case "wait":
            while fault.exists():
                time.sleep(0.05)
        case "eat":
            _eat()
        case "refuse":
            raise UnfitInput("constant_image", "every voxel has the same value")
        case _:
            pass


def _eat() -> None:
    """Take memory, touching every page, until somebody ends it."""
    eaten = [bytearray(b"x") * (16 * MIB)]
    while len(eaten) < 100:
        eaten.append(bytearray(b"x") * (16 * MIB))
        time.sleep(0.02)
