"""Studies that exist only as headers, for tests of what a model is given to read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydicom import Dataset

from models.contract import Instance, SeriesInfo
from models.volume.series import StudyHeaders


def series(
    uid: str, *, slices: int = 3, number: int | None = 1, **changes: Any
) -> SeriesInfo:
    """Return an MR series of single-frame images, with changes."""
    made = SeriesInfo(
        study_instance_uid="1",
        series_instance_uid=uid,
        modality="MR",
        instances=tuple(
            Instance(f"{uid}.{index}", "1.2.3", Path(f"{index}.dcm"))
            for index in range(slices)
        ),
        series_number=number,
        rows=8,
        columns=8,
        spacing_mm=(1.0, 1.0, 1.0),
    )
    return replace(made, **changes)


def study(members: Iterable[SeriesInfo]) -> StudyHeaders:
    """Return the headers of a study of these series."""
    members = tuple(members)
    datasets = {}
    for member in members:
        for instance in member.instances:
            dataset = Dataset()
            dataset.SOPInstanceUID = instance.sop_instance_uid
            dataset.Modality = member.modality
            datasets[instance.sop_instance_uid] = dataset
    return StudyHeaders("1", members, datasets, study_instance_uids=("1",))
