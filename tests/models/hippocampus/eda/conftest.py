"""Sound synthetic pairs, written once; a test works on its own copy of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from models.hippocampus.eda.analysis import Analysis, analyse
from models.hippocampus.eda.phantom_pairs import write_pairs

SUBJECTS = 8


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of sound pairs; not to be changed."""
    folder = tmp_path_factory.mktemp("pairs")
    write_pairs(folder, SUBJECTS)
    return folder


@pytest.fixture(scope="session")
def sound(pairs: Path) -> Analysis:
    """Return the analysis of the sound pairs."""
    return analyse(pairs, workers=1)


@pytest.fixture
def data(pairs: Path, tmp_path: Path) -> Path:
    """Return a copy of the sound pairs, to break."""
    return Path(shutil.copytree(pairs, tmp_path / "data"))
