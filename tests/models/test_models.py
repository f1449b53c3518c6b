"""Every registered model keeps the contract; folders and list agree."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import models
from models.contract import Context, Findings, Match, Model, Volume
from models.hippocampus.phantom import write_study
from models.volume.acceptance import judge
from models.volume.series import load_volume, read_study

ROOT = Path(models.__file__).parent
STUDIES = {"hippocampus": write_study}
"""Writes a synthetic study that the model reads."""


@pytest.fixture(scope="module", params=sorted(models.MODELS))
def model(request: pytest.FixtureRequest) -> Model:
    """Build each registered model."""
    return models.load(request.param)


@pytest.fixture(scope="module")
def volume(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Volume:
    """Load the series of the synthetic study that the model accepts."""
    folder = tmp_path_factory.mktemp(model.bundle.name)
    study = read_study(STUDIES[model.bundle.name](folder, 21))
    rule = model.bundle.acceptance
    (series,) = [s for s in study.series if isinstance(judge(rule, s), Match)]
    return load_volume(series)


@pytest.fixture(scope="module")
def findings(model: Model, volume: Volume) -> Findings:
    """Read the volume once."""
    return model.predict(volume, Context(precision="fp32"))


def test_the_folder_name_is_the_name_everywhere(model: Model) -> None:
    """List, folder and bundle agree."""
    assert models.bundle_folder(model.bundle.name) == model.bundle.folder


def test_every_column_of_a_table_is_measured(model: Model, findings: Findings) -> None:
    """A name misspelled in the bundle would leave its column empty for ever."""
    measured = {(each.structure, each.unit.value) for each in findings.measurements}
    columns = model.bundle.columns.values()

    assert {(column.structure, column.unit) for column in columns} <= measured
    assert columns


def test_every_model_folder_is_in_the_list() -> None:
    """A folder with a bundle that is not registered would never be served."""
    folders = {path.parent.name for path in ROOT.glob("*/bundle.json")}

    assert folders == set(models.MODELS)


def test_every_model_folder_has_its_card_and_its_weights(model: Model) -> None:
    """The card is there and each weights file is a safetensors of at most 5 MB."""
    folder = model.bundle.folder

    assert (folder / "README.md").is_file()
    for name in model.bundle.weights:
        assert (folder / name).stat().st_size <= 5_000_000


def test_findings_lie_on_the_grid_of_the_volume(
    findings: Findings, volume: Volume
) -> None:
    """Same shape, uint8, and something was found on the phantom."""
    assert findings.label_map.shape == volume.shape
    assert findings.label_map.dtype == np.uint8
    assert findings.label_map.any()


def test_volumes_come_from_the_spacing(findings: Findings, volume: Volume) -> None:
    """mm³ is the number of voxels times the volume of one."""
    assert findings.structures
    for structure in findings.structures:
        voxels = int(np.isin(findings.label_map, structure.labels).sum())
        (mm3,) = [
            m.value
            for m in findings.measurements
            if m.structure == structure.name and m.unit.value == "mm3"
        ]
        assert mm3 == pytest.approx(voxels * volume.voxel_mm3)


def test_reading_twice_gives_the_same(
    model: Model, volume: Volume, findings: Findings
) -> None:
    """Deterministic for equal input, bundle and precision."""
    again = model.predict(volume, Context(precision="fp32"))

    assert np.array_equal(again.label_map, findings.label_map)
    assert again.measurements == findings.measurements


def test_codes_are_coded(findings: Findings) -> None:
    """Every concept has value, scheme and meaning."""
    codes = [c for s in findings.structures for c in (s.category, s.type, s.site)]
    codes += [c for m in findings.measurements for c in (m.name, m.unit)]

    assert all(c.value and c.scheme and c.meaning for c in codes)
