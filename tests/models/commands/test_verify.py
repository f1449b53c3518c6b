"""A bundle that reads its golden case as it did is intact, and no other is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

import models
from models.commands import app
from models.volume.bundle import BundleError, amend, load_bundle

POSTERIOR = "Posterior hippocampus"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """Copy what is shipped."""
    shipped, folder = models.bundle_folder("hippocampus"), tmp_path / "bundle"
    shutil.copytree(shipped / "weights", folder / "weights")
    shutil.copy(shipped / "bundle.json", folder)
    return folder


def verified(bundle: Path) -> str:
    """Return what the command prints."""
    line = ["verify", "hippocampus", "--bundle", str(bundle)]
    done = CliRunner().invoke(app, line, catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def with_posterior(bundle: Path, mm3: float) -> Path:
    """Return the bundle with a golden case in which there was so much of it."""
    golden = dict(load_bundle(bundle).golden_case)
    amend(bundle, {"golden_case": golden | {"mm3": golden["mm3"] | {POSTERIOR: mm3}}})
    return bundle


def test_what_is_shipped_is_intact(bundle: Path) -> None:
    """What the figures are, each structure with its own, then a sentence."""
    first, *structures, last = verified(bundle).splitlines()

    assert first == "Difference from the golden case, at most 2%:"
    assert len(structures) == 3
    assert last == f"hippocampus {load_bundle(bundle).version} is intact"


def test_another_volume_than_the_golden_one_is_refused(bundle: Path) -> None:
    """More than 2 % of it; the line says in what."""
    off = f"golden case is not met in {POSTERIOR}; train again"
    with pytest.raises(BundleError, match=off):
        verified(with_posterior(bundle, 900.0))


@pytest.mark.parametrize("mm3", [0.0, float("nan")])
def test_a_network_that_found_nothing_is_not_intact(bundle: Path, mm3: float) -> None:
    """After one epoch there may be no posterior: nothing to hold a volume against."""
    with pytest.raises(BundleError, match="no posterior hippocampus is found in the"):
        verified(with_posterior(bundle, mm3))
