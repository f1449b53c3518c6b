"""A simulated study as files: valid, read back to the voxel, the same every time."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest

from models.chest_ct.kinds import Kind
from models.chest_ct.simulator.dicom import write_dicom, write_zip
from models.chest_ct.simulator.kinds import SimulatedStudy
from models.chest_ct.simulator.scene import Scene
from models.volume.series import load_volume, read_study

DrawScene = Callable[..., tuple[Scene, SimulatedStudy]]


def with_seed(study: SimulatedStudy, seed: int, *, prone: bool) -> SimulatedStudy:
    """Return the study as another scanner would write it."""
    changed = replace(study.acquisition, seed=seed, prone=prone)
    return replace(study, acquisition=changed)


@pytest.mark.parametrize(("seed", "prone"), [(4, False), (5, False), (7, True)])
def test_what_is_written_is_read_back(
    seed: int, prone: bool, draw_scene: DrawScene, tmp_path: Path
) -> None:
    """Voxels, spacing and places survive, whatever the order and orientation."""
    _, drawn = draw_scene(Kind.NODULE)
    study = with_seed(drawn, seed, prone=prone)
    (series,) = read_study(write_dicom(study, tmp_path)).series
    volume = load_volume(series)

    turned = volume.array[:, ::-1, ::-1] if prone else volume.array
    assert volume.units == "HU"
    assert np.array_equal(turned, study.volume.array)
    corner = volume.affine @ [0, volume.shape[1] - 1, volume.shape[2] - 1, 1]
    start = volume.affine[:, 3]
    assert np.allclose((corner if prone else start), study.volume.affine[:, 3], 1e-4)


@pytest.mark.pacs
@pytest.mark.parametrize("seed", [4, 5])
def test_the_files_are_valid_ct_images(
    seed: int, draw_scene: DrawScene, tmp_path: Path
) -> None:
    """No error is found, with and without Body Part Examined."""
    checker = shutil.which("dciodvfy")
    if checker is None:
        pytest.skip("dciodvfy (Debian package dicom3tools) is not here")
    _, drawn = draw_scene()
    path = write_dicom(with_seed(drawn, seed, prone=False), tmp_path)[0]
    verdict = subprocess.run(
        [checker, path], capture_output=True, check=False, text=True
    )

    assert "Error" not in verdict.stderr + verdict.stdout


def test_a_zip_is_the_same_every_time(draw_scene: DrawScene, tmp_path: Path) -> None:
    """Equal studies give equal bytes, and one entry per slice."""
    _, study = draw_scene()
    one, other = (write_zip(study, tmp_path / name) for name in ("a.zip", "b.zip"))

    assert one.read_bytes() == other.read_bytes()
    assert len(zipfile.ZipFile(one).namelist()) == study.volume.shape[0]


def test_some_scanners_leave_out_the_body_part(
    draw_scene: DrawScene, tmp_path: Path
) -> None:
    """Nothing may rely on it."""
    _, study = draw_scene()
    parts = set()
    for seed in (4, 5):
        folder = tmp_path / str(seed)
        path = write_dicom(with_seed(study, seed, prone=False), folder)[0]
        parts.add(pydicom.dcmread(path).get("BodyPartExamined"))

    assert parts == {None, "CHEST"}
