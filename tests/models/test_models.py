"""Every registered model keeps the contract; folders and list agree."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import models
from models.chest_ct.simulator.dicom import write_dicom
from models.chest_ct.simulator.plan import plan
from models.chest_ct.simulator.settings import shipped, tiny
from models.chest_ct.simulator.study import simulate
from models.contract import Context, Findings, Match, Model, Volume
from models.hippocampus.phantom import write_study
from models.volume.acceptance import judge
from models.volume.series import load_volume, read_study

ROOT = Path(models.__file__).parent
MOST_BYTES = 25_000_000
"""That the weights of one model may have together."""

MM3 = {"mm3": 1.0, "mL": 1000.0}
"""Cubic millimetres in each unit of volume."""


def write_chest(folder: Path, number: int) -> list[Path]:
    """Write a simulated chest, as coarse as one can be, whose lungs come apart.

    Where they do not, no volume of one side is told.
    """
    settings = tiny(shipped())
    studies = plan(settings)
    chosen = studies[(number + 1) % len(studies)]
    return write_dicom(simulate(chosen, settings), folder)


STUDIES: dict[str, Callable[[Path, int], list[Path]]] = {
    "hippocampus": write_study,
    "chest_ct": write_chest,
}
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
    columns = [c for c in model.bundle.columns.values() if c.structure]

    assert {(column.structure, column.unit) for column in columns} <= measured
    assert columns


def test_every_model_folder_is_in_the_list() -> None:
    """A folder with a bundle that is not registered would never be served."""
    folders = {path.parent.name for path in ROOT.glob("*/bundle.json")}

    assert folders == set(models.MODELS)


def test_every_model_folder_has_its_card_and_its_weights(model: Model) -> None:
    """The card is there, and the weights are no burden on the repository."""
    folder = model.bundle.folder
    sizes = [(folder / name).stat().st_size for name in model.bundle.weights]

    assert (folder / "README.md").is_file()
    assert sizes
    assert sum(sizes) <= MOST_BYTES


def test_findings_lie_on_the_grid_of_the_volume(
    findings: Findings, volume: Volume
) -> None:
    """Same shape, uint8, and something was found on the phantom."""
    assert findings.label_map.shape == volume.shape
    assert findings.label_map.dtype == np.uint8
    assert findings.label_map.any()


def test_volumes_come_from_the_spacing(findings: Findings, volume: Volume) -> None:
    """A volume is the number of voxels times that of one.

    Where something without a volume of its own is drawn over a structure, the
    structure keeps the voxels below it.
    """
    volumes = {
        m.structure: m.value * MM3[m.unit.value]
        for m in findings.measurements
        if m.unit.value in MM3
    }
    measured = [s for s in findings.structures if s.name in volumes]
    own = {label for structure in measured for label in structure.labels}
    drawn_over = int(np.isin(findings.label_map, [0, *own], invert=True).sum())

    assert measured
    for structure in measured:
        voxels = int(np.isin(findings.label_map, structure.labels).sum())
        counted = volumes[structure.name] / volume.voxel_mm3
        assert counted == pytest.approx(round(counted))
        assert voxels <= round(counted) <= voxels + drawn_over


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
