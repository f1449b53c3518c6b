"""One small study for all tests of the report."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.node.report.inputs import Case, build_case


@pytest.fixture(scope="session")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Return a study of 12 slices of 51 x 35, as odd as a real crop."""
    return build_case(tmp_path_factory.mktemp("report") / "study")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder that does not exist yet, for `build_case`."""
    return tmp_path / "study"
