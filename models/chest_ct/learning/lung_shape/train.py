"""Train the network that completes lungs: ``python -m`` this module, a folder.

What is trained is written as `models.volume.lungs.network` reads it, with a record of
settings, data and what the training cost.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save

from models.chest_ct.learning.lung_shape.cases import prepare
from models.chest_ct.learning.lung_shape.dataset import ShapeCases, ShapeLoss
from models.chest_ct.learning.lung_shape.network import LungShape, folded
from models.chest_ct.learning.lung_shape.settings import (
    LungShapeSettings,
    shipped_settings,
)
from models.over_processes import suitable_processes
from models.training.loop import LOG, fit
from models.training.settings import settings_digest
from models.training.strategy import SingleProcess
from models.volume.lungs.network import WEIGHTS

CASES = "cases"


def run(folder: Path, settings: LungShapeSettings, processes: int = 1) -> Path:
    """Train in a folder and return the weights; what was broken off there goes on.

    Parameters
    ----------
    folder
        Receives the cases, about 0.5 MB each, checkpoint, log, weights and record.
    processes
        Of the simulation.
    """
    paths = prepare(settings, folder / CASES, processes)
    torch.manual_seed(settings.loop.seed)
    network = fit(
        LungShape(),
        ShapeCases(paths, settings.change),
        ShapeLoss(),
        settings.loop,
        SingleProcess("cpu"),
        folder,
        {"settings": settings_digest(settings)},
    )
    if not isinstance(network, LungShape):
        raise TypeError("the loop returned another network than it was given")
    return publish(network, settings, paths, folder)


def publish(
    network: LungShape, settings: LungShapeSettings, cases: Sequence[Path], folder: Path
) -> Path:
    """Write weights of sixteen bits and the record of what they are of."""
    content = save(
        {name: part.astype(np.float16) for name, part in folded(network).items()}
    )
    path = folder / WEIGHTS.name
    path.write_bytes(content)
    epochs = [json.loads(line) for line in (folder / LOG).read_text().splitlines()]
    record = {
        "sha256": hashlib.sha256(content).hexdigest(),
        "settings_sha256": settings_digest(settings),
        "settings": settings.model_dump(mode="json"),
        "simulator_sha256": settings_digest(settings.simulator()),
        "studies": [each.stem for each in cases],
        "epochs": epochs,
    }
    text = json.dumps(record, indent=1) + "\n"
    path.with_suffix(".json").write_text(text, encoding="utf-8")
    return path


def main() -> None:
    """Train with the shipped settings."""
    arguments = argparse.ArgumentParser(description=main.__doc__)
    arguments.add_argument("folder", type=Path)
    settings = shipped_settings()
    processes = suitable_processes(2 * settings.cases.patients, fewest=8)
    print(run(arguments.parse_args().folder, settings, processes))


if __name__ == "__main__":
    main()
