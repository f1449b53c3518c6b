"""A node in one thread, and a study for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import models
from node.jobs.worker import load_model
from tests.dicom_series import write_series
from tests.flow.readings import OneNode, bright, use_stand_in


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OneNode]:
    """Return a node with a model that sees what is bright."""
    monkeypatch.setattr(models, "MODELS", dict(models.MODELS))
    use_stand_in()
    made = OneNode(tmp_path / "node")
    yield made
    made.ledger.close()
    load_model.cache_clear()


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Return a study of four slices with a bright block."""
    return write_series(tmp_path / "crop", bright(), description="crop")
