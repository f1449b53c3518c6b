"""Simulated studies, drawn once, and a sound folder of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from models.chest_ct.simulator.dicom import write_dicom, write_zip
from models.chest_ct.simulator.kinds import SimulatedStudy
from models.chest_ct.simulator.plan import plan
from models.chest_ct.simulator.settings import AcquisitionSettings, shipped, tiny
from models.chest_ct.simulator.study import simulate


@pytest.fixture(scope="session")
def studies() -> Sequence[SimulatedStudy]:
    """Return both studies of two people, of 5 mm slices on a matrix of 64."""
    settings = tiny(shipped())
    thick = settings.acquisition.model_dump() | {
        "thickness_mm": (5.0,),
        "thickness_weights": (1.0,),
    }
    acquisition = AcquisitionSettings.model_validate(thick)
    settings = settings.model_copy(update={"acquisition": acquisition})
    return [simulate(each, settings) for each in plan(settings)[:4]]


@pytest.fixture(scope="session")
def sound(
    studies: Sequence[SimulatedStudy], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return a folder in which nothing is wrong, half of it in ZIPs."""
    folder = tmp_path_factory.mktemp("sound")
    lines = []
    for number, study in enumerate(studies):
        if number % 2:
            write_zip(study, folder / f"{study.study}.zip")
        else:
            write_dicom(study, folder / study.study)
        lines.append(f"{study.volume.series.study_instance_uid},,{study.is_positive:d}")
    (folder / "SOURCE.txt").write_text("made by a simulator")
    write_labels(folder, *lines)
    return folder


def write_labels(folder: Path, *lines: str) -> None:
    """Write the table beside the images."""
    head = "study_uid,series_uid,pathology,age,sex,patient_id"
    table = "\n".join([head, *(line + ",,," for line in lines)]) + "\n"
    (folder / "labels.csv").write_text(table, encoding="utf-8")
