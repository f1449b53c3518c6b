"""From settings to weights."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from models.chest_ct.learning.lung_shape.network import CHANNELS
from models.chest_ct.learning.lung_shape.train import run
from models.volume.lungs.network import logits
from tests.models.chest_ct.learning.lung_shape.made import tiny_settings


def test_a_training_writes_weights_that_run_and_their_record(tmp_path: Path) -> None:
    """Two studies, one epoch: the file is what the network without torch reads."""
    path = run(tmp_path, tiny_settings())

    weights = {name: part.astype(np.float32) for name, part in load_file(path).items()}
    answer = logits(np.zeros((CHANNELS, 8, 8, 8), np.float32), weights)
    record = json.loads(path.with_suffix(".json").read_text())
    assert np.isfinite(answer).all()
    assert record["studies"] == ["SIM00000-1", "SIM00000-2"]
    assert [epoch["epoch"] for epoch in record["epochs"]] == [1]
