"""One scan in two kernels, a sharp and a soft one, on the grids of the networks."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from models.chest_ct.harmonise import harmonise
from models.chest_ct.learning.train import NETWORKS, settings_of
from models.chest_ct.preprocess import Prepared, View, prepare
from models.chest_ct.sharpness import sharpness
from models.contract import Volume
from models.volume.lungs import find_lungs
from models.volume.series import load_volume, read_study
from tests.models.chest_ct.volumes import whole


@pytest.fixture(scope="module")
def kernels(
    shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Volume]:
    """Return the reconstructions of one scan by kernel."""
    folder = tmp_path_factory.mktemp("scan")
    archive = shared_data / "chest_ct/lung_pet_ct_dx/Lung_Dx-A0002.zip"
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(folder)
    study = read_study([path for path in folder.rglob("*") if path.is_file()])
    return {each.tags["ConvolutionKernel"]: load_volume(each) for each in study.series}


@pytest.mark.data
@pytest.mark.parametrize(("network", "most_hu"), [("cnn", 4.5), ("slices", 4.5)])
def test_two_kernels_of_one_scan_become_nearly_one(
    kernels: dict[str, Volume], network: str, most_hu: float
) -> None:
    """Inside the lungs; as scanned the mean difference is 30 HU, correlation 0.92."""
    view = settings_of(NETWORKS[network], None).view
    sharp, soft = kernels["B70f"], kernels["B40f"]
    found = [
        harmonise(each, whole(each), view.spacing_mm, view.fwhm_mm)
        for each in (sharp, soft)
    ]
    lungs = found[0].lattice.share(find_lungs(soft).labels > 0) > 0.5
    inside = ndimage.binary_erosion(lungs)

    one, other = (each.array[inside].astype(np.float64) for each in found)

    assert np.corrcoef(one, other)[0, 1] > 0.999
    assert np.abs(one - other).mean() < most_hu


@pytest.mark.data
@pytest.mark.parametrize("network", ["cnn", "slices"])
def test_brought_to_one_sharpness_they_are_nearer_still(
    kernels: dict[str, Volume], network: str
) -> None:
    """What a network is shown: by a fifth at least, and as sharp as is wanted."""
    view = settings_of(NETWORKS[network], None).view
    lungs = find_lungs(kernels["B40f"]).labels

    def shown(view: View) -> list[Prepared]:
        return [prepare(kernels[each], lungs, view) for each in ("B70f", "B40f")]

    def apart(view: View) -> float:
        one, other = shown(view)
        return float(np.abs(one.hu.astype(float) - other.hu)[one.lungs].mean())

    assert apart(view) < 0.8 * apart(view.model_copy(update={"sharpness": 0.0}))
    for each in shown(view):
        found = sharpness(each.hu, each.lungs, view.spacing_mm)
        assert found == pytest.approx(view.sharpness, abs=0.02)
